//! What preparing a batch costs beside a step.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::Failure;
use crate::cli::show::output;
use crate::data::batches::{self, As};
use crate::data::dataset::Stored;
use crate::data::normalise::Normalisation;
use crate::network::Network;
use crate::train::recipe::Recipe;
use crate::train::{TrainError, fit};

/// The time that a batch of he2016 takes: crop, flip and, where the device does not, standardise.
#[derive(Debug, Serialize)]
pub struct Loading {
    milliseconds: f64,
    /// Of the time of a step, though it runs beside it.
    percent: f64,
}

/// Prepares batches of pictures in memory while nothing else runs, as the engine takes them; a step
/// takes `step` seconds.
pub fn measure(
    network: &Network,
    images: As,
    batch: usize,
    batches: u32,
    step: f64,
) -> Result<Loading, Failure> {
    let extent = fit::extent(network);
    let bytes = (0..batch * extent.bytes()).map(|k| (k * 31 % 251) as u8).collect();
    let stored = Stored::new(extent, bytes, vec![0; batch])?;
    let loading = batches::Loading {
        normalisation: Normalisation::measure(&stored),
        pictures: Arc::new(stored),
        batch,
        classes: network.classes(),
    };
    let recipe = Recipe::he2016()?;
    // One that is not measured, for the thread and its memory.
    let steps = 0..u64::from(batches) + 1;
    let mut prepared = loading
        .training(recipe.augmentation(), 0.0, 0, steps, images)
        .map_err(TrainError::NoThread)?;
    let mut start = Instant::now();
    let mut count = 0;
    while let Some(batch) = prepared.next_item() {
        if count == 0 {
            start = Instant::now();
        }
        count += 1;
        prepared.recycle(batch);
    }
    let each = start.elapsed().as_secs_f64() / f64::from(batches.max(1));
    let rounded = |value: f64| (value * 1e3).round() / 1e3;
    Ok(Loading { milliseconds: rounded(each * 1e3), percent: rounded(100.0 * each / step) })
}

/// A line to read.
pub fn print(loading: &Loading) {
    output::say(format_args!(
        "loading: {:.2} ms a batch beside the steps, {:.2} % of one",
        loading.milliseconds, loading.percent
    ));
}
