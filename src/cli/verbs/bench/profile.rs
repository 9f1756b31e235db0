//! The table of what each kernel took.

use serde::Serialize;

use super::Failure;
use crate::cli::show::output;
use crate::engine::Engine;
use crate::engine::profile::{KernelTime, Limits, Tuned, merged};
use crate::train::runner::Runner;

/// One kernel, for one step.
#[derive(Debug, Serialize)]
pub struct Line {
    kernel: String,
    calls: f64,
    /// Added up over threads.
    milliseconds: f64,
    share_percent: f64,
    gflop_per_s: f64,
    gb_per_s: f64,
    /// Of the limit that is nearer.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_percent: Option<f64>,
}

/// The table, and what it is measured against.
#[derive(Debug, Serialize)]
pub struct Profile {
    /// What one thread can do at most, where the engine can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<LimitsLine>,
    kernels: Vec<Line>,
    /// What tuning tried and took when the program was compiled; only of what was not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tuned: Vec<Tuned>,
}

/// Limits of one thread.
#[derive(Debug, Serialize)]
struct LimitsLine {
    gflop_per_s: f64,
    gb_per_s: f64,
}

/// Times every kernel over some steps.
pub fn measure(program: &mut Runner, engine: &dyn Engine, steps: u32) -> Result<Profile, Failure> {
    let limits = engine.limits();
    let mut times = Vec::new();
    for _ in 0..steps {
        times.extend(program.run_timed()?);
    }
    let times = merged(times);
    let total: f64 = times.iter().map(|t| t.seconds).sum();
    let line = |time| line(time, f64::from(steps), total, limits);
    Ok(Profile {
        kernels: times.into_iter().map(line).collect(),
        tuned: program.tuned().to_vec(),
        limits: limits.map(|l| LimitsLine {
            gflop_per_s: rounded(l.flops / 1e9, 10.0),
            gb_per_s: rounded(l.bytes / 1e9, 10.0),
        }),
    })
}

fn line(time: KernelTime, steps: f64, total: f64, limits: Option<Limits>) -> Line {
    let rate = |amount: f64| rounded(amount / time.seconds.max(1e-9) / 1e9, 10.0);
    Line {
        calls: rounded(time.calls as f64 / steps, 10.0),
        milliseconds: rounded(time.seconds / steps * 1e3, 1000.0),
        share_percent: rounded(100.0 * time.seconds / total.max(1e-9), 10.0),
        gflop_per_s: rate(time.flops),
        gb_per_s: rate(time.bytes),
        limit_percent: limits.map(|limits| rounded(100.0 * limits.share(&time), 10.0)),
        kernel: time.name,
    }
}

fn rounded(value: f64, by: f64) -> f64 {
    (value * by).round() / by
}

/// Prints the table.
pub fn print(profile: &Profile) {
    if let Some(limits) = &profile.limits {
        output::say(format_args!(
            "one thread's limits: {:.0} GFLOP/s in contractions, {:.1} GB/s from memory",
            limits.gflop_per_s, limits.gb_per_s
        ));
    }
    if profile.limits.is_some() {
        output::say(
            "times of all threads, rates of one; bytes in cache may pass the memory's limit",
        );
    }
    if profile.kernels.is_empty() {
        return output::say("this device cannot time kernels: it has no timestamps");
    }
    if !profile.tuned.is_empty() {
        let tried: usize = profile.tuned.iter().map(|kernel| kernel.candidates.len()).sum();
        output::say(format_args!(
            "tuning timed {tried} forms of {} contractions; --format json has them all",
            profile.tuned.len()
        ));
    }
    output::say("      ms   share  GFLOP/s    GB/s  of limit   calls  kernel");
    for line in &profile.kernels {
        let limit = line.limit_percent.map_or(String::new(), |percent| format!("{percent:.0}%"));
        output::say(format_args!(
            "{:8.3}  {:5.1}%  {:7.1}  {:6.1}  {limit:>8}  {:6.0}  {}",
            line.milliseconds,
            line.share_percent,
            line.gflop_per_s,
            line.gb_per_s,
            line.calls,
            line.kernel
        ));
    }
}
