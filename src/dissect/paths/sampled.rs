//! Gradient norm by path length, what all paths of a length carry, and which lengths matter.

use serde::{Deserialize, Serialize};

use super::gradient::{Along, Draw, Gradients};
use super::lengths::{ln_choose, share_between};
use crate::chart::quantiles::Five;
use crate::train::TrainError;

/// The share of the total gradient that the effective lengths carry.
const MOST: f64 = 0.95;

/// What the samples of one length gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Length {
    /// Units passed through F.
    pub length: usize,
    /// Paths drawn.
    pub samples: usize,
    /// log₁₀ of E‖g‖; null where every gradient was zero.
    pub log10_mean: Option<f64>,
    /// log₁₀ of the quartiles of ‖g‖: first, median, third; null where they are zero.
    pub log10_quartiles: [Option<f64>; 3],
}

/// Draws `samples` paths of a length; none if `interrupted`.
pub fn measure(
    gradients: &mut Gradients,
    (length, samples): (usize, usize),
    seed: u32,
    interrupted: &dyn Fn() -> bool,
) -> Result<Option<Length>, TrainError> {
    let mut logs = Vec::with_capacity(samples);
    while logs.len() < samples {
        if interrupted() {
            return Ok(None);
        }
        let first = logs.len();
        let count = gradients.batch().min(samples - first);
        let draws: Vec<Draw> =
            (first..first + count).map(|n| gradients.draw(seed, length, n as u64)).collect();
        logs.extend(gradients.norms(&draws.iter().map(Draw::along).collect::<Vec<Along>>())?);
    }
    Ok(Some(summed(length, &logs)))
}

/// From logarithms to base two.
fn summed(length: usize, logs: &[f64]) -> Length {
    let tens = std::f64::consts::LOG10_2;
    // Relative to the largest, so that nothing leaves the range of f64.
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = logs.iter().map(|log| (log - most).exp2()).sum::<f64>() / logs.len().max(1) as f64;
    let finite = |log: f64| log.is_finite().then_some(log);
    let mut sorted = logs.to_vec();
    sorted.sort_by(f64::total_cmp);
    let five = Five::of(&sorted);
    let quartile = |of: fn(&Five) -> f64| five.as_ref().and_then(|five| finite(of(five) * tens));
    Length {
        length,
        samples: logs.len(),
        log10_mean: finite((most + mean.log2()) * tens),
        log10_quartiles: [quartile(|f| f.q1), quartile(|f| f.median), quartile(|f| f.q3)],
    }
}

/// What all paths of a length carry: log₁₀ of C(n, x)·E‖g‖.
pub fn log10_total(n: usize, length: &Length) -> Option<f64> {
    Some(ln_choose(n, length.length) / std::f64::consts::LN_10 + length.log10_mean?)
}

/// The lengths that carry nearly all of the gradient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Effective {
    /// Shortest.
    pub first: usize,
    /// Longest.
    pub last: usize,
    /// Their share of the total gradient.
    pub of_gradient: f64,
    /// Their share of all paths.
    pub of_paths: f64,
    /// The mean length, weighted by what each carries.
    pub mean: f64,
}

/// The narrowest range of lengths that carries 95 % of Σ C(n, x)·E‖g‖.
pub fn effective(n: usize, lengths: &[Length]) -> Option<Effective> {
    let logs: Vec<(usize, f64)> =
        lengths.iter().filter_map(|l| Some((l.length, log10_total(n, l)?))).collect();
    let most = logs.iter().map(|l| l.1).fold(f64::NEG_INFINITY, f64::max);
    let totals: Vec<(usize, f64)> =
        logs.iter().map(|&(x, log)| (x, 10f64.powf(log - most))).collect();
    let all: f64 = totals.iter().map(|t| t.1).sum();
    let ranges = (0..totals.len()).filter_map(|from| {
        let mut sum = 0.0;
        let until = (from..totals.len()).find(|&at| {
            sum += totals[at].1;
            sum >= MOST * all
        })?;
        Some((until - from, from, until, sum))
    });
    let (_, from, until, sum) = ranges.min_by_key(|range| range.0)?;
    let (first, last) = (totals[from].0, totals[until].0);
    let mean = totals.iter().map(|&(x, t)| x as f64 * t).sum::<f64>() / all;
    let of_paths = share_between(n, first..=last);
    Some(Effective { first, last, of_gradient: sum / all, of_paths, mean })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_medians_come_back_from_logarithms() {
        let logs = [4f64, 1.0, 2.0].map(f64::log2);
        let found = summed(3, &logs);
        assert!((10f64.powf(found.log10_mean.unwrap()) - 7.0 / 3.0).abs() < 1e-12);
        assert!((10f64.powf(found.log10_quartiles[1].unwrap()) - 2.0).abs() < 1e-12);
        // Far below f64's smallest number, and zero.
        let found = summed(3, &[-5000.0, f64::NEG_INFINITY]);
        assert!((found.log10_mean.unwrap() + 5001.0 * 2f64.log10()).abs() < 1e-9);
        assert_eq!(summed(3, &[f64::NEG_INFINITY]).log10_mean, None);
    }

    #[test]
    fn effective_lengths_by_hand() {
        // n = 4 has 1, 4, 6, 4, 1 paths; with norms 1, 1/4, 0, 1/40, 0 they carry 1, 1, 0, 0.1, 0.
        let norms = [1.0, 0.25, 0.0, 0.025, 0.0];
        let lengths: Vec<Length> = norms
            .iter()
            .enumerate()
            .map(|(length, norm)| summed(length, &[f64::log2(*norm)]))
            .collect();
        let found = effective(4, &lengths).unwrap();
        assert_eq!((found.first, found.last), (0, 1));
        assert!((found.of_gradient - 2.0 / 2.1).abs() < 1e-12);
        assert!((found.of_paths - 5.0 / 16.0).abs() < 1e-12);
        assert!((found.mean - 1.3 / 2.1).abs() < 1e-12);
    }
}
