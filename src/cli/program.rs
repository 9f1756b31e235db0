//! The program of a training step, as the arguments want it.

use crate::graph::Program;
use crate::lower::{self, Sgd};
use crate::passes;
use crate::sema::network::Network;

/// A training step; with `recompute`, one that keeps fewer activations.
pub fn training(network: &Network, batch: usize, sgd: &Sgd, recompute: bool) -> Program {
    let program = lower::training(network, batch, sgd);
    if recompute { passes::recompute(program) } else { program }
}
