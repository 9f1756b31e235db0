//! Network → graph: a training step or an inference pass as one program.

use crate::graph::Program;
use crate::sema::network::Network;

/// Stochastic gradient descent with momentum, as PyTorch computes it: the decay is added to the
/// gradient before the momentum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Momentum, 0 ≤ μ < 1.
    pub momentum: f64,
    /// Weight decay, added to the gradient as λ·w.
    pub weight_decay: f64,
    /// Nesterov's form.
    pub nesterov: bool,
}

/// One training step: forward, backward, update. Inputs by role: `Images`, `Targets`,
/// `LearningRate`, `Seed` (only where the network draws numbers), parameters, momenta (named
/// `<parameter>.momentum`) and statistics. Outputs: `loss` (mean cross-entropy, a scalar) and
/// `logits` (N×1×1×K).
pub fn training(network: &Network, batch: usize, sgd: &Sgd) -> Program {
    let _ = (network, batch, sgd);
    Program::default()
}

/// One inference pass with running statistics. Output: `logits`.
pub fn inference(network: &Network, batch: usize) -> Program {
    let _ = (network, batch);
    Program::default()
}
