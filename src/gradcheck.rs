//! Gradients of a whole network against finite differences, in f64 on the interpreter.
//!
//! For each parameter tensor, the derivative of the loss along one random direction: once from
//! the graph's adjoint, once as (L(p + h·d) − L(p − h·d)) / 2h.

use crate::graph::interp::{self, Held, Inputs};
use crate::graph::{Input, InputId, Op, OutputKind, Program, Role, Slot, random};
use crate::lower::state::state;
use crate::lower::{self, Goal};
use crate::network::{Init, Network};
use crate::passes;

/// Step of the difference. Small enough that few ReLUs change sides, large enough that f64
/// rounding of the loss (about 1e-16/h) stays near 1e-9.
const STEP: f64 = 1e-7;

/// Points around the parameters at which the loss's rounding is looked at.
const NEIGHBOURS: u32 = 4;
/// Roundings of the loss that the difference of two losses may be off by: the largest of a few
/// that are drawn is not the largest there is.
const ROUNDINGS: f64 = 8.0;

/// One parameter tensor's check.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The parameter.
    pub name: String,
    /// Derivative along the direction from the adjoint.
    pub adjoint: f64,
    /// The same from the difference.
    pub difference: f64,
    /// What the rounding of the two losses may make of the difference.
    pub rounding: f64,
}

impl Check {
    /// |adjoint − difference| over the larger of the two; 0 where rounding alone explains it.
    pub fn relative_error(&self) -> f64 {
        let apart = (self.adjoint - self.difference).abs();
        if apart <= self.rounding {
            return 0.0;
        }
        apart / self.adjoint.abs().max(self.difference.abs())
    }
}

/// Checks every parameter tensor on `batch` random pictures.
pub fn check(network: &Network, batch: usize, seed: u32) -> Vec<Check> {
    let whole = lower::before_passes(network, batch, Goal::Gradients);
    let program = passes::run(passes::Mode::Training, &whole);
    let inputs = random_inputs(network, &program, seed);
    let (results, _) = interp::run(&program, &inputs);
    let mut forward = whole.clone();
    forward.outputs.truncate(1);
    let forward = Forward::new(passes::needed(&forward), &inputs);
    let rounding = ROUNDINGS * loss_rounding(&forward, &inputs, seed) / STEP;
    let mut checks = Vec::new();
    for (output, gradient) in program.outputs.iter().zip(&results) {
        let OutputKind::Gradient(input) = output.kind else { continue };
        let direction = numbers(seed ^ 0x5eed, input.index(), gradient.len());
        let adjoint = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
        let loss = |h: f64| {
            let mut moved = inputs.clone();
            if let Some(values) = moved.get_mut(&input) {
                values.iter_mut().zip(&direction).for_each(|(v, d)| *v += h * d);
            }
            forward.loss(&moved)
        };
        let difference = (loss(STEP) - loss(-STEP)) / (2.0 * STEP);
        let name = program.graph.input(input).name.clone();
        checks.push(Check { name, adjoint, difference, rounding });
    }
    checks
}

/// The way to the loss. What is detached stays as it is at the inputs: no gradient goes there, so none
/// is to be found there.
struct Forward {
    program: Program,
    held: Held,
}

impl Forward {
    fn new(program: Program, inputs: &Inputs) -> Self {
        let values = interp::evaluate(&program.graph, inputs);
        let detached = program.graph.ids().filter(|id| program.graph.node(*id).op == Op::Detach);
        let held = detached.map(|id| (id, values[id.index()].clone())).collect();
        Self { program, held }
    }

    fn loss(&self, inputs: &Inputs) -> f64 {
        let values = interp::evaluate_holding(&self.program.graph, inputs, &self.held);
        values[self.program.outputs[0].node.index()][0]
    }
}

/// How far the loss moves where every parameter moves in its last bits alone: rounding on the way
/// to the loss is like that (backward error analysis, Wilkinson 1963).
fn loss_rounding(forward: &Forward, inputs: &Inputs, seed: u32) -> f64 {
    let here = forward.loss(inputs);
    let moved = (1..=NEIGHBOURS).map(|neighbour| {
        let mut moved = inputs.clone();
        for (input, values) in &mut moved {
            if forward.program.graph.input(*input).role != Role::Parameter {
                continue;
            }
            let bits = numbers(seed ^ neighbour, input.index(), values.len());
            values.iter_mut().zip(bits).for_each(|(v, u)| *v += 4.0 * f64::EPSILON * u * *v);
        }
        (forward.loss(&moved) - here).abs()
    });
    moved.fold(f64::EPSILON * here.abs(), f64::max)
}

/// Uniform numbers in [−1, 1).
fn numbers(seed: u32, stream: usize, len: usize) -> Vec<f64> {
    let key = random::key(seed, stream as u32);
    (0..len).map(|i| f64::from(random::uniform(key, i as u32)) * 2.0 - 1.0).collect()
}

/// Inputs for a program of this network: parameters as training starts them (with γ and β moved
/// off 1 and 0, so that mistakes there show), random pictures, one-hot targets.
pub fn random_inputs(network: &Network, program: &Program, seed: u32) -> Inputs {
    let tensors = state(network);
    let value = |at: usize, input: &Input| {
        let len = input.ty.shape.len();
        let uniform = numbers(seed, at, len);
        match input.role {
            Role::Images => uniform.iter().map(|u| 2.0 * u).collect(),
            Role::Targets => one_hot(len, input.ty.shape.0[3]),
            Role::LearningRate => vec![0.1; len],
            Role::Open(_) => vec![1.0; len],
            Role::LookaheadShare => vec![0.25; len],
            Role::EmaDecay => vec![0.9; len],
            Role::Probe(_) | Role::Cut => uniform.iter().map(|u| 1.0 + 0.5 * u).collect(),
            Role::Seed => vec![f64::from(seed & 0xff_ffff); len],
            Role::LossScale | Role::GoodSteps => vec![1024.0; len],
            Role::Filled(_) => vec![0.5; len],
            // Variances are no less than 0.
            Role::Slot(Slot::SecondMoment, _) => uniform.iter().map(|u| 0.01 * u.abs()).collect(),
            Role::Slot(Slot::Momentum | Slot::FirstMoment, _) => {
                uniform.iter().map(|u| 0.01 * u).collect()
            }
            Role::Parameter | Role::Statistic | Role::Average(..) => {
                let init = tensors.iter().find(|t| t.is_called(&input.name)).map(|t| t.init);
                uniform.iter().map(|u| start(init, *u)).collect::<Vec<f64>>()
            }
        }
    };
    program
        .graph
        .inputs
        .iter()
        .enumerate()
        .map(|(at, input)| (InputId(at as u32), value(at, input)))
        .collect()
}

fn start(init: Option<Init>, uniform: f64) -> f64 {
    match init {
        // A uniform distribution of the same standard deviation.
        Some(Init::Normal { std }) => uniform * std * 3f64.sqrt(),
        Some(Init::Uniform { bound } | Init::Dirac { bound, .. } | Init::Whiten { bound, .. }) => {
            uniform * bound
        }
        Some(Init::Constant(value)) => value + 0.2 * uniform,
        None => 0.0,
    }
}

fn one_hot(len: usize, classes: usize) -> Vec<f64> {
    (0..len).map(|i| f64::from(u8::from(i % classes == (i / classes) * 7 % classes))).collect()
}
