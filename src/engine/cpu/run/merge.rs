//! Results of the batch from those of its images: in image order inside the leaves of its tree, then in
//! pairs; in f64.

use super::view::{Home, Place, View};
use crate::engine::cpu::memory::{Leaves, paired};
use crate::engine::cpu::plan::{Merge, MergeKind};
use crate::ranks::Rule;

/// Puts a result together.
///
/// # Safety
/// Nothing else touches the result's place meanwhile, nor the parts.
pub unsafe fn run(merge: &Merge<Place>, view: View, leaves: Leaves) {
    // SAFETY: the caller's promise.
    unsafe {
        match gather(merge, view, leaves) {
            Gathered::Numbers(numbers) => finish(merge, view, &numbers),
            Gathered::Sums(place) => finish_weights(merge, view, view.read(place)),
        }
    }
}

/// What all images come to, to be joined with others' and written.
pub enum Gathered {
    /// Few numbers, with more digits than they have at last.
    Numbers(Vec<f64>),
    /// A weight gradient as its kernels leave it, which lies there.
    Sums(Place),
}

/// What all images come to.
///
/// # Safety
/// Nothing else touches the parts meanwhile.
pub unsafe fn gather(merge: &Merge<Place>, view: View, leaves: Leaves) -> Gathered {
    match rule(&merge.kind) {
        Some(rule) => Gathered::Numbers(numbers(merge, rule, view, leaves)),
        // SAFETY: the caller's promise.
        None => Gathered::Sums(unsafe { sums(merge, view, leaves) }),
    }
}

/// By which rule parts are joined; none for those that are long and f32.
pub fn rule(kind: &MergeKind) -> Option<Rule> {
    match kind {
        MergeKind::Sum => Some(Rule::Sum),
        MergeKind::Max => Some(Rule::Max),
        MergeKind::Moments { .. } => Some(Rule::Moments),
        MergeKind::Weights(_) => None,
    }
}

fn numbers(merge: &Merge<Place>, rule: Rule, view: View, leaves: Leaves) -> Vec<f64> {
    let len = merge.result.len;
    let mut leaf = |number: usize| {
        let images = leaves.leaf(number);
        let first = View { image: images.start, ..view }.place(merge.parts);
        let partials = view.read(first.all(images.len()));
        match &merge.kind {
            MergeKind::Sum => sum(partials, len),
            MergeKind::Max => max(partials, len),
            MergeKind::Moments { count } => moments(partials, *count, len),
            MergeKind::Weights(_) => unreachable!("these have no rule"),
        }
    };
    let join = |mut low: Vec<f64>, high: Vec<f64>| {
        rule.join(&mut low, &high);
        low
    };
    paired(leaves.count(), &mut leaf, &join)
}

/// Writes what was gathered.
///
/// # Safety
/// Nothing else touches the result's place meanwhile.
pub unsafe fn finish(merge: &Merge<Place>, view: View, gathered: &[f64]) {
    // SAFETY: the caller's promise.
    let out = unsafe { view.write(merge.result) };
    match &merge.kind {
        MergeKind::Moments { .. } => {
            for (out, [_, _, m2]) in out.iter_mut().zip(gathered.as_chunks().0) {
                // A NaN stays one.
                *out = if *m2 < 0.0 { 0.0 } else { *m2 as f32 };
            }
        }
        MergeKind::Sum | MergeKind::Max => {
            out.iter_mut().zip(gathered).for_each(|(out, v)| *out = *v as f32);
        }
        MergeKind::Weights(_) => unreachable!("these are no numbers"),
    }
}

/// Σ over images.
fn sum(partials: &[f32], len: usize) -> Vec<f64> {
    let mut sums = vec![0.0f64; len];
    for image in partials.chunks_exact(len) {
        sums.iter_mut().zip(image).for_each(|(sum, &v)| *sum += f64::from(v));
    }
    sums
}

/// The largest of all images; a NaN stays.
fn max(partials: &[f32], len: usize) -> Vec<f64> {
    let mut largest = vec![f64::NEG_INFINITY; len];
    for image in partials.chunks_exact(len) {
        largest.iter_mut().zip(image).for_each(|(m, &v)| {
            let v = f64::from(v);
            *m = if v <= *m || m.is_nan() { *m } else { v };
        });
    }
    largest
}

/// Elements, mean and Σ (x − mean)² of all images, from each image's shift s, Σ (x − s) and Σ (x − s)² of
/// `count` elements (the pairwise update of Chan, Golub and LeVeque 1979).
fn moments(partials: &[f32], count: usize, len: usize) -> Vec<f64> {
    let count = count as f64;
    // Divisions take longer than all the rest.
    let each = 1.0 / count;
    let mut sums = vec![[0.0f64; 3]; len];
    for (seen, image) in partials.chunks_exact(3 * len).enumerate() {
        let [shift, first, second] = [0, 1, 2].map(|vector| &image[vector * len..][..len]);
        // The weights are the same for every element.
        let seen = seen as f64 * count;
        let (share, weight) = (count / (seen + count), seen * count / (seen + count));
        let own = shift.iter().zip(first).zip(second);
        for ([all, mean, squares], ((&shift, &first), &second)) in sums.iter_mut().zip(own) {
            let [shift, first, second] = [shift, first, second].map(f64::from);
            let delta = shift + first * each - *mean;
            *squares += second - first * first * each + delta * delta * weight;
            *mean += delta * share;
            *all = seen + count;
        }
    }
    sums.into_flattened()
}

/// Elements of accumulators that are added up together, so that they stay in a core's cache.
const BLOCK: usize = 2048;

/// Adds up the chunks' accumulators: each leaf's in their order, the leaves' in pairs. They lie where the
/// first chunk's did.
///
/// # Safety
/// Nothing else touches the accumulators meanwhile.
unsafe fn sums(merge: &Merge<Place>, view: View, leaves: Leaves) -> Place {
    let mut all: Vec<&mut [f32]> = (0..leaves.chunks())
        // SAFETY: the caller's promise; each chunk has its own.
        .map(|chunk| unsafe { View { chunk, ..view }.write(merge.parts) })
        .collect();
    let each = leaves.chunks_each();
    for first in (0..merge.parts.len).step_by(BLOCK) {
        let block = first..merge.parts.len.min(first + BLOCK);
        let mut add = |to: usize, from: usize| {
            let (low, high) = all.split_at_mut(from);
            let pairs = low[to][block.clone()].iter_mut().zip(&high[0][block.clone()]);
            pairs.for_each(|(sum, v)| *sum += v);
        };
        for leaf in (0..leaves.chunks()).step_by(each) {
            (1..each).for_each(|chunk| add(leaf, leaf + chunk));
        }
        let mut step = 1;
        while step < leaves.count() {
            let lows = (0..leaves.count()).step_by(2 * step);
            lows.for_each(|low| add(low * each, (low + step) * each));
            step *= 2;
        }
    }
    let first = View { chunk: 0, ..view }.place(merge.parts);
    Place { home: Home::Whole, ..first }
}

/// Writes a weight gradient from the sums of all images.
///
/// # Safety
/// Nothing else touches the result's place meanwhile.
pub unsafe fn finish_weights(merge: &Merge<Place>, view: View, sums: &[f32]) {
    if let MergeKind::Weights(plan) = &merge.kind {
        // SAFETY: the caller's promise.
        plan.finish_dw([sums], unsafe { view.write(merge.result) });
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
        // 0…5 about their mean 2.5.
        assert_eq!(moments(&partials, 3, 1), [6.0, 1e4 + 2.5, 17.5]);
    }
}
