//! Standardisation, by channel or by pixel.

use serde::{Deserialize, Serialize};

use super::{Extent, Pictures};
use crate::pixels::Table;

/// Means and standard deviations, in bytes (0–255).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    /// Mean of each channel; or of each channel of each pixel, row by row.
    pub mean: Vec<f64>,
    /// Standard deviation of each channel.
    pub std: Vec<f64>,
}

impl Normalisation {
    /// torchvision's for ImageNet, of three channels.
    pub fn imagenet() -> Self {
        let bytes = |values: [f64; 3]| values.map(|value| 255.0 * value).to_vec();
        Self { mean: bytes([0.485, 0.456, 0.406]), std: bytes([0.229, 0.224, 0.225]) }
    }

    /// Taken by channel over the pictures of a training set. Sums are integers, so the order is
    /// no matter.
    pub fn measure(pictures: &dyn Pictures) -> Self {
        let channels = pictures.extent().channels;
        let (sums, count) = sums(pictures);
        let mut merged = vec![(0, 0); channels];
        for (at, sum) in sums.iter().enumerate() {
            let of = &mut merged[at % channels];
            *of = (of.0 + sum.0, of.1 + sum.1);
        }
        let n = (count * sums.len() as u64 / channels as u64).max(1) as f64;
        let mean: Vec<f64> = merged.iter().map(|&(sum, _)| sum as f64 / n).collect();
        let squares = merged.iter().map(|&(_, squares)| squares as f64);
        let variance = squares.zip(&mean).map(|(squares, mean)| squares / n - mean * mean);
        Self { std: variance.map(deviation).collect(), mean }
    }

    /// Taken with a mean of each pixel; the deviation is each channel's about those means.
    pub fn measure_pixels(pictures: &dyn Pictures) -> Self {
        let channels = pictures.extent().channels;
        let (sums, count) = sums(pictures);
        let n = count.max(1) as f64;
        let mean: Vec<f64> = sums.iter().map(|&(sum, _)| sum as f64 / n).collect();
        let mut variance = vec![0.0; channels];
        for (at, (&(_, squares), mean)) in sums.iter().zip(&mean).enumerate() {
            let pixels = (sums.len() / channels) as f64;
            variance[at % channels] += (squares as f64 / n - mean * mean) / pixels;
        }
        Self { std: variance.into_iter().map(deviation).collect(), mean }
    }

    /// What maps bytes to standardised values.
    pub fn table(&self) -> Table {
        let channels = self.std.len();
        let value = |byte: usize, at: usize| {
            ((byte as f64 - self.mean[at]) / self.std[at % channels]) as f32
        };
        if self.is_by_channel() {
            let row = |channel| std::array::from_fn(|byte| value(byte, channel));
            return Table::Channels((0..channels).map(row).collect());
        }
        let std = self.std.iter().map(|&std| std as f32).collect();
        Table::Pixels { mean: self.mean.iter().map(|&mean| mean as f32).collect(), std }
    }

    /// Whether there is one mean for each channel, wherever a pixel is.
    pub fn is_by_channel(&self) -> bool {
        self.mean.len() == self.std.len()
    }

    /// Whether it can be used for pictures of this size: finite means and a positive deviation
    /// for each channel.
    pub fn fits(&self, extent: Extent) -> bool {
        [extent.channels, extent.bytes()].contains(&self.mean.len())
            && self.std.len() == extent.channels
            && self.mean.iter().all(|m| m.is_finite())
            && self.std.iter().all(|s| s.is_finite() && *s > 0.0)
    }
}

/// Sum and sum of squares of every channel of every pixel, and over how many pictures.
fn sums(pictures: &dyn Pictures) -> (Vec<(u64, u64)>, u64) {
    let mut pixels = vec![0; pictures.seen().bytes()];
    let mut sums = vec![(0u64, 0u64); pixels.len()];
    let count = pictures.statistics_count();
    for index in 0..count {
        pictures.seen_picture(0, index, &mut pixels);
        for (sum, &value) in sums.iter_mut().zip(&pixels) {
            sum.0 += u64::from(value);
            sum.1 += u64::from(value).pow(2);
        }
    }
    (sums, count as u64)
}

/// A channel that never changes carries nothing; its scale is left alone.
fn deviation(variance: f64) -> f64 {
    if variance > 1e-6 { variance.sqrt() } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dataset::Stored;

    #[test]
    fn two_small_pictures_by_hand() {
        let extent = Extent { rows: 1, columns: 2, channels: 2 };
        // Channel 0: 1, 3, 5, 7 (mean 4, variance 5); channel 1: 10 throughout.
        let stored = Stored::new(extent, vec![1, 10, 3, 10, 5, 10, 7, 10], vec![0, 1]).unwrap();
        let normalisation = Normalisation::measure(&stored);
        assert_eq!(normalisation.mean, [4.0, 10.0]);
        assert_eq!(normalisation.std, [5f64.sqrt(), 1.0]);
        assert!(normalisation.fits(extent));
        assert!(!normalisation.fits(Extent::CIFAR));
        let mut out = [0.0; 4];
        normalisation.table().apply(0, &[9, 10, 4, 13], &mut out, false);
        assert_eq!(out, [5f32.sqrt(), 0.0, 0.0, 3.0]);
    }

    #[test]
    fn pixels_have_means_of_their_own_and_channels_a_deviation() {
        let extent = Extent { rows: 1, columns: 2, channels: 1 };
        let stored = Stored::new(extent, vec![1, 10, 5, 16], vec![0, 1]).unwrap();
        let normalisation = Normalisation::measure_pixels(&stored);
        // About the means 3 and 13: variances 4 and 9, together 6.5.
        assert_eq!(normalisation.mean, [3.0, 13.0]);
        assert!((normalisation.std[0] - 6.5f64.sqrt()).abs() < 1e-12);
        assert!(normalisation.fits(extent) && !normalisation.fits(Extent::CIFAR));
        let table = Normalisation { mean: vec![3.0, 13.0], std: vec![2.0] }.table();
        let mut out = [0.0; 2];
        table.apply(0, &[7, 7], &mut out, false);
        assert_eq!(out, [2.0, -3.0]);
        table.apply(0, &[7, 7], &mut out, true);
        assert_eq!(out, [-3.0, 2.0]);
        table.apply(1, &[7], &mut out[..1], false);
        assert_eq!(out[0], -3.0);
    }
}
