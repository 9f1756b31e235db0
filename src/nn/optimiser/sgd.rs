//! Stochastic gradient descent with momentum.

use super::{moved, with_momentum};
use crate::graph::NodeId;
use crate::graph::builder::Builder;

/// Stochastic gradient descent with momentum, as PyTorch computes it: the decay is added to the
/// gradient before the momentum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Momentum, 0 ≤ μ < 1.
    pub momentum: f64,
    /// Weight decay, added to the gradient as λ·w.
    pub weight_decay: f64,
    /// Whether γ, β and biases are decayed too, or weights of convolutions and linear layers only.
    pub decay_vectors: bool,
    /// Nesterov's form.
    pub nesterov: bool,
}

impl Sgd {
    /// What both papers train with.
    pub const PAPER: Sgd =
        Sgd { momentum: 0.9, weight_decay: 1e-4, decay_vectors: true, nesterov: false };
}

/// New parameter and new momentum: m ← μ·m + (g + λ·w); w ← w − lr·m (Nesterov: lr·(g + λ·w +
/// μ·m)). PyTorch's form, with zero dampening.
pub fn sgd(
    b: &mut Builder,
    sgd: &Sgd,
    lr: NodeId,
    w: NodeId,
    m: NodeId,
    g: NodeId,
) -> (NodeId, NodeId) {
    let gradient = if sgd.weight_decay == 0.0 {
        g
    } else {
        let decay = b.scale(w, sgd.weight_decay);
        b.add(g, decay)
    };
    let (direction, momentum) = with_momentum(b, sgd.momentum, sgd.nesterov, m, gradient);
    (moved(b, lr, w, direction), momentum)
}
