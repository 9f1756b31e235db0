//! What every normalisation does once it has its moments: (x − mean) · γ / √(variance + ε) + β.

use crate::graph::builder::Builder;
use crate::graph::{Binary, NodeId, Unary};

/// What is learned of a normalisation, 1×1×1×C each; none where it is left out.
#[derive(Clone, Copy, Debug)]
pub struct Affine {
    /// Scale γ.
    pub scale: Option<NodeId>,
    /// Shift β.
    pub shift: Option<NodeId>,
}

/// γ / √(variance + ε)
pub fn factor(b: &mut Builder, variance: NodeId, epsilon: f64, affine: Affine) -> NodeId {
    let epsilon = b.constant(epsilon);
    let shifted = b.add(variance, epsilon);
    let deviation = b.unary(Unary::Sqrt, shifted);
    let reciprocal = b.unary(Unary::Recip, deviation);
    match affine.scale {
        Some(scale) => b.mul(scale, reciprocal),
        None => reciprocal,
    }
}

/// x with these moments, which broadcast over it.
pub fn normalise(
    b: &mut Builder,
    x: NodeId,
    (mean, variance): (NodeId, NodeId),
    epsilon: f64,
    affine: Affine,
) -> NodeId {
    let scale = factor(b, variance, epsilon, affine);
    let centred = b.binary(Binary::Sub, x, mean);
    let scaled = b.mul(centred, scale);
    match affine.shift {
        Some(shift) => b.add(scaled, shift),
        None => scaled,
    }
}
