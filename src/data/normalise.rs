//! Per-channel standardisation.

use serde::{Deserialize, Serialize};

use super::{Extent, Pictures};

/// Mean and standard deviation of each channel, in bytes (0–255).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    /// Mean of each channel.
    pub mean: Vec<f64>,
    /// Standard deviation of each channel.
    pub std: Vec<f64>,
}

impl Normalisation {
    /// Taken over the pictures of a training set. Sums are integers, so the order is no matter.
    pub fn measure(pictures: &dyn Pictures) -> Self {
        let channels = pictures.extent().channels;
        let mut sums = vec![(0u64, 0u64); channels];
        let mut pixels = vec![0; pictures.extent().bytes()];
        let count = pictures.statistics_count();
        for index in 0..count {
            pictures.picture(0, index, &mut pixels);
            for pixel in pixels.chunks_exact(channels) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    sum.0 += u64::from(value);
                    sum.1 += u64::from(value).pow(2);
                }
            }
        }
        Self::from_sums(&sums, (count * pixels.len() / channels) as u64)
    }

    fn from_sums(sums: &[(u64, u64)], n: u64) -> Self {
        let n = n.max(1) as f64;
        let mean: Vec<f64> = sums.iter().map(|&(sum, _)| sum as f64 / n).collect();
        let std = sums.iter().zip(&mean).map(|(&(_, squares), mean)| {
            let variance = squares as f64 / n - mean * mean;
            // A channel that never changes carries nothing; leave its scale alone.
            if variance > 1e-6 { variance.sqrt() } else { 1.0 }
        });
        Self { std: std.collect(), mean }
    }

    /// The standardised value of each byte, by channel.
    pub fn table(&self) -> Table {
        let value = |byte: usize, channel: usize| {
            ((byte as f64 - self.mean[channel]) / self.std[channel]) as f32
        };
        let channels = self.mean.len();
        Table((0..channels).map(|c| std::array::from_fn(|byte| value(byte, c))).collect())
    }

    /// Whether it can be used for pictures of this size: a finite mean and a positive deviation
    /// for each channel.
    pub fn fits(&self, extent: Extent) -> bool {
        self.mean.len() == extent.channels
            && self.std.len() == extent.channels
            && self.mean.iter().all(|m| m.is_finite())
            && self.std.iter().all(|s| s.is_finite() && *s > 0.0)
    }
}

/// Standardised values of bytes, for each channel.
#[derive(Clone, Debug)]
pub struct Table(Vec<[f32; 256]>);

impl Table {
    /// Standardises whole pixels.
    pub fn apply(&self, pixels: &[u8], out: &mut [f32]) {
        let channels = self.0.len();
        for (from, to) in pixels.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
            for ((table, &byte), value) in self.0.iter().zip(from).zip(to) {
                *value = table[usize::from(byte)];
            }
        }
    }
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
        normalisation.table().apply(&[9, 10, 4, 13], &mut out);
        assert_eq!(out, [5f32.sqrt(), 0.0, 0.0, 3.0]);
    }
}
