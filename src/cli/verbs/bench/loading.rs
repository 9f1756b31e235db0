//! What preparing a batch costs beside a step.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::Failure;
use super::steps::{WARM_UP, marks, seconds};
use crate::cli::show::output;
use crate::data::DataError;
use crate::data::batches::{self, As, Batches};
use crate::data::dataset::Stored;
use crate::data::normalise::Normalisation;
use crate::graph::{OutputKind, Role};
use crate::network::Network;
use crate::train::recipe::Recipe;
use crate::train::runner::Runner;
use crate::train::{TrainError, fit};

/// The time that a batch of he2016 takes: crop, flip and, where the device does not, standardise.
#[derive(Debug, Serialize)]
pub struct Loading {
    milliseconds: f64,
    /// Of the time of a step, though it runs beside it.
    percent: f64,
    /// Pictures a second that steps take in while batches are prepared and handed over.
    fed_images_per_s: f64,
}

/// Prepares batches of pictures in memory as the engine takes them: while nothing else runs, and for
/// steps, one of which takes `step` seconds without.
pub fn measure(
    program: &mut Runner,
    network: &Network,
    steps: u32,
    step: f64,
) -> Result<Loading, Failure> {
    let (extent, batch) = (fit::extent(network), program.batch());
    let bytes = (0..batch * extent.bytes()).map(|k| (k * 31 % 251) as u8).collect();
    let stored = Stored::new(extent, bytes, vec![0; batch])?;
    let loading = batches::Loading {
        normalisation: Normalisation::measure(&stored),
        pictures: Arc::new(stored),
        batch,
        classes: network.classes(),
    };
    let (alone, fed) = (alone(&loading, program.takes(), steps)?, fed(&loading, program, steps)?);
    let rounded = |value: f64, by: f64| (value * by).round() / by;
    Ok(Loading {
        milliseconds: rounded(alone * 1e3, 1e3),
        percent: rounded(100.0 * alone / step, 1e3),
        fed_images_per_s: rounded(batch as f64 / fed, 10.0),
    })
}

fn prepared(loading: &batches::Loading, images: As, count: u64) -> Result<Batches, Failure> {
    let showing = Recipe::he2016()?.showing(loading.pictures.as_ref(), loading.classes);
    let begun = loading.clone().training(showing, 0..count, images);
    Ok(begun.map_err(TrainError::NoThread)?)
}

/// Seconds of a batch while nothing else runs.
fn alone(loading: &batches::Loading, images: As, batches: u32) -> Result<f64, Failure> {
    // One that is not measured, for the threads and their memory.
    let mut prepared = prepared(loading, images, u64::from(batches) + 1)?;
    let mut start = Instant::now();
    let mut count = 0;
    while let Some(batch) = prepared.next_item() {
        if count == 0 {
            start = Instant::now();
        }
        count += 1;
        prepared.recycle(batch);
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(batches.max(1)))
}

/// Seconds of a step that is given a batch of its own.
fn fed(loading: &batches::Loading, program: &mut Runner, steps: u32) -> Result<f64, Failure> {
    let mut prepared = prepared(loading, program.takes(), WARM_UP as u64 + u64::from(steps))?;
    let mut feed = |program: &mut Runner| -> Result<(), Failure> {
        let batch = prepared.next_item().ok_or(DataError::Ended)?;
        program.write_images(&batch.images)?;
        program.write(Role::Targets, &batch.targets)?;
        prepared.recycle(batch);
        Ok(())
    };
    Ok(seconds(&marks(program, OutputKind::Loss, steps, &mut feed)?))
}

/// A line to read.
pub fn print(loading: &Loading) {
    output::say(format_args!(
        "loading: {:.2} ms a batch beside the steps, {:.2} % of one; {:.1} images/s with it",
        loading.milliseconds, loading.percent, loading.fed_images_per_s
    ));
}
