//! All 2ⁿ paths of a small net, one by one.
//!
//! With the Jacobians that the forward pass fixes, the gradient is the sum over all paths of what
//! each carries. Where every F is linear (or affine), the forward pass is such a sum too.

use std::collections::HashMap;

use serde::Serialize;

use super::gradient::{Along, Gradients};
use crate::dissect::probes::{branch, branches};
use crate::engine::Engine;
use crate::graph::{OutputKind, Role};
use crate::lower;
use crate::lower::probes::{Part, Pass};
use crate::network::Network;
use crate::network::anatomy::Site;
use crate::train::TrainError;
use crate::train::runner::Runner;
use crate::train::tensors::Values;

/// Most units whose paths are enumerated.
pub const MOST_UNITS: usize = 10;

/// The gradient as a sum over paths.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exact {
    /// Norm of the gradient as backpropagation gives it.
    pub norm: f64,
    /// ‖Σ over paths − gradient‖ / ‖gradient‖.
    pub relative_error: f64,
    /// For each length 0…n: Σ‖g‖ over its paths, and ‖Σ g‖.
    pub by_length: Vec<[f64; 2]>,
}

/// Every path of n units, as the bits of a number: bit i set, through F of unit i.
fn all_paths(n: usize) -> Vec<Vec<bool>> {
    (0..1usize << n).map(|bits| (0..n).map(|at| bits >> at & 1 == 1).collect()).collect()
}

/// Follows every path of a picture's gradient; none if `interrupted`.
pub fn gradient(
    gradients: &mut Gradients,
    picture: usize,
    interrupted: &dyn Fn() -> bool,
) -> Result<Option<Exact>, TrainError> {
    let n = gradients.forks();
    let real = scaled(&gradients.run(&[Along { picture, through: None }])?.swap_remove(0));
    let mut sums = vec![vec![0.0; real.len()]; n + 1];
    let mut norms = vec![0.0; n + 1];
    let paths = all_paths(n);
    for some in paths.chunks(gradients.batch()) {
        if interrupted() {
            return Ok(None);
        }
        let along: Vec<Along> =
            some.iter().map(|path| Along { picture, through: Some(path) }).collect();
        for (path, found) in some.iter().zip(gradients.run(&along)?) {
            let length = path.iter().filter(|through| **through).count();
            let found = scaled(&found);
            norms[length] += norm(&found);
            add(&mut sums[length], &found, 1.0);
        }
    }
    let by_length = norms.iter().zip(&sums).map(|(&sum, of)| [sum, norm(of)]).collect();
    let mut rest = real.clone();
    sums.iter().for_each(|sum| add(&mut rest, sum, -1.0));
    let relative_error = norm(&rest) / norm(&real);
    Ok(Some(Exact { norm: norm(&real), relative_error, by_length }))
}

fn scaled((values, up): &(Vec<f32>, f64)) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v) * (-up).exp2()).collect()
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

fn add(sum: &mut [f64], values: &[f64], factor: f64) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
}

/// The forward pass as a sum over paths, at the last unit's output.
///
/// What a path through the units i₁ < … < i_k carries is F_ik ∘ … ∘ F_i1 of x, where only the
/// first F adds its constant: constants of later ones belong to paths that begin there. With P(x)
/// the whole composition, that is P(x) over i₁…i_k less P(0) over i₂…i_k. The sum is exact where
/// every F is affine and f the identity; elsewhere the error says how far from linear F is.
///
/// Returns ‖Σ over paths − x_L‖ / ‖x_L‖; none if `interrupted`.
pub fn forward(
    engine: &dyn Engine,
    network: &Network,
    sites: &[Site],
    values: &Values,
    x: &[f32],
    interrupted: &dyn Fn() -> bool,
) -> Result<Option<f64>, TrainError> {
    let [Some(first), Some(last)] = [sites.first(), sites.last()] else { return Ok(None) };
    let part = Part { from: Some(first.input), to: Some(last.output) };
    let probes = branches(sites, Pass::Forward);
    let forks = super::gradient::forks(sites);
    let paths = all_paths(forks.len());
    let batch = paths.len().min(64);
    let program = lower::part(network, batch, part, &probes);
    let mut runs = Runs { program: Runner::new(engine, &program)?, sites: forks, batch };
    runs.program.load(values)?;
    let whole = runs.follow(x, &[None])?.swap_remove(0);
    let zero = vec![0.0; x.len()];
    let mut rest = whole.clone();
    let mut constants: HashMap<Vec<bool>, Vec<f64>> = HashMap::new();
    for some in paths.chunks(batch) {
        if interrupted() {
            return Ok(None);
        }
        let asked: Vec<Option<&[bool]>> = some.iter().map(|p| Some(p.as_slice())).collect();
        for found in runs.follow(x, &asked)? {
            add(&mut rest, &found, -1.0);
        }
        for (path, found) in some.iter().zip(runs.follow(&zero, &asked)?) {
            constants.insert(path.clone(), found);
        }
    }
    for path in &paths {
        let mut later = path.clone();
        if let Some(first) = later.iter().position(|through| *through) {
            later[first] = false;
            // What is subtracted from the path is added to the rest.
            constants.get(&later).iter().for_each(|constant| add(&mut rest, constant, 1.0));
        }
    }
    Ok(Some(norm(&rest) / norm(&whole)))
}

struct Runs {
    program: Runner,
    sites: Vec<usize>,
    batch: usize,
}

impl Runs {
    /// What one input becomes along some paths; none: the plain pass.
    fn follow(
        &mut self,
        x: &[f32],
        paths: &[Option<&[bool]>],
    ) -> Result<Vec<Vec<f64>>, TrainError> {
        let inputs: Vec<f32> = (0..self.batch).flat_map(|_| x.iter().copied()).collect();
        self.program.write(Role::Images, &inputs)?;
        self.program.write(Role::Cut, &inputs)?;
        for (position, &site) in self.sites.iter().enumerate() {
            for (probe, side) in branch(site).into_iter().zip([true, false]) {
                let on = |path: &Option<&[bool]>| path.is_none_or(|path| path[position] == side);
                let mut mask: Vec<f32> =
                    paths.iter().map(|path| f32::from(u8::from(on(path)))).collect();
                mask.resize(self.batch, 1.0);
                self.program.write(Role::Probe(probe), &mask)?;
            }
        }
        self.program.run()?;
        let all = self.program.output(OutputKind::Cut)?;
        let each = all.chunks_exact(all.len() / self.batch).take(paths.len());
        Ok(each.map(|one| one.iter().map(|&v| f64::from(v)).collect()).collect())
    }
}
