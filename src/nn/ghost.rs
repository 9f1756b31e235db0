//! Batch normalisation of a batch in parts (ghost batches; Hoffer et al. 2017, algorithm 1): each has
//! its own mean and variance.
//!
//! An image's moments are known inside the image, so that what goes over the batch is one number an
//! image and channel: Σ over the images of a part, weighted by a matrix of images × parts that is 1 where
//! an image is in a part. Moments of images are merged as those of tiles are (Chan et al. 1979): nothing
//! cancels. A picture whose moments are no numbers spoils all parts, which a product with 0 does not keep
//! out.

use super::affine;
use super::batch_norm::{Parameters, Trained, blend, less_one};
use super::image_norm;
use crate::graph::builder::Builder;
use crate::graph::{Axes, NodeId, ReduceKind, Shape, Type, Unary};

/// The parts of a batch.
#[derive(Clone, Copy)]
struct Parts {
    /// Images of the batch.
    images: usize,
    /// Images of each part but the last, which has what is left.
    size: usize,
}

impl Parts {
    fn count(self) -> usize {
        self.images.div_ceil(self.size)
    }

    fn last(self) -> usize {
        self.images - (self.count() - 1) * self.size
    }

    /// The number of each part, 1×K×1×1.
    fn numbers(self, b: &mut Builder) -> NodeId {
        b.index(Type { shape: Shape([1, self.count(), 1, 1]), batched: false })
    }

    /// 1 where an image is in a part, else 0: N×K×1×1.
    fn members(self, b: &mut Builder) -> NodeId {
        let images = b.index(Type { shape: Shape([self.images, 1, 1, 1]), batched: true });
        let numbers = self.numbers(b);
        let first = b.scale(numbers, self.size as f64);
        let place = b.sub(images, first);
        let from = above(b, place, -0.5);
        let beyond = above(b, place, self.size as f64 - 0.5);
        b.sub(from, beyond)
    }

    /// What a function says of the size of each part.
    fn each(self, b: &mut Builder, of: impl Fn(f64) -> f64) -> NodeId {
        let [most, last] = [self.size, self.last()].map(|size| of(size as f64));
        if self.size == self.last() {
            return b.constant(most);
        }
        let numbers = self.numbers(b);
        let is_last = above(b, numbers, self.count() as f64 - 1.5);
        let more = b.scale(is_last, last - most);
        let most = b.constant(most);
        b.add(more, most)
    }
}

/// 1 where x is above a number, else 0.
fn above(b: &mut Builder, x: NodeId, number: f64) -> NodeId {
    let number = b.constant(number);
    let difference = b.sub(x, number);
    b.unary(Unary::Step, difference)
}

/// With the statistics of each `size` images, one behind the other; the last part may have fewer. The
/// running statistics take the means of the parts' means and of their unbiased variances, each weighted
/// by its images.
pub fn train(b: &mut Builder, x: NodeId, size: usize, p: Parameters) -> Trained {
    let Shape([images, rows, columns, _]) = b.ty(x).shape;
    let (parts, pixels) = (Parts { images, size }, rows * columns);
    let members = parts.members(b);
    let share = parts.each(b, |size| 1.0 / size);
    let mean_of_part = |b: &mut Builder, each: NodeId| {
        let members = b.mul(members, share);
        let shares = b.mul(members, each);
        b.reduce(ReduceKind::Sum, Axes::BATCH, shares)
    };
    let over_parts = |b: &mut Builder, each: NodeId, weight: NodeId| {
        let weighted = b.mul(weight, each);
        b.reduce(ReduceKind::Sum, Axes::SPACE, weighted)
    };
    let (own_mean, own_variance) =
        image_norm::moments(b, x, pixels, |b, x| b.reduce(ReduceKind::Sum, Axes::SPACE, x));
    let means = mean_of_part(b, own_mean);
    let mean = over_parts(b, means, members);
    // The second moment about the mean does not change with it.
    let fixed = b.detach(mean);
    let apart = b.sub(own_mean, fixed);
    let squares = b.mul(apart, apart);
    let about = b.add(own_variance, squares);
    let variances = mean_of_part(b, about);
    let variance = over_parts(b, variances, members);
    let value = affine::normalise(b, x, (mean, variance), p.epsilon, p.affine);
    let weight = parts.each(b, |size| size / images as f64);
    let newest = over_parts(b, means, weight);
    let unbiased = parts.each(b, |size| {
        let count = size * pixels as f64;
        size / images as f64 * count / less_one(count)
    });
    let spread = over_parts(b, variances, unbiased);
    let blend = |b: &mut Builder, running, newest| blend(b, running, newest, p.momentum);
    Trained { value, mean: blend(b, p.mean, newest), variance: blend(b, p.variance, spread) }
}
