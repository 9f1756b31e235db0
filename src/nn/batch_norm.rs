//! Batch normalisation (Ioffe & Szegedy 2015) from sums, products and a second moment.

use crate::graph::autodiff::mean;
use crate::graph::builder::Builder;
use crate::graph::{Axes, Binary, NodeId, ReduceKind, Unary};

/// Added to the variance.
pub const EPSILON: f64 = 1e-5;
/// Weight of the newest batch in the running statistics.
pub const MOMENTUM: f64 = 0.1;

/// The parameters of one batch normalisation, 1×1×1×C each.
#[derive(Clone, Copy, Debug)]
pub struct Parameters {
    /// Scale γ.
    pub scale: NodeId,
    /// Shift β.
    pub shift: NodeId,
    /// Running mean.
    pub mean: NodeId,
    /// Running variance.
    pub variance: NodeId,
}

/// What training yields: the normalised value and the new running statistics.
#[derive(Clone, Copy, Debug)]
pub struct Trained {
    /// N×H×W×C.
    pub value: NodeId,
    /// New running mean.
    pub mean: NodeId,
    /// New running variance.
    pub variance: NodeId,
}

/// With the batch's own statistics (biased variance); the running variance takes the unbiased
/// one.
pub fn train(b: &mut Builder, x: NodeId, p: Parameters) -> Trained {
    let axes = Axes::BATCH_AND_SPACE;
    let shape = b.ty(x).shape;
    let count = (shape.len() / shape.0[3]) as f64;
    let mean = mean(b, axes, x);
    let m2 = b.reduce(ReduceKind::M2, axes, x);
    let variance = b.scale(m2, 1.0 / count);
    let value = normalise(b, x, mean, variance, p);
    // One element a channel has no unbiased variance; the biased one (zero) stands in.
    let unbiased = b.scale(m2, 1.0 / (count - 1.0).max(1.0));
    Trained { value, mean: blend(b, p.mean, mean), variance: blend(b, p.variance, unbiased) }
}

/// With the running statistics, as one factor and one summand a channel.
pub fn infer(b: &mut Builder, x: NodeId, p: Parameters) -> NodeId {
    let factor = factor(b, p.variance, p);
    let moved = b.mul(p.mean, factor);
    let summand = b.binary(Binary::Sub, p.shift, moved);
    let scaled = b.mul(x, factor);
    b.add(scaled, summand)
}

/// γ / √(variance + ε)
fn factor(b: &mut Builder, variance: NodeId, p: Parameters) -> NodeId {
    let epsilon = b.constant(EPSILON);
    let shifted = b.add(variance, epsilon);
    let deviation = b.unary(Unary::Sqrt, shifted);
    let reciprocal = b.unary(Unary::Recip, deviation);
    b.mul(p.scale, reciprocal)
}

fn normalise(b: &mut Builder, x: NodeId, mean: NodeId, variance: NodeId, p: Parameters) -> NodeId {
    let scale = factor(b, variance, p);
    let centred = b.binary(Binary::Sub, x, mean);
    let scaled = b.mul(centred, scale);
    b.add(scaled, p.shift)
}

fn blend(b: &mut Builder, running: NodeId, newest: NodeId) -> NodeId {
    let old = b.scale(running, 1.0 - MOMENTUM);
    let new = b.scale(newest, MOMENTUM);
    b.add(old, new)
}
