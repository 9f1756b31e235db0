//! When steps are done.

use std::time::Instant;

use super::Failure;
use crate::chart::quantiles::median;
use crate::engine::Pending;
use crate::graph::OutputKind;
use crate::train::runner::Runner;

/// Steps before any is measured.
pub const WARM_UP: usize = 3;

/// When each step was done, those of the warm-up included; `feed` gives each what it reads. As in
/// training, a device is given a step while it is busy with the one before.
pub fn marks(
    program: &mut Runner,
    output: OutputKind,
    steps: u32,
    feed: &mut dyn FnMut(&mut Runner) -> Result<(), Failure>,
) -> Result<Vec<Instant>, Failure> {
    let mut marks = Vec::new();
    let mut underway: Option<Pending> = None;
    for _ in 0..WARM_UP + steps as usize {
        feed(program)?;
        let begun = program.begin(&[output])?;
        let awaited = if begun.is_ready() { Some(begun) } else { underway.replace(begun) };
        if let Some(awaited) = awaited {
            awaited.wait()?;
            marks.push(Instant::now());
        }
    }
    if let Some(awaited) = underway {
        awaited.wait()?;
        marks.push(Instant::now());
    }
    Ok(marks)
}

/// Seconds of a step after the warm-up, the median.
pub fn seconds(marks: &[Instant]) -> f64 {
    let pairs = marks[WARM_UP - 1..].windows(2);
    let times: Vec<_> = pairs.map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    median(&times).unwrap_or(0.0).max(1e-9)
}
