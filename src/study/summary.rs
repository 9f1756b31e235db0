//! The figures of several runs of one row.

use serde::Serialize;

use crate::chart::quantiles::median;

/// Median, mean and spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The middle; the mean of the two in the middle where there are two.
    pub median: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation of a sample (n − 1); none of one run.
    pub std: Option<f64>,
}

impl Summary {
    /// Of some numbers; none of none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let median = median(values)?;
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let std = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        Some(Self { median, mean, std })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_samples_by_hand() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[3.0]), Some(Summary { median: 3.0, mean: 3.0, std: None }));
        let two = Summary::of(&[5.0, 1.0]).unwrap();
        assert_eq!((two.median, two.mean, two.std), (3.0, 3.0, Some(8f64.sqrt())));
        let five = Summary::of(&[2.0, 9.0, 4.0, 4.0, 1.0]).unwrap();
        assert_eq!((five.median, five.mean), (4.0, 4.0));
        assert!((five.std.unwrap() - 9.5f64.sqrt()).abs() < 1e-12);
    }
}
