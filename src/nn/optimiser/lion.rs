//! The optimiser that follows the sign of a momentum.

use super::{Step, decayed, mixed, moved};
use crate::graph::builder::Builder;
use crate::graph::{NodeId, Unary};

/// Lion (Chen et al. 2023, algorithm 2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lion {
    /// β₁, of the step, and β₂, of the momentum, each 0 ≤ β < 1.
    pub betas: [f64; 2],
}

impl Lion {
    /// c ← β₁·m + (1 − β₁)·g; w ← w − lr·(sign(c) + λ·w); m ← β₂·m + (1 − β₂)·g.
    pub(super) fn apply(
        self,
        b: &mut Builder,
        weight_decay: f64,
        step: Step,
    ) -> (NodeId, Vec<NodeId>) {
        let [of_step, of_momentum] = self.betas;
        let m = step.kept[0];
        let c = mixed(b, of_step, m, step.g);
        let direction = sign(b, c);
        let w = decayed(b, weight_decay, step.lr, step.w);
        (moved(b, step.lr, w, direction), vec![mixed(b, of_momentum, m, step.g)])
    }
}

/// −1, 0 or 1.
fn sign(b: &mut Builder, x: NodeId) -> NodeId {
    let above = b.unary(Unary::Step, x);
    let back = b.unary(Unary::Neg, x);
    let below = b.unary(Unary::Step, back);
    b.sub(above, below)
}
