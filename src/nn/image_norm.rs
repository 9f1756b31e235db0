//! Normalisation by an image's own moments: group norm (Wu & He 2018), of which layer norm (Ba et al.
//! 2016) and instance norm (Ulyanov et al. 2016) are the ends, and layer norm of each pixel.
//!
//! Second moments are Σ (x − mean)² with the mean known, which does not cancel. Their derivative with
//! respect to the mean is zero, so none is taken.

use super::affine::{self, Affine};
use crate::graph::builder::Builder;
use crate::graph::{Axes, NodeId, ReduceKind, Shape, Type};

/// Over rows, columns and the channels of each of so many groups, which divide the channels of `x`,
/// N×H×W×C.
pub fn groups(b: &mut Builder, x: NodeId, groups: usize, epsilon: f64, affine: Affine) -> NodeId {
    let [_, rows, columns, channels] = b.ty(x).shape.0;
    let count = rows * columns * channels / groups;
    let total = |b: &mut Builder, x: NodeId| {
        let each = b.reduce(ReduceKind::Sum, Axes::SPACE, x);
        of_groups(b, each, groups)
    };
    normalised(b, x, (count, epsilon, affine), total)
}

/// Over the channels of each pixel.
pub fn pixels(b: &mut Builder, x: NodeId, epsilon: f64, affine: Affine) -> NodeId {
    let channels = b.ty(x).shape.0[3];
    let total = |b: &mut Builder, x: NodeId| b.reduce(ReduceKind::Sum, Axes::CHANNELS, x);
    normalised(b, x, (channels, epsilon, affine), total)
}

/// With moments of `count` numbers.
fn normalised(
    b: &mut Builder,
    x: NodeId,
    (count, epsilon, affine): (usize, f64, Affine),
    total: impl Fn(&mut Builder, NodeId) -> NodeId,
) -> NodeId {
    let moments = moments(b, x, count, total);
    affine::normalise(b, x, moments, epsilon, affine)
}

/// Mean and variance of `count` numbers, which `total` adds up.
pub(super) fn moments(
    b: &mut Builder,
    x: NodeId,
    count: usize,
    total: impl Fn(&mut Builder, NodeId) -> NodeId,
) -> (NodeId, NodeId) {
    let share = 1.0 / count as f64;
    let sum = total(b, x);
    let mean = b.scale(sum, share);
    let fixed = b.detach(mean);
    let centred = b.sub(x, fixed);
    let squares = b.mul(centred, centred);
    let sum = total(b, squares);
    (mean, b.scale(sum, share))
}

/// The sum over each group of N×1×1×C, at each of its channels.
fn of_groups(b: &mut Builder, each: NodeId, groups: usize) -> NodeId {
    let Type { shape, batched } = b.ty(each);
    let [images, _, _, channels] = shape.0;
    if groups == channels {
        return each;
    }
    if groups == 1 {
        return b.reduce(ReduceKind::Sum, Axes::CHANNELS, each);
    }
    let apart = Shape([images, 1, groups, channels / groups]);
    let parts = b.reshape(each, apart);
    let sums = b.reduce(ReduceKind::Sum, Axes::CHANNELS, parts);
    let repeated = b.broadcast(sums, Type { shape: apart, batched });
    b.reshape(repeated, shape)
}
