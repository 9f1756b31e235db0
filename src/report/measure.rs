//! What a run's weights do: confusion, confident mistakes, sizes in each unit, kernel times.

use std::sync::Arc;

use crate::data::batches::{As, Batch, Loading};
use crate::data::views::View;
use crate::data::{DataError, Dataset, Pictures};
use crate::engine::Engine;
use crate::engine::profile::{KernelTime, merged};
use crate::graph::{Role, Slot};
use crate::lower;
use crate::network::anatomy::{Site, sites};
use crate::network::{Network, Tensor, UnitInstance};
use crate::nn::optimiser::{Sgd, slot_name};
use crate::train::config::Config;
use crate::train::evaluate::MOST_BATCH;
use crate::train::inference::classify;
use crate::train::mistakes::{Mistake, Mistakes};
use crate::train::runner::Runner;
use crate::train::tally::Tally;
use crate::train::tensors::Values;
use crate::train::{TrainError, fit};

/// Test pictures that sizes are taken over, the first ones; `rnetc paths check` with a batch of as
/// many gives the same.
pub const SAMPLE: usize = 128;
/// Steps that are timed.
const TIMED: u32 = 3;

/// All of it.
pub struct Measured {
    /// Test pictures by what they show and what they were taken for.
    pub tally: Tally,
    /// The mistakes that the network was surest of.
    pub mistakes: Vec<Mistake>,
    /// The test pictures.
    pub pictures: Arc<dyn Pictures>,
    /// Sizes in each unit.
    pub units: Vec<UnitSize>,
    /// Kernels of a training step, the longest first; times of one step.
    pub kernels: Vec<KernelTime>,
    /// Pictures of such a step.
    pub batch: usize,
}

/// How large things are in a unit.
pub struct UnitSize {
    /// Its position, from 1.
    pub index: usize,
    /// ‖F‖ / ‖x‖ over a batch of test pictures, running statistics: what F adds to y, beside
    /// what the unit reads.
    pub residual: Option<f64>,
    /// Norm of the loss's gradient with respect to its parameters, over a training batch.
    pub gradient: f64,
}

/// Measures, with at most `most` mistakes; `None` where `interrupted` says so on the way.
pub fn measure(
    network: &Network,
    config: &Config,
    values: &Values,
    dataset: &Dataset,
    engine: &dyn Engine,
    most: usize,
    interrupted: &dyn Fn() -> bool,
) -> Result<Option<Measured>, TrainError> {
    let normalisation = fit::normalisation(network, &config.normalisation)?;
    let loading = |pictures: &Arc<_>, batch| Loading {
        pictures: Arc::clone(pictures),
        normalisation: normalisation.clone(),
        batch,
        classes: network.classes(),
    };
    let test = loading(&dataset.test, MOST_BATCH.min(dataset.test.count().max(1)));
    let mut program = Runner::new(engine, &lower::inference(network, test.batch))?;
    program.load(values)?;
    let views = config.recipe.seen(config.recipe.views);
    let Some((tally, mistakes)) = judged(&mut program, &test, &views, interrupted)? else {
        return Ok(None);
    };
    let batch = config.recipe.batch.min(dataset.train.count()).max(1);
    let sample = SAMPLE.min(dataset.test.count()).max(1);
    let seen = first(loading(&dataset.test, sample))?;
    let residuals = residuals(engine, network, values, &seen.images.numbers())?;
    let train = first(loading(&dataset.train, batch))?;
    let (gradients, kernels) = step(network, values, engine, &train)?;
    let units = network.units.iter().zip(residuals).zip(gradients);
    let units = units.map(|((unit, residual), gradient)| UnitSize {
        index: unit.index,
        residual,
        gradient,
    });
    Ok(Some(Measured {
        tally,
        mistakes: mistakes.surest(most),
        pictures: Arc::clone(&dataset.test),
        units: units.collect(),
        kernels,
        batch,
    }))
}

fn first(loading: Loading) -> Result<Batch, TrainError> {
    let mut batches = loading.evaluation(As::Numbers).map_err(TrainError::NoThread)?;
    batches.next_item().ok_or_else(|| DataError::Ended.into())
}

fn judged(
    program: &mut Runner,
    loading: &Loading,
    views: &[View],
    interrupted: &dyn Fn() -> bool,
) -> Result<Option<(Tally, Mistakes)>, TrainError> {
    let classes = loading.classes;
    let (mut tally, mut mistakes) = (Tally::new(classes), Mistakes::new(classes));
    let whole = classify(program, loading, views, interrupted, |logits, labels| {
        tally.add(logits, labels);
        mistakes.add(logits, labels);
    })?;
    Ok(whole.then_some((tally, mistakes)))
}

/// ‖F‖ / ‖x‖ of each unit over some pictures, where it has a shortcut and an F.
pub fn residuals(
    engine: &dyn Engine,
    network: &Network,
    values: &Values,
    images: &[f32],
) -> Result<Vec<Option<f64>>, TrainError> {
    let batch = images.len() / network.value(network.input).shape.len();
    let sites = sites(network);
    let mut program = Runner::new(engine, &lower::inspection(network, &sites, batch))?;
    program.load(values)?;
    program.write(Role::Images, images)?;
    program.run()?;
    let mut norm =
        |kind| -> Result<f64, TrainError> { Ok(f64::from(program.output(kind)?[0]).sqrt()) };
    let mut ratio = |(at, site): (usize, &Site)| {
        let [x, f] = lower::squares(at);
        site.residual().map(|_| Ok(norm(f)? / norm(x)?)).transpose()
    };
    sites.iter().enumerate().map(&mut ratio).collect()
}

/// The norm of each unit's gradient, and the kernels of a step that changes no parameter. Momenta
/// that start at zero are the gradient after one step.
fn step(
    network: &Network,
    values: &Values,
    engine: &dyn Engine,
    train: &Batch,
) -> Result<(Vec<f64>, Vec<KernelTime>), TrainError> {
    let plain = Sgd { weight_decay: 0.0, ..Sgd::PAPER };
    let mut program = Runner::new(engine, &lower::training(network, train.labels.len(), &plain))?;
    let mut still = values.clone();
    let named = network.tensors().map(|tensor| network.tensor_name(tensor.id));
    named.for_each(|name| drop(still.remove(&slot_name(&name, Slot::Momentum))));
    program.load(&still)?;
    program.write_images(&train.images)?;
    program.write(Role::Targets, &train.targets)?;
    program.write(Role::LearningRate, &[0.0])?;
    program.write(Role::Seed, &[0.0])?;
    program.run()?;
    let gradients = program.values()?;
    let square = |tensor: Tensor| -> f64 {
        let momentum = slot_name(&network.tensor_name(tensor.id), Slot::Momentum);
        let values = gradients.get(&momentum).map_or(&[][..], Vec::as_slice);
        values.iter().map(|&v| f64::from(v).powi(2)).sum()
    };
    let norm = |unit: &UnitInstance| -> f64 {
        let modules = network.modules_of(unit.id()).into_iter();
        modules.flat_map(|module| network.tensors_of(module)).map(square).sum::<f64>().sqrt()
    };
    let norms = network.units.iter().map(norm).collect();
    let mut times = Vec::new();
    for _ in 0..TIMED {
        times.extend(program.run_timed()?);
    }
    let mut times = merged(times);
    for time in &mut times {
        time.seconds /= f64::from(TIMED);
        time.calls /= u64::from(TIMED);
    }
    Ok((norms, times))
}
