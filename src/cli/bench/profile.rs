//! The table of what each kernel took.

use serde::Serialize;

use super::Failure;
use crate::cli::output;
use crate::engine::profile::{KernelTime, merged};
use crate::train::compiled::Compiled;

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
}

/// Times every kernel over some steps.
pub fn measure(program: &mut Compiled, steps: u32) -> Result<Vec<Line>, Failure> {
    let mut times = Vec::new();
    for _ in 0..steps {
        times.extend(program.run_timed()?);
    }
    let times = merged(times);
    let total: f64 = times.iter().map(|t| t.seconds).sum();
    Ok(times.into_iter().map(|time| line(time, f64::from(steps), total)).collect())
}

fn line(time: KernelTime, steps: f64, total: f64) -> Line {
    let rate = |amount: f64| rounded(amount / time.seconds.max(1e-9) / 1e9, 10.0);
    Line {
        calls: rounded(time.calls as f64 / steps, 10.0),
        milliseconds: rounded(time.seconds / steps * 1e3, 1000.0),
        share_percent: rounded(100.0 * time.seconds / total.max(1e-9), 10.0),
        gflop_per_s: rate(time.flops),
        gb_per_s: rate(time.bytes),
        kernel: time.name,
    }
}

fn rounded(value: f64, by: f64) -> f64 {
    (value * by).round() / by
}

/// Prints the table.
pub fn print(lines: &[Line]) {
    output::say(
        "      ms   share  GFLOP/s    GB/s   calls  kernel (times of all threads, rates of one)",
    );
    for line in lines {
        output::say(format_args!(
            "{:8.3}  {:5.1}%  {:7.1}  {:6.1}  {:6.0}  {}",
            line.milliseconds,
            line.share_percent,
            line.gflop_per_s,
            line.gb_per_s,
            line.calls,
            line.kernel
        ));
    }
}
