//! What a net is to say of the pictures of a batch.

use crate::pixels::{Extent, Mix};

/// How targets are made of labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// How many classes there are.
    pub classes: usize,
    /// The share of a target that is spread over all classes.
    pub smoothing: f64,
    /// What each class counts in the loss; nothing where all count alike.
    pub weights: Vec<f64>,
}

impl Targets {
    /// Writes a row a picture. Without weights, each sums to 1. With them, the mean of the rows'
    /// cross-entropies is PyTorch's `cross_entropy(weight=…)`: the weighted mean over the pictures.
    pub fn write(&self, labels: &[u8], mix: (Mix, Extent), rows: &mut [f32]) {
        rows.fill(0.0);
        let (classes, share) = (self.classes, mix.0.share(mix.1));
        let spread = self.smoothing / classes as f64;
        for (at, row) in rows.chunks_exact_mut(classes).take(labels.len()).enumerate() {
            row.fill(spread as f32);
            let other = labels[at.checked_sub(1).unwrap_or(labels.len() - 1)];
            let own = usize::from(labels[at]);
            if share == 1.0 || own == usize::from(other) {
                row[own] = (1.0 - self.smoothing + spread) as f32;
            } else {
                row[own] = ((1.0 - self.smoothing) * share + spread) as f32;
                row[usize::from(other)] = ((1.0 - self.smoothing) * (1.0 - share) + spread) as f32;
            }
        }
        if !self.weights.is_empty() {
            self.weigh(labels, share, rows);
        }
    }

    fn weigh(&self, labels: &[u8], share: f64, rows: &mut [f32]) {
        let weight = |label: &u8| self.weights[usize::from(*label)];
        let others = labels.iter().cycle().skip(labels.len().saturating_sub(1));
        let of_pictures = labels.iter().zip(others);
        let sum: f64 = of_pictures
            .map(|(own, other)| share * weight(own) + (1.0 - share) * weight(other))
            .sum();
        // A batch of pictures that all count nothing.
        let mean = if sum > 0.0 { sum / labels.len() as f64 } else { 1.0 };
        for row in rows.chunks_exact_mut(self.classes) {
            for (value, weight) in row.iter_mut().zip(&self.weights) {
                *value = (f64::from(*value) * weight / mean) as f32;
            }
        }
    }
}

/// Of each picture of a mixed batch, the label that has the larger share.
pub fn larger(labels: &mut [u8], share: f64) {
    if share < 0.5 {
        labels.rotate_right(1);
    }
}

/// A weight for each class that is the mean number of pictures of a class over its own, so that each
/// class counts alike (scikit-learn's `balanced`); a class without pictures counts nothing.
pub fn balanced(counts: &[u64]) -> Vec<f64> {
    let there = counts.iter().filter(|&&count| count > 0).count().max(1);
    let mean = counts.iter().sum::<u64>() as f64 / there as f64;
    counts.iter().map(|&count| if count > 0 { mean / count as f64 } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent { rows: 2, columns: 2, channels: 1 };

    fn rows(targets: &Targets, labels: &[u8], mix: Mix) -> Vec<f32> {
        let mut rows = vec![f32::NAN; labels.len() * targets.classes];
        targets.write(labels, (mix, EXTENT), &mut rows);
        rows
    }

    #[test]
    fn a_mixed_target_has_the_shares_of_both_pictures() {
        let plain = Targets { classes: 3, ..Targets::default() };
        let mix = Mix::Blend { share: 0.75 };
        let expected = [0.75, 0., 0.25, 0.25, 0.75, 0., 0., 0.25, 0.75];
        assert_eq!(rows(&plain, &[0, 1, 2], mix), expected);
        assert_eq!(rows(&plain, &[1, 1], mix), [0., 1., 0., 0., 1., 0.]);
        let smooth = Targets { smoothing: 0.3, ..plain };
        let row = &rows(&smooth, &[0, 1, 2], mix)[..3];
        for (value, expected) in row.iter().zip([0.625, 0.1, 0.275]) {
            assert!((value - expected).abs() < 1e-6, "{row:?}");
        }
        let mut labels = [0, 1, 2];
        larger(&mut labels, 0.75);
        assert_eq!(labels, [0, 1, 2]);
        larger(&mut labels, 0.25);
        assert_eq!(labels, [2, 0, 1]);
    }

    #[test]
    fn weights_have_a_mean_of_one_over_the_pictures_of_a_batch() {
        let weights = vec![1.0, 3.0, 8.0];
        let weighted = Targets { classes: 3, weights, ..Targets::default() };
        assert_eq!(rows(&weighted, &[0, 1], Mix::None), [0.5, 0., 0., 0., 1.5, 0.]);
        assert_eq!(rows(&weighted, &[2, 2], Mix::None), [0., 0., 1., 0., 0., 1.]);
        let none = Targets { weights: vec![0.0; 3], ..weighted };
        assert_eq!(rows(&none, &[0, 1], Mix::None), [0.0; 6]);
    }

    fn golden() -> serde_json::Value {
        serde_json::from_str(include_str!("../../tests/goldens/augment.json")).unwrap()
    }

    fn numbers(list: &serde_json::Value) -> Vec<f64> {
        list.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    }

    #[test]
    fn mixed_targets_are_those_of_torchvision() {
        let golden = &golden()["mixup"];
        let plain = Targets { classes: 3, ..Targets::default() };
        let share = golden["share"].as_f64().unwrap() as f32;
        let found = rows(&plain, &[2, 0, 1], Mix::Blend { share });
        for (found, expected) in found.iter().zip(numbers(&golden["targets"])) {
            assert!((f64::from(*found) - expected).abs() < 1e-7, "{found}, {expected}");
        }
    }

    #[test]
    fn weighted_losses_are_those_of_pytorch() {
        for case in golden()["weighted"].as_array().unwrap() {
            let weights = numbers(&case["weights"]);
            let labels: Vec<u8> = numbers(&case["labels"]).iter().map(|l| *l as u8).collect();
            let weighted = Targets { classes: 3, weights, ..Targets::default() };
            let logits = numbers(&case["logits"]);
            let rows = rows(&weighted, &labels, Mix::None);
            let loss = |(row, targets): (&[f64], &[f32])| {
                let sum = row.iter().map(|z| z.exp()).sum::<f64>().ln();
                row.iter().zip(targets).map(|(z, t)| f64::from(*t) * (sum - z)).sum::<f64>()
            };
            let all = logits.chunks(3).zip(rows.chunks(3)).map(loss).sum::<f64>();
            let (mean, expected) = (all / labels.len() as f64, case["loss"].as_f64().unwrap());
            assert!((mean - expected).abs() < 1e-6 * expected, "{mean}, {expected}");
        }
    }

    #[test]
    fn balanced_weights_are_those_of_scikit_learn() {
        // compute_class_weight("balanced", classes=[0, 1], y=[0, 0, 0, 1])
        assert_eq!(balanced(&[3, 1]), [4.0 / 6.0, 2.0]);
        assert_eq!(balanced(&[2, 0, 2]), [1.0, 0.0, 1.0]);
    }
}
