//! Dynamic loss scaling (Micikevicius et al. 2018, §3.2), with PyTorch's numbers.
//!
//! Gradients that are stored in half precision would vanish below 2⁻²⁴. The backward pass starts
//! from a scale s in place of 1, and gradients are divided by s, in single precision, before
//! anything else is done with them. A step with a gradient that is infinite or no number changes
//! nothing but s, which is halved; after a number of good steps in a row s doubles. All of it is
//! part of the graph, so that no step waits for the caller to decide.

use std::collections::HashSet;

use super::mix::mixed;
use crate::graph::builder::Builder;
use crate::graph::{Axes, Binary, NodeId, ReduceKind, Role, Shape, Type, Unary};

/// The inputs that hold the state, s and the good steps since it changed: names, roles, and how
/// they start.
pub const STATE: [(&str, Role, f32); 2] =
    [(SCALE, Role::LossScale, 65_536.0), (STREAK, Role::GoodSteps, 0.0)];
/// Name of s.
pub const SCALE: &str = "loss_scale";
/// Name of the number of good steps.
pub const STREAK: &str = "loss_scale.good_steps";
/// Good steps after which s doubles.
pub const INTERVAL: f64 = 2000.0;
/// So many steps in a row with bad gradients bring s from [`MOST`] to its least, and then some.
pub const MOST_LEFT_OUT: u32 = 120;
/// s does not fall below.
const LEAST: f64 = 1.0;
/// s does not rise beyond, 2¹⁰⁰, so that s and 1/s are numbers in single precision even where all
/// gradients vanish for good.
pub const MOST: f64 = (1u128 << 100) as f64;

/// The state as nodes.
#[derive(Clone, Copy, Debug)]
pub struct Scaling {
    /// s, a power of two.
    pub scale: NodeId,
    /// Good steps since s changed.
    pub streak: NodeId,
}

impl Scaling {
    /// Inputs for both.
    pub fn input(b: &mut Builder) -> Self {
        let ty = Type { shape: Shape::SCALAR, batched: false };
        let [scale, streak] = STATE.map(|(name, role, _)| b.input(name, role, ty));
        Self { scale, streak }
    }

    /// Gradients of s times the loss as gradients of the loss.
    pub fn unscaled(self, b: &mut Builder, gradients: &[NodeId]) -> Vec<NodeId> {
        let back = b.unary(Unary::Recip, self.scale);
        gradients.iter().map(|&gradient| b.mul(gradient, back)).collect()
    }

    /// The state after a step that was good (1) or not (0).
    pub fn next(self, b: &mut Builder, good: NodeId) -> Self {
        let one = b.constant(1.0);
        let longer = b.add(self.streak, one);
        let almost = b.constant(INTERVAL - 0.5);
        let over = b.sub(longer, almost);
        let full = b.unary(Unary::Step, over);
        let most = b.constant(MOST);
        let below = b.sub(most, self.scale);
        let below = b.unary(Unary::Step, below);
        let full = b.mul(full, below);
        let going_on = b.sub(one, full);
        let streak = b.mul(longer, going_on);
        let doubled = b.scale(self.scale, 2.0);
        let grown = mixed(b, full, doubled, self.scale);
        let halved = b.scale(self.scale, 0.5);
        let least = b.constant(LEAST);
        let halved = b.binary(Binary::Max, halved, least);
        let (scale, streak) = (mixed(b, good, grown, halved), b.mul(good, streak));
        Self { scale, streak }
    }
}

/// 1 if every element of all gradients is a finite number, else 0; also 0 where all of them add up to
/// more than 1.8e19, whose square is no number in single precision. Since a scale is 1 or more, scaled
/// gradients may be asked in place of what they become.
pub fn all_finite(b: &mut Builder, gradients: &[NodeId]) -> NodeId {
    // An element that is not finite leaves no sum finite. One sum of sums, so that engines can add up
    // all at once.
    let mut total = b.constant(0.0);
    // Batch norms whose results are added have one gradient of β between them: once is enough.
    let mut seen = HashSet::new();
    for &gradient in gradients.iter().filter(|gradient| seen.insert(**gradient)) {
        let sum = b.reduce(ReduceKind::Sum, Axes::ALL, gradient);
        total = b.add(total, sum);
    }
    // Above zero, so that `Finite` shows.
    let square = b.mul(total, total);
    let one = b.constant(1.0);
    let positive = b.add(square, one);
    let finite = b.unary(Unary::Finite, positive);
    b.unary(Unary::Step, finite)
}

/// A new state where `good` is 1, the old one where it is 0, even if the new one is no number. To
/// the bit in either case, but that −0 may become 0.
pub fn kept(b: &mut Builder, good: NodeId, new: NodeId, old: NodeId) -> NodeId {
    let new = b.unary(Unary::Finite, new);
    mixed(b, good, new, old)
}
