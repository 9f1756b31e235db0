//! The program of a training step, as the arguments want it.

use crate::graph::Program;
use crate::lower;
use crate::network::Network;
use crate::nn::optimiser::Sgd;
use crate::passes;

/// How a training step differs from the plain one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form {
    /// Keeps fewer activations.
    pub recompute: bool,
    /// Scales the loss, since gradients are stored in half precision.
    pub scaled: bool,
}

/// A training step.
pub fn training(network: &Network, batch: usize, sgd: &Sgd, form: Form) -> Program {
    let Form { recompute, scaled } = form;
    let lower = if scaled { lower::scaled_training } else { lower::training };
    let program = lower(network, batch, sgd);
    if recompute { passes::recompute(program) } else { program }
}
