//! Uniform numbers: moments, independence of seeds, streams and neighbours.

use rnetc::graph::random::{key, mix, uniform};

const N: u32 = 1 << 16;

fn draw(seed: u32, stream: u32) -> Vec<f64> {
    let key = key(seed, stream);
    (0..N).map(|i| f64::from(uniform(key, i))).collect()
}

/// Correlation of two draws; its standard error for independent ones is 1/√N.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let covariance: f64 = a.iter().zip(b).map(|(x, y)| (x - 0.5) * (y - 0.5)).sum();
    covariance / a.len() as f64 * 12.0
}

/// The finaliser's published constants and steps, computed in 64-bit arithmetic.
#[test]
fn mix_is_lowbias32() {
    for x in [0u32, 1, 2, 0xdead_beef, u32::MAX] {
        let mut y = u64::from(x);
        y ^= y >> 16;
        y = y * 0x7feb_352d % (1 << 32);
        y ^= y >> 15;
        y = y * 0x846c_a68b % (1 << 32);
        y ^= y >> 16;
        assert_eq!(u64::from(mix(x)), y);
    }
}

/// Mean ½ ± 5σ with σ = 1/√(12N); second moment ⅓ ± 5σ with σ² = (1/5 − 1/9)/N.
#[test]
fn moments() {
    let n = f64::from(N);
    for (seed, stream) in [(0, 0), (0, 1), (1, 0), (7, 1000), (16_777_215, 3)] {
        let u = draw(seed, stream);
        assert!(u.iter().all(|v| (0.0..1.0).contains(v)));
        let mean = u.iter().sum::<f64>() / n;
        assert!((mean - 0.5).abs() < 5.0 / (12.0 * n).sqrt(), "mean {mean}");
        let second = u.iter().map(|v| v * v).sum::<f64>() / n;
        let sigma = ((1.0 / 5.0 - 1.0 / 9.0) / n).sqrt();
        assert!((second - 1.0 / 3.0).abs() < 5.0 * sigma, "second moment {second}");
    }
}

/// χ² over 256 cells, 255 degrees of freedom: mean 255, standard deviation √510; five of them.
#[test]
fn cells_are_even() {
    for (seed, stream) in [(0, 0), (3, 5), (12345, 17)] {
        let mut cells = [0u32; 256];
        draw(seed, stream).iter().for_each(|u| cells[(u * 256.0) as usize] += 1);
        let expected = f64::from(N) / 256.0;
        let chi: f64 = cells.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
        assert!((chi - 255.0).abs() < 5.0 * 510f64.sqrt(), "χ² {chi}");
    }
}

#[test]
fn seeds_streams_and_neighbours_are_uncorrelated() {
    let limit = 5.0 / f64::from(N).sqrt();
    let base = draw(1, 1);
    for (what, other) in [
        ("next seed", draw(2, 1)),
        ("next stream", draw(1, 2)),
        ("seed and stream exchanged", draw(5, 1)),
        ("far stream", draw(1, 1000)),
    ] {
        let r = correlation(&base, &other);
        assert!(r.abs() < limit, "{what}: {r}");
    }
    for lag in [1, 2, 3, 16, 32, 64, 1024] {
        let r = correlation(&base[lag..], &base[..base.len() - lag]);
        assert!(r.abs() < limit, "lag {lag}: {r}");
    }
}

/// One number from each of many consecutive seeds or streams is as uniform as a draw: what
/// stochastic depth relies on.
#[test]
fn first_numbers_of_many_draws() {
    let n = 4096;
    for by_seed in [true, false] {
        let pick = |k: u32| if by_seed { key(k, 9) } else { key(9, k) };
        let u: Vec<f64> = (0..n).map(|k| f64::from(uniform(pick(k), 0))).collect();
        let mean = u.iter().sum::<f64>() / f64::from(n);
        assert!((mean - 0.5).abs() < 5.0 / (12.0 * f64::from(n)).sqrt(), "mean {mean}");
        let r = correlation(&u[1..], &u[..u.len() - 1]);
        assert!(r.abs() < 5.0 / f64::from(n).sqrt(), "correlation {r}");
    }
}
