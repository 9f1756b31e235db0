//! Which blocking suits each contraction, measured on the device.
//!
//! The whole program is run with each blocking, every dispatch between two timestamps, so that a
//! kernel is timed among those that run before it. What is found is kept by adapter, driver and
//! the SHA-256 of the kernel's text in the default blocking.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::{EngineError, Executable};
use crate::graph::Program;
use crate::text::sha256;

use super::cut::{Blocking, Style, Target};
use super::device::adapter::Gpu;
use super::device::disk;
use super::device::options::Tune;
use super::executable::GpuProgram;
use super::kernel::Body;
use super::lowered::Lowered;

/// Steps timed with each blocking, after one that is not.
const STEPS: usize = 3;
/// From here on a file of what was found begins anew.
const MOST: usize = 10_000;

/// A program in the fastest blockings that are known, after finding out where nothing is.
pub(super) fn tuned(
    gpu: &Arc<Gpu>,
    program: &Program,
    target: Target,
    tune: Tune,
) -> Result<Lowered, EngineError> {
    let untried = Lowered::untuned(program, target)?;
    if tune == Tune::Off || target.style != Style::Staged {
        return Ok(untried);
    }
    let known = || match tune {
        Tune::Cached => Found::read(gpu).0,
        Tune::Off | Tune::Full => BTreeMap::new(),
    };
    let keys = keys(&untried);
    let complete = |found: &BTreeMap<_, _>| keys.iter().flatten().all(|k| found.contains_key(k));
    let mut found = known();
    if !complete(&found) {
        // Processes that time kernels side by side would time each other.
        let _turn = path(gpu).and_then(|path| disk::turn(&path, gpu.patience));
        found = known();
        if !complete(&found) {
            // What is known stays: other blockings give other bits.
            let mut new = timed(gpu, program, target, &keys)?;
            new.retain(|key, _| !found.contains_key(key));
            Found::add(gpu, &new);
            found.extend(new);
        }
    }
    let chosen = |key: Option<&Option<String>>| {
        let known = key.and_then(Option::as_ref).and_then(|key| found.get(key));
        known.copied().unwrap_or(target.blocking)
    };
    if keys.iter().all(|key| chosen(Some(key)) == target.blocking) {
        return Ok(untried);
    }
    Lowered::new(program, target, &|id| chosen(keys.get(id.index())))
}

/// What each contraction is known by; none for other kernels.
fn keys(lowered: &Lowered) -> Vec<Option<String>> {
    let kernels = &lowered.plan.kernels.list;
    let mut keys = vec![None; kernels.len()];
    for code in &lowered.code {
        for id in &code.kernels {
            let body = &kernels[id.index()].body;
            let tuned = matches!(body, Body::Contract(_) | Body::Weights(_));
            keys[id.index()] = tuned.then(|| sha256([code.wgsl.as_bytes()]));
        }
    }
    keys
}

/// A blocking in the file.
type Entry = (usize, usize, bool);

/// The fastest blocking of each contraction that was timed.
#[derive(Debug, Default, PartialEq)]
struct Found(BTreeMap<String, Blocking>);

impl Found {
    fn read(gpu: &Gpu) -> Self {
        let bytes = path(gpu).and_then(|path| disk::read(&path));
        bytes.map(|bytes| Self::parse(&bytes)).unwrap_or_default()
    }

    /// Blockings that this version does not have are left out; what this run has no matrices for
    /// is another's, and stays.
    fn parse(bytes: &[u8]) -> Self {
        let all: BTreeMap<String, Entry> = serde_json::from_slice(bytes).unwrap_or_default();
        if all.len() > MOST {
            return Self::default();
        }
        let known = |(rows, lanes, matrices): Entry| {
            let blocking = Blocking { rows, lanes, matrices };
            blocking.is_known().then_some(blocking)
        };
        Self(all.into_iter().filter_map(|(key, entry)| Some((key, known(entry)?))).collect())
    }

