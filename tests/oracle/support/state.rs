//! Values for every input of a program.

use rnetc::graph::interp::Inputs;
use rnetc::graph::{Input, InputId, Program, Role};

use super::numbers::Numbers;

/// Plausible random values for every input, by its role.
pub fn random(program: &Program, seed: u64) -> Inputs {
    let mut numbers = Numbers::new(seed);
    let inputs = program.graph.inputs.iter().enumerate();
    inputs.map(|(i, input)| (InputId(i as u32), of_role(&mut numbers, input))).collect()
}

fn of_role(numbers: &mut Numbers, input: &Input) -> Vec<f64> {
    let n = input.ty.shape.len();
    match input.role {
        Role::Images => numbers.vector(n, -1.5, 1.5),
        Role::Targets => distributions(numbers, n, input.ty.shape.0[3]),
        Role::LearningRate => vec![0.1],
        Role::Seed => vec![1234.0],
        Role::Parameter => parameter(numbers, input),
        Role::Slot(..) => numbers.vector(n, -0.1, 0.1),
        Role::Open(_) => vec![1.0; n],
        Role::LookaheadShare | Role::EmaDecay => vec![0.25; n],
        Role::Statistic | Role::Average(..) => numbers.vector(n, 0.5, 1.5),
        Role::LossScale | Role::GoodSteps => vec![1024.0; n],
        Role::Filled(_) => vec![0.5; n],
        Role::Probe(_) | Role::Cut => vec![1.0; n],
    }
}

/// Rows of `k` positive numbers that sum to 1.
fn distributions(numbers: &mut Numbers, n: usize, k: usize) -> Vec<f64> {
    let mut all = numbers.vector(n, 0.1, 1.0);
    for row in all.chunks_mut(k) {
        let total: f64 = row.iter().sum();
        row.iter_mut().for_each(|v| *v /= total);
    }
    all
}

/// Vectors around 1 (scales) or 0 (shifts and biases); weights with the spread that keeps the
/// size of what they read.
fn parameter(numbers: &mut Numbers, input: &Input) -> Vec<f64> {
    let [kh, kw, ci, _] = input.ty.shape.0;
    let n = input.ty.shape.len();
    if input.name.ends_with("bias") {
        return numbers.vector(n, -0.5, 0.5);
    }
    if kh * kw * ci == 1 {
        return numbers.vector(n, 0.5, 1.5);
    }
    let bound = (6.0 / (kh * kw * ci) as f64).sqrt();
    numbers.vector(n, -bound, bound)
}
