//! Stochastic gradient descent with momentum.

use crate::graph::builder::Builder;
use crate::graph::{NodeId, Unary};
use crate::lower::Sgd;

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
    let kept = b.scale(m, sgd.momentum);
    let momentum = b.add(kept, gradient);
    let direction = if sgd.nesterov {
        let ahead = b.scale(momentum, sgd.momentum);
        b.add(gradient, ahead)
    } else {
        momentum
    };
    let step = b.mul(direction, lr);
    let back = b.unary(Unary::Neg, step);
    (b.add(w, back), momentum)
}
