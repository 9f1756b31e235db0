//! Filters that whiten the patches of the training pictures (Page 2018, "How to Train Your ResNet",
//! part 8; both signs: tysam-code 2023, Jordan 2024).

use super::tensors::{Tensor, Values};
use crate::data::Pictures;
use crate::data::normalise::Normalisation;
use crate::network::Init;
use crate::pixels::Extent;

mod eigen;
#[cfg(test)]
mod tests;

/// Added to the variance along each direction: directions that hardly vary are not blown up.
const EPSILON: f64 = 5e-4;
/// Pixels of the pictures that are looked at: those of 5,000 pictures of CIFAR-10.
const MOST_PIXELS: usize = 5000 * 32 * 32;
/// Products of the covariances, which bounds the time with large kernels.
const MOST_PRODUCTS: usize = 1 << 32;

/// The filters of those tensors that start so; of the others nothing.
pub fn filters<'a>(
    tensors: impl Iterator<Item = &'a Tensor>,
    pictures: &dyn Pictures,
    normalisation: &Normalisation,
) -> Values {
    let whitened = tensors.filter_map(|tensor| match tensor.init {
        Init::Whiten { gain, .. } => Some((tensor, gain)),
        Init::Constant(_) | Init::Normal { .. } | Init::Uniform { .. } | Init::Dirac { .. } => None,
    });
    let of = |(tensor, gain): (&Tensor, f64)| {
        let [rows, columns, _, outputs] = tensor.shape.0;
        let covariance = covariance([rows, columns], pictures, normalisation);
        (tensor.name.clone(), whitening(covariance, outputs, gain))
    };
    whitened.map(of).collect()
}

/// Filters w of a patch p with mean (wᵀp)² = `gain`² λ / (λ + ε), λ falling, uncorrelated: as many
/// directions as a patch has, then their negatives. Patch × filters.
fn whitening(covariance: Covariance, outputs: usize, gain: f64) -> Vec<f32> {
    let len = covariance.len;
    let directions = eigen::falling(covariance.mean(), len);
    let mut filters = vec![0.0; len * outputs];
    for output in 0..outputs {
        let direction = &directions[output % len];
        let scale = gain / (direction.value.max(0.0) + EPSILON).sqrt();
        let signed = if output < len { scale } else { -scale };
        for (at, element) in direction.vector.iter().enumerate() {
            filters[at * outputs + output] = (signed * element) as f32;
        }
    }
    filters
}

/// Σ p pᵀ over patches p, which are standardised already and so keep their small mean.
struct Covariance {
    len: usize,
    sums: Vec<f64>,
    patches: usize,
}

impl Covariance {
    fn add(&mut self, patch: &[f64]) {
        for (row, &left) in patch.iter().enumerate() {
            let sums = &mut self.sums[row * self.len..][..self.len];
            sums.iter_mut().zip(patch).for_each(|(sum, &right)| *sum += left * right);
        }
        self.patches += 1;
    }

    fn mean(&self) -> Vec<f64> {
        self.sums.iter().map(|sum| sum / self.patches.max(1) as f64).collect()
    }
}

/// Over the patches of pictures that stand evenly in the set, seen as they are when they are tested.
fn covariance(
    kernel: [usize; 2],
    pictures: &dyn Pictures,
    normalisation: &Normalisation,
) -> Covariance {
    let extent = pictures.seen();
    let len = kernel[0] * kernel[1] * extent.channels;
    let mut all = Covariance { len, sums: vec![0.0; len * len], patches: 0 };
    let (table, mut bytes) = (normalisation.table(), vec![0; extent.bytes()]);
    let (mut pixels, mut patch) = (vec![0.0; extent.bytes()], vec![0.0; len]);
    let there = pictures.statistics_count();
    let (looked, apart) = looked(len, extent);
    let looked = looked.min(there);
    for at in 0..looked {
        pictures.seen_picture(0, at * there / looked, &mut bytes);
        table.apply(0, &bytes, &mut pixels, false);
        for row in (0..=extent.rows.saturating_sub(kernel[0])).step_by(apart) {
            for column in (0..=extent.columns.saturating_sub(kernel[1])).step_by(apart) {
                cut(&pixels, extent, [row, column], kernel, &mut patch);
                all.add(&patch);
            }
        }
    }
    all
}

/// How many pictures are looked at, one at least, and how far apart their patches are.
fn looked(len: usize, extent: Extent) -> (usize, usize) {
    let (pixels, patches) =
        (extent.rows * extent.columns, MOST_PIXELS.min(MOST_PRODUCTS / (len * len)));
    ((patches / pixels).max(1), pixels.div_ceil(patches).isqrt().max(1))
}

/// The patch whose first pixel is at a row and column.
fn cut(
    pixels: &[f32],
    extent: Extent,
    [row, column]: [usize; 2],
    [rows, columns]: [usize; 2],
    patch: &mut [f64],
) {
    let across = columns * extent.channels;
    for (down, to) in patch.chunks_exact_mut(across).take(rows).enumerate() {
        let first = ((row + down) * extent.columns + column) * extent.channels;
        to.iter_mut().zip(&pixels[first..][..across]).for_each(|(to, &p)| *to = f64::from(p));
    }
}
