//! What stands in a report, for programs.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::chart::quantiles::median;
use crate::cli::show::classes::{self, Class, confusion};
use crate::cli::show::mistakes::{self, Named};
use crate::engine::Precision;
use crate::report::Run;
use crate::report::measure::Measured;
use crate::train::part::Part;

/// All of it.
#[derive(Serialize)]
pub struct Numbers<'a> {
    /// The page.
    path: String,
    runs: Vec<OfRun<'a>>,
}

#[derive(Serialize)]
struct OfRun<'a> {
    run: &'a str,
    spec: &'a str,
    net: &'a str,
    settings: &'a BTreeMap<String, String>,
    params: usize,
    data: &'a str,
    device: &'a str,
    precision: Precision,
    batch: usize,
    /// Steps that were done, of `steps`.
    step: u64,
    steps: u64,
    test_error_percent: Option<f64>,
    lowest_test_error_percent: Option<f64>,
    /// What the best checkpoint is chosen on.
    chosen_on: Part,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_error_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lowest_validation_error_percent: Option<f64>,
    /// The median of its steps.
    images_per_s: Option<f64>,
    /// Null where weights or pictures are not here, or were not asked for.
    measured: Option<OfWeights<'a>>,
}

#[derive(Serialize)]
struct OfWeights<'a> {
    count: u64,
    top5_error_percent: f64,
    classes: Vec<Class<'a>>,
    confusion: Vec<&'a [u64]>,
    mistakes: Vec<Named<'a>>,
    units: Vec<OfUnit>,
    /// Of a training step; times of all threads together.
    kernels: Vec<OfKernel<'a>>,
}

#[derive(Serialize)]
struct OfUnit {
    unit: usize,
    residual_ratio: Option<f64>,
    gradient: f64,
}

#[derive(Serialize)]
struct OfKernel<'a> {
    kernel: &'a str,
    calls: u64,
    milliseconds: f64,
}

impl<'a> Numbers<'a> {
    /// Of the runs on a page.
    pub fn of(page: &Path, runs: &'a [Run]) -> Self {
        Self { path: page.display().to_string(), runs: runs.iter().map(OfRun::of).collect() }
    }
}

impl<'a> OfRun<'a> {
    fn of(run: &'a Run) -> Self {
        let errors = run.errors(Part::Test).map(|[_, error]| error);
        let validation = run.errors(Part::Validation).map(|[_, error]| error);
        let speeds: Vec<f64> = run.history.steps.iter().map(|step| step.images_per_s).collect();
        Self {
            run: &run.name,
            spec: &run.config.spec,
            net: &run.network.name,
            settings: &run.config.settings,
            params: run.network.parameters(),
            data: &run.config.data,
            device: &run.config.device,
            precision: run.config.precision,
            batch: run.config.recipe.batch,
            step: run.history.steps.last().map_or(0, |step| step.step),
            steps: run.config.steps,
            test_error_percent: errors.clone().next_back(),
            lowest_test_error_percent: errors.min_by(f64::total_cmp),
            chosen_on: run.config.chosen_on(),
            validation_error_percent: validation.clone().next_back(),
            lowest_validation_error_percent: validation.min_by(f64::total_cmp),
            images_per_s: median(&speeds),
            measured: run.measured.as_ref().map(|measured| OfWeights::of(run, measured)),
        }
    }
}

impl<'a> OfWeights<'a> {
    fn of(run: &'a Run, measured: &'a Measured) -> Self {
        let (tally, names) = (&measured.tally, run.config.classes.as_slice());
        let pictures = measured.pictures.as_ref();
        Self {
            count: tally.counts.iter().sum(),
            top5_error_percent: tally.top5_error_percent(),
            classes: classes::of(tally, names).collect(),
            confusion: confusion(tally).collect(),
            mistakes: mistakes::named(&measured.mistakes, names, ("test", pictures), usize::MAX),
            units: (measured.units.iter())
                .map(|unit| OfUnit {
                    unit: unit.index,
                    residual_ratio: unit.residual,
                    gradient: unit.gradient,
                })
                .collect(),
            kernels: (measured.kernels.iter())
                .map(|kernel| OfKernel {
                    kernel: &kernel.name,
                    calls: kernel.calls,
                    milliseconds: kernel.seconds * 1e3,
                })
                .collect(),
        }
    }
}
