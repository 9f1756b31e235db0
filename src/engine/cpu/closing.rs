//! Putting per-image partials together, in image order, in f64.

/// Sum or maximum over images of `len` partials each.
pub fn fold(partials: &[f32], len: usize, max: bool, out: &mut [f32]) {
    for (element, out) in out.iter_mut().enumerate() {
        let values = partials.iter().skip(element).step_by(len);
        *out = if max {
            values.copied().fold(f32::NEG_INFINITY, |m, v| if v <= m { m } else { v })
        } else {
            values.map(|&v| f64::from(v)).sum::<f64>() as f32
        };
    }
}

/// Σ (x − mean)² over all images, from each image's shift s, Σ (x − s) and Σ (x − s)² of `count`
/// elements (the pairwise update of Chan, Golub and LeVeque 1979).
pub fn moments(partials: &[f32], len: usize, count: usize, out: &mut [f32]) {
    let count = count as f64;
    for (element, out) in out.iter_mut().enumerate() {
        let (mut seen, mut mean, mut m2) = (0.0, 0.0, 0.0);
        for image in partials.chunks_exact(3 * len) {
            let [shift, first, second] =
                [0, 1, 2].map(|vector| f64::from(image[vector * len + element]));
            let own_mean = shift + first / count;
            let own_m2 = second - first * first / count;
            let (delta, total) = (own_mean - mean, seen + count);
            m2 += own_m2 + delta * delta * seen * count / total;
            mean += delta * count / total;
            seen = total;
        }
        *out = m2.max(0.0) as f32;
        if m2.is_nan() {
            *out = f32::NAN;
        }
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
