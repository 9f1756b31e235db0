//! Putting per-image partials together, in image order, in f64.

/// Sum or maximum over images of `len` partials each.
pub fn fold(partials: &[f32], len: usize, max: bool, out: &mut [f32]) {
    let images = partials.chunks_exact(len);
    if max {
        out.fill(f32::NEG_INFINITY);
        for image in images {
            out.iter_mut().zip(image).for_each(|(m, &v)| *m = if v <= *m { *m } else { v });
        }
        return;
    }
    let mut sums = vec![0.0f64; len];
    for image in images {
        sums.iter_mut().zip(image).for_each(|(sum, &v)| *sum += f64::from(v));
    }
    out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum as f32);
}

/// Σ (x − mean)² over all images, from each image's shift s, Σ (x − s) and Σ (x − s)² of `count`
/// elements (the pairwise update of Chan, Golub and LeVeque 1979).
pub fn moments(partials: &[f32], len: usize, count: usize, out: &mut [f32]) {
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
        moments(&partials, 1, 3, &mut out);
        // 0…5 about their mean 2.5.
        assert_eq!(out, [17.5]);
    }
}
