//! Batch normalisation (Ioffe & Szegedy 2015) from sums, products and a second moment.

use super::affine::{self, Affine};
use crate::graph::autodiff::mean;
use crate::graph::builder::Builder;
use crate::graph::{Axes, Binary, NodeId, ReduceKind, Unary};

/// The parameters of one batch normalisation, 1×1×1×C each.
#[derive(Clone, Copy, Debug)]
pub struct Parameters {
    /// Scale γ and shift β.
    pub affine: Affine,
    /// Running mean.
    pub mean: NodeId,
    /// Running variance.
    pub variance: NodeId,
    /// Added to the variance.
    pub epsilon: f64,
    /// Weight of the newest batch in the running statistics.
    pub momentum: f64,
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
    let value = affine::normalise(b, x, (mean, variance), p.epsilon, p.affine);
    let unbiased = b.scale(m2, 1.0 / less_one(count));
    let blend = |b: &mut Builder, running, newest| blend(b, running, newest, p.momentum);
    Trained { value, mean: blend(b, p.mean, mean), variance: blend(b, p.variance, unbiased) }
}

/// What an unbiased variance is divided by. One element a channel has none; the biased one (zero) stands
/// in.
pub(super) fn less_one(count: f64) -> f64 {
    (count - 1.0).max(1.0)
}

/// With the running statistics, as one factor and one summand a channel.
pub fn infer(b: &mut Builder, x: NodeId, p: Parameters) -> NodeId {
    let factor = affine::factor(b, p.variance, p.epsilon, p.affine);
    let moved = b.mul(p.mean, factor);
    let summand = match p.affine.shift {
        Some(shift) => b.binary(Binary::Sub, shift, moved),
        None => b.unary(Unary::Neg, moved),
    };
    let scaled = b.mul(x, factor);
    b.add(scaled, summand)
}

/// Running statistics after a batch.
pub(super) fn blend(b: &mut Builder, running: NodeId, newest: NodeId, momentum: f64) -> NodeId {
    let old = b.scale(running, 1.0 - momentum);
    let new = b.scale(newest, momentum);
    b.add(old, new)
}
