//! Gradients along single paths (Veit et al. 2016, section 5): forward as ever; backward, some
//! units pass the gradient through F only and the others through the shortcut only.
//!
//! Running statistics are used, so that a picture's gradient is its own; every image of a batch
//! has a path of its own. A gradient shrinks with each F that it passes, and through all of a
//! deep net it would leave f32's range: what goes through an F is therefore multiplied by a
//! power of two, which is exact, and the logarithm is corrected by it.

use crate::data::Pictures;
use crate::data::normalise::Normalisation;
use crate::data::random::{Draws, Purpose};
use crate::dissect::probes::{branch, branches};
use crate::engine::Engine;
use crate::graph::{OutputKind, QuantityId, Role};
use crate::lower::probes::Pass;
use crate::lower::{self, Wanted};
use crate::network::Network;
use crate::network::anatomy::Site;
use crate::pixels::Table;
use crate::train::TrainError;
use crate::train::runner::Runner;
use crate::train::tensors::Values;

const GRADIENT: QuantityId = QuantityId(0);

/// A picture's gradient along one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Along<'a> {
    /// The picture's number.
    pub picture: usize,
    /// For each site with a shortcut: whether the path goes through F. None: the whole gradient,
    /// along all paths.
    pub through: Option<&'a [bool]>,
}

/// A compiled forward and backward pass.
pub struct Gradients<'a> {
    program: Runner,
    /// Sites with a shortcut.
    sites: Vec<usize>,
    pictures: &'a dyn Pictures,
    table: Table,
    classes: usize,
    /// log₂ of what is multiplied in at each F.
    boost: i32,
}

/// Sites that a path can pass in two ways.
pub fn forks(sites: &[Site]) -> Vec<usize> {
    (0..sites.len()).filter(|&at| sites[at].residual().is_some()).collect()
}

impl<'a> Gradients<'a> {
    /// Compiles for `batch` paths at once.
    pub fn new(
        engine: &dyn Engine,
        network: &Network,
        sites: &[Site],
        values: &Values,
        pictures: (&'a dyn Pictures, &Normalisation),
        batch: usize,
    ) -> Result<Self, TrainError> {
        let probes = branches(sites, Pass::Backward);
        let gradients = vec![(GRADIENT, network.input)];
        let wanted = Wanted { gradients, ..Wanted::default() };
        let program = lower::forward_and_backward(network, batch, &probes, &wanted);
        let mut program = Runner::new(engine, &program)?;
        program.load(values)?;
        let (pictures, normalisation) = pictures;
        let (sites, classes) = (forks(sites), network.classes());
        Ok(Self { program, sites, pictures, table: normalisation.table(), classes, boost: 0 })
    }

    /// Units that a path can pass in two ways.
    pub fn forks(&self) -> usize {
        self.sites.len()
    }

    /// Paths at once.
    pub fn batch(&self) -> usize {
        self.program.batch()
    }

    /// Multiplies what passes an F by 2^`boost` from now on; results do not change but for what
    /// would have been too small.
    pub fn boost(&mut self, boost: i32) {
        self.boost = boost;
    }

    /// The gradient of each picture's cross-entropy with respect to the picture, along its path:
    /// picture by picture, with log₂ of what it has to be divided by.
    pub fn run(&mut self, paths: &[Along]) -> Result<Vec<(Vec<f32>, f64)>, TrainError> {
        let batch = self.program.batch();
        let bytes = self.pictures.extent().bytes();
        let mut pixels = vec![0; bytes];
        let mut images = vec![0.0; batch * bytes];
        let mut targets = vec![0.0; batch * self.classes];
        for (at, path) in paths.iter().enumerate() {
            let label = self.pictures.picture(0, path.picture, &mut pixels);
            self.table.apply(0, &pixels, &mut images[at * bytes..(at + 1) * bytes], false);
            targets[at * self.classes + usize::from(label)] = 1.0;
        }
        self.program.write(Role::Images, &images)?;
        self.program.write(Role::Targets, &targets)?;
        for (position, &site) in self.sites.iter().enumerate() {
            let [residual, shortcut] = branch(site).map(Role::Probe);
            let side = |of: &dyn Fn(bool) -> f32| -> Vec<f32> {
                let mut all: Vec<f32> = paths
                    .iter()
                    .map(|path| path.through.map_or(1.0, |through| of(through[position])))
                    .collect();
                all.resize(batch, 0.0);
                all
            };
            let up = 2f32.powi(self.boost);
            self.program.write(residual, &side(&|through| if through { up } else { 0.0 }))?;
            self.program.write(shortcut, &side(&|through| if through { 0.0 } else { 1.0 }))?;
        }
        self.program.run()?;
        let gradient = self.program.output(OutputKind::Quantity(GRADIENT))?;
        let scaled = |(path, values): (&Along, &[f32])| {
            let steps = path.through.map_or(0, |t| t.iter().filter(|t| **t).count());
            // The loss is the mean over the batch.
            let up = f64::from(self.boost) * steps as f64 - (batch as f64).log2();
            (values.to_vec(), up)
        };
        Ok(paths.iter().zip(gradient.chunks_exact(bytes)).map(scaled).collect())
    }

    /// log₂ of the gradients' norms.
    pub fn norms(&mut self, paths: &[Along]) -> Result<Vec<f64>, TrainError> {
        let norm =
            |values: &[f32]| values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        Ok(self.run(paths)?.iter().map(|(values, up)| norm(values).log2() - up).collect())
    }

    /// Chooses the power of two from a few short paths.
    pub fn calibrate(&mut self, seed: u32) -> Result<(), TrainError> {
        let forks = self.forks();
        let (short, long) = (forks.min(1), forks.min(5));
        if long == short {
            return Ok(());
        }
        let mut median = |length: usize| -> Result<f64, TrainError> {
            let draws: Vec<Draw> =
                (0..self.batch()).map(|n| self.draw(seed, length, n as u64)).collect();
            let mut norms = self.norms(&draws.iter().map(Draw::along).collect::<Vec<_>>())?;
            norms.sort_by(f64::total_cmp);
            Ok(norms[norms.len() / 2])
        };
        let slope = (median(long)? - median(short)?) / (long - short) as f64;
        // Short of the slope rather than beyond it: overflow is worse than a small number.
        self.boost = if slope.is_finite() { (-slope).floor().clamp(-8.0, 24.0) as i32 } else { 0 };
        Ok(())
    }

    /// Sample number `sample` of the paths of a length.
    pub fn draw(&self, seed: u32, length: usize, sample: u64) -> Draw {
        let mut draws = Draws::new(seed, Purpose::Path, (length as u64) << 40 | sample);
        let picture = draws.below(self.pictures.count());
        let mut order: Vec<usize> = (0..self.forks()).collect();
        for at in 0..length {
            let other = at + draws.below(order.len() - at);
            order.swap(at, other);
        }
        let mut through = vec![false; order.len()];
        order[..length].iter().for_each(|&at| through[at] = true);
        Draw { picture, through }
    }
}

/// A drawn picture and path.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    picture: usize,
    through: Vec<bool>,
}

impl Draw {
    /// What it asks for.
    pub fn along(&self) -> Along<'_> {
        Along { picture: self.picture, through: Some(&self.through) }
    }
}