    fn bytes(&self) -> Vec<u8> {
        let entries = self.0.iter().map(|(key, b)| (key, (b.rows, b.lanes, b.matrices)));
        serde_json::to_vec(&entries.collect::<BTreeMap<_, Entry>>()).unwrap_or_default()
    }

    /// Keeps what was found now, beside what other programs and processes have kept so far.
    fn add(gpu: &Gpu, new: &BTreeMap<String, Blocking>) {
        let mut all = Self::read(gpu);
        all.0.extend(new.iter().map(|(key, blocking)| (key.clone(), *blocking)));
        if let Some(path) = path(gpu) {
            // Without the file, the next run finds out again.
            let _ = disk::write(&path, &all.bytes());
        }
    }
}

/// The fastest blocking of each contraction of a program.
fn timed(
    gpu: &Arc<Gpu>,
    program: &Program,
    target: Target,
    keys: &[Option<String>],
) -> Result<BTreeMap<String, Blocking>, EngineError> {
    let mut fastest: BTreeMap<String, (f64, Blocking)> = BTreeMap::new();
    for blocking in Blocking::choices(target.capabilities) {
        let seconds = match seconds(gpu, program, target, blocking) {
            // The program itself may fit: other blockings leave more partial sums.
            Err(EngineError::OutOfMemory { .. }) if blocking != target.blocking => continue,
            seconds => seconds?,
        };
        for (key, seconds) in keys.iter().zip(seconds) {
            let Some(key) = key else { continue };
            if fastest.get(key).is_none_or(|(least, _)| seconds < *least) {
                fastest.insert(key.clone(), (seconds, blocking));
            }
        }
    }
    Ok(fastest.into_iter().map(|(key, (_, blocking))| (key, blocking)).collect())
}

/// Beside the pipelines of the adapter and driver.
fn path(gpu: &Gpu) -> Option<PathBuf> {
    let mut path = gpu.pipelines.clone()?.into_os_string();
    path.push(".tuned");
    Some(path.into())
}

/// The least time of each kernel in a few steps with one blocking. Without timestamps, the time of
/// a step stands for all of them.
fn seconds(
    gpu: &Arc<Gpu>,
    program: &Program,
    target: Target,
    blocking: Blocking,
) -> Result<Vec<f64>, EngineError> {
    let lowered = Lowered::untuned(program, Target { blocking, ..target })?;
    let dispatches: Vec<_> = lowered.code.iter().map(|code| code.kernels.clone()).collect();
    let mut least = vec![f64::INFINITY; lowered.plan.kernels.list.len()];
    let mut program = GpuProgram::new(gpu.clone(), program, lowered)?;
    program.run()?;
    program.wait()?;
    for _ in 0..STEPS {
        let start = Instant::now();
        let times = program.run_timed()?;
        program.wait()?;
        let step = start.elapsed().as_secs_f64();
        for (at, kernels) in dispatches.iter().enumerate() {
            let seconds = times.get(at).map_or(step, |time| time.seconds);
            for id in kernels {
                least[id.index()] = least[id.index()].min(seconds);
            }
        }
    }
    Ok(least)
}

#[cfg(test)]
mod tests {
    use super::super::cut::{Capabilities, Matrices};
    use super::*;

    #[test]
    fn what_was_found_is_read_again_and_strange_entries_are_not() {
        let matrices = Some(Matrices { edge: 16, subgroup: 32 });
        let capabilities = Capabilities { matrices, ..Capabilities::default() };
        let all = Blocking::choices(capabilities);
        let found =
            Found(all.iter().enumerate().map(|(at, b)| (format!("kernel {at}"), *b)).collect());
        assert_eq!(Found::parse(&found.bytes()), found);
        let strange = br#"{"a": [4, 8, false], "b": [1000000, 3, false]}"#;
        let known = Blocking { rows: 4, lanes: 8, matrices: false };
        let kept = Found(BTreeMap::from([("a".into(), known)]));
        assert_eq!(Found::parse(strange), kept);
        assert_eq!(Found::parse(b"[1, 2"), Found::default());
    }
}
