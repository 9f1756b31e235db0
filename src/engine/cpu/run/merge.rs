//! Results of the batch from those of its images, in image order, in f64.

use super::view::{Place, View};
use crate::engine::cpu::memory::chunks;
use crate::engine::cpu::plan::{Merge, MergeKind};

/// Puts a result together.
///
/// # Safety
/// Nothing else touches the result's place meanwhile.
pub unsafe fn run(merge: &Merge<Place>, view: View, batch: usize) {
    // SAFETY: the caller's promise.
    let out = unsafe { view.write(merge.result) };
    let partials = || view.read(merge.parts.all(batch));
    match &merge.kind {
        MergeKind::Sum => sum(partials(), out),
        MergeKind::Max => max(partials(), out),
        MergeKind::Moments { count } => moments(partials(), *count, out),
        MergeKind::Weights(plan) => {
            let sums = (0..chunks(batch)).map(|chunk| View { chunk, ..view }.read(merge.parts));
            plan.finish_dw(sums, out);
        }
    }
}

/// Σ over images.
fn sum(partials: &[f32], out: &mut [f32]) {
    let mut sums = vec![0.0f64; out.len()];
    for image in partials.chunks_exact(out.len()) {
        sums.iter_mut().zip(image).for_each(|(sum, &v)| *sum += f64::from(v));
    }
    out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum as f32);
}

/// The largest of all images; a NaN stays.
fn max(partials: &[f32], out: &mut [f32]) {
    out.fill(f32::NEG_INFINITY);
    for image in partials.chunks_exact(out.len()) {
        out.iter_mut()
            .zip(image)
            .for_each(|(m, &v)| *m = if v <= *m || m.is_nan() { *m } else { v });
    }
}

/// Σ (x − mean)² over all images, from each image's shift s, Σ (x − s) and Σ (x − s)² of `count`
/// elements (the pairwise update of Chan, Golub and LeVeque 1979).
fn moments(partials: &[f32], count: usize, out: &mut [f32]) {
    let len = out.len();
    let count = count as f64;
    // Divisions take longer than all the rest.
    let each = 1.0 / count;
    let mut sums = vec![[0.0f64; 2]; len];
    for (seen, image) in partials.chunks_exact(3 * len).enumerate() {
        let [shift, first, second] = [0, 1, 2].map(|vector| &image[vector * len..][..len]);
        // The weights are the same for every element.
        let seen = seen as f64 * count;
        let (share, weight) = (count / (seen + count), seen * count / (seen + count));
        let own = shift.iter().zip(first).zip(second);
        for ([mean, squares], ((&shift, &first), &second)) in sums.iter_mut().zip(own) {
            let [shift, first, second] = [shift, first, second].map(f64::from);
            let delta = shift + first * each - *mean;
            *squares += second - first * first * each + delta * delta * weight;
            *mean += delta * share;
        }
    }
    for (out, [_, m2]) in out.iter_mut().zip(sums) {
        // A NaN stays one.
        *out = if m2 < 0.0 { 0.0 } else { m2 as f32 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_survive_a_large_mean() {
        let images = [[1e4f32, 1e4 + 1.0, 1e4 + 2.0], [1e4 + 3.0, 1e4 + 4.0, 1e4 + 5.0]];
        let partials: Vec<f32> = images
            .iter()
            .flat_map(|image| {
                let shifted = image.map(|v| v - image[0]);
                [image[0], shifted.iter().sum(), shifted.iter().map(|v| v * v).sum()]
            })
            .collect();
        let mut out = [0.0];
        moments(&partials, 3, &mut out);
        // 0…5 about their mean 2.5.
        assert_eq!(out, [17.5]);
    }
}
