//! Medians and quartiles.

use serde::Serialize;

/// Five numbers that say how a sample is spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Five {
    /// Smallest.
    pub min: f64,
    /// First quartile.
    pub q1: f64,
    /// Median.
    pub median: f64,
    /// Third quartile.
    pub q3: f64,
    /// Largest.
    pub max: f64,
}

impl Five {
    /// Of a sample; none where it is empty.
    pub fn of(sample: &[f64]) -> Option<Self> {
        let mut sorted = sample.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |q| quantile(&sorted, q);
        Some(Self { min: at(0.0)?, q1: at(0.25)?, median: at(0.5)?, q3: at(0.75)?, max: at(1.0)? })
    }
}

/// The middle number, or the mean of the middle two; none of none.
pub fn median(sample: &[f64]) -> Option<f64> {
    Five::of(sample).map(|five| five.median)
}

/// The quantile of a sorted sample, between neighbours in proportion (NumPy's default).
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let place = q * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    Some(sorted[low] + (place - low as f64) * (sorted[high] - sorted[low]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_neighbours() {
        let five = Five::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        // numpy.percentile([1, 2, 3, 4], [0, 25, 50, 75, 100])
        assert_eq!(five, Five { min: 1.0, q1: 1.75, median: 2.5, q3: 3.25, max: 4.0 });
        assert_eq!(Five::of(&[7.0]).unwrap().median, 7.0);
        assert_eq!(Five::of(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
