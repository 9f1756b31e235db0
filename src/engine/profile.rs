//! Where the time of a run goes, kernel by kernel.

/// What one kernel took, all its calls together.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// What it does.
    pub name: String,
    /// Calls in the run.
    pub calls: u64,
    /// Seconds, added up over the threads that ran it.
    pub seconds: f64,
    /// Floating-point operations of contractions (a multiply-add is two).
    pub flops: f64,
    /// Bytes of the operands, in cache or not.
    pub bytes: f64,
}

/// A kernel that was timed in several forms, equal ones together.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Tuned {
    /// What it does, on what shape.
    pub name: String,
    /// The forms, in the order in which they seemed promising.
    pub candidates: Vec<Candidate>,
    /// The number of the one that is taken.
    pub chosen: usize,
}

/// One form.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Candidate {
    /// How it is cut, in words.
    pub form: String,
    /// Seconds a call, the least of a few; none where it did not run.
    pub seconds: Option<f64>,
}

/// What a device can do at most, a thread where it has threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Floating-point operations a second of contractions in the engine's precision.
    pub flops: f64,
    /// Bytes a second from memory.
    pub bytes: f64,
}

impl Limits {
    /// How near to its nearer limit a kernel came, from 0 to about 1; above for bytes in cache.
    pub fn share(&self, time: &KernelTime) -> f64 {
        let seconds = time.seconds.max(1e-9);
        (time.flops / seconds / self.flops).max(time.bytes / seconds / self.bytes)
    }
}

/// Puts equal kernels together, the longest first.
pub fn merged(times: Vec<KernelTime>) -> Vec<KernelTime> {
    let mut all: Vec<KernelTime> = Vec::new();
    for time in times {
        match all.iter_mut().find(|t| t.name == time.name) {
            Some(same) => {
                same.calls += time.calls;
                same.seconds += time.seconds;
                same.flops += time.flops;
                same.bytes += time.bytes;
            }
            None => all.push(time),
        }
    }
    all.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    all
}
