//! Adam with decoupled weight decay.

use super::{Step, decayed, mixed, moved};
use crate::graph::builder::Builder;
use crate::graph::{Binary, NodeId, Unary};

/// AdamW (Loshchilov and Hutter 2019, algorithm 2), as PyTorch computes it: the decay is
/// multiplied by the learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// β₁ and β₂, each 0 ≤ β < 1.
    pub betas: [f64; 2],
    /// ε, from [`AdamW::LEAST_EPS`] on.
    pub eps: f64,
}

impl AdamW {
    /// Least ε: f32 has it and what it divides, with room.
    pub const LEAST_EPS: f64 = 1e-30;

    /// w ← w − lr·λ·w; m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²;
    /// w ← w − lr·(m / f₁) / (√(v / f₂) + ε), with f how much of each moment is filled.
    pub(super) fn apply(
        self,
        b: &mut Builder,
        weight_decay: f64,
        step: Step,
    ) -> (NodeId, Vec<NodeId>) {
        let Self { betas: [first, second], eps } = self;
        let [of_first, of_second] = step.filled.expect("moments are divided by their filling");
        let m = mixed(b, first, step.kept[0], step.g);
        let square = b.mul(step.g, step.g);
        let v = mixed(b, second, step.kept[1], square);
        let variance = b.binary(Binary::Div, v, of_second);
        let deviation = b.unary(Unary::Sqrt, variance);
        let eps = b.constant(eps);
        let deviation = b.add(deviation, eps);
        let mean = b.binary(Binary::Div, m, of_first);
        let direction = b.binary(Binary::Div, mean, deviation);
        let w = decayed(b, weight_decay, step.lr, step.w);
        (moved(b, step.lr, w, direction), vec![m, v])
    }
}
