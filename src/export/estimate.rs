//! `--explain --for CHIP`: about how long a step takes on a GPU that is not there.

use std::fmt::Write;

use super::BuildOptions;
use crate::engine::wgpu::chips::Chip;
use crate::engine::wgpu::estimate::{DISPATCH, Estimate, FULL, LOAD, estimates};
use crate::engine::wgpu::wgsl;
use crate::engine::{EngineError, Precision};
use crate::lower;
use crate::network::Network;

/// The whole estimate as text, in each precision that the chip computes in.
///
/// # Errors
/// As [`wgsl`].
pub fn estimate(
    network: &Network,
    options: &BuildOptions,
    chip: &Chip,
) -> Result<String, EngineError> {
    let mut out = head(chip);
    for precision in [Precision::F32, Precision::F16x3, Precision::F16] {
        let program = lower::program(network, options.batch, options.goal_in(precision));
        let wgsl = wgsl(&program, options.limits, chip.target(precision))?;
        let all = estimates(&program, &wgsl, chip);
        // Writing to a String cannot fail.
        let _ = table(&mut out, chip, precision, options.batch, &all);
    }
    Ok(out)
}

fn head(chip: &Chip) -> String {
    format!(
        "estimate for an {}, without one: nothing here was measured\n  \
         its maker says: {} multiprocessors, {} TFLOP/s in f32, {} by f16 matrices, {} GB/s\n  \
         a dispatch takes {:.1} µs and the longest of: arithmetic, its products at that rate; memory, every\n  \
         byte once at that rate; waiting, {:.2} µs for each load that waits for another. With fewer than {FULL}\n  \
         threads a multiprocessor the rates shrink in proportion (few threads). Indices and barriers are\n  \
         not counted. For measured times: rnetc bench, on one\n",
        chip.title,
        chip.multiprocessors,
        chip.f32_tflops,
        chip.matrix_tflops,
        chip.gbytes,
        DISPATCH * 1e6,
        LOAD * 1e6,
    )
}

/// Those that take longest first.
fn table(
    out: &mut String,
    chip: &Chip,
    precision: Precision,
    batch: usize,
    all: &[Estimate],
) -> std::fmt::Result {
    let seconds: f64 = all.iter().map(|e| e.seconds).sum();
    writeln!(
        out,
        "\n{precision} on an {}, batch {batch}: {} dispatches, about {:.0} µs, {:.0} images/s",
        chip.title,
        all.len(),
        seconds * 1e6,
        batch as f64 / seconds
    )?;
    writeln!(
        out,
        "  {:>8} {:>6}  {:<11} {:>8} {:>8}  {:>10}  {:>15}  kernel",
        "µs", "calls", "limit", "GFLOP", "MiB", "workgroups", "multiprocessor"
    )?;
    for (calls, one) in merged(all) {
        let each = one.groups as f64 / chip.multiprocessors as f64;
        writeln!(
            out,
            "  {:>8.1} {calls:>6}  {:<11} {:>8.3} {:>8.2}  {:>10}  {:>15}  {}",
            one.seconds * 1e6,
            one.limit.name(),
            one.flops / 1e9,
            one.bytes / f64::from(1 << 20),
            one.groups,
            format!("{each:.1} of {}", one.room),
            one.what
        )?;
    }
    Ok(())
}

/// Those of one kind, shape and cut together, with how many they are.
fn merged(all: &[Estimate]) -> Vec<(usize, Estimate)> {
    let mut lines: Vec<(usize, Estimate)> = Vec::new();
    let key = |e: &Estimate| (e.what.clone(), e.groups, e.limit);
    for one in all {
        match lines.iter_mut().find(|(_, same)| key(same) == key(one)) {
            Some((calls, same)) => {
                *calls += 1;
                same.seconds += one.seconds;
                same.flops += one.flops;
                same.bytes += one.bytes;
            }
            None => lines.push((1, one.clone())),
        }
    }
    lines.sort_by(|(_, a), (_, b)| b.seconds.total_cmp(&a.seconds));
    lines
}
