//! Batches of standardised pictures with their targets, prepared ahead by a thread.

use std::sync::Arc;

use super::augment::Augmentation;
use super::normalise::Normalisation;
use super::order::permutation;
use super::prefetch::Prefetch;
use super::{Extent, Pictures};

/// Pictures and targets as an engine takes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Batch × rows × columns × channels, standardised.
    pub images: Vec<f32>,
    /// Batch × classes; each row sums to 1.
    pub targets: Vec<f32>,
    /// The classes; shorter than the batch where the set ended before it was full (the rest of
    /// the batch repeats the last picture).
    pub labels: Vec<u8>,
}

/// A stream of batches.
pub type Batches = Prefetch<Batch>;

/// What batches are made from.
#[derive(Clone)]
pub struct Loading {
    /// The split.
    pub pictures: Arc<dyn Pictures>,
    /// Standardisation.
    pub normalisation: Normalisation,
    /// Pictures a batch.
    pub batch: usize,
    /// Classes, the width of a target.
    pub classes: usize,
}

impl Loading {
    /// Whole batches in an epoch; the rest is left out.
    pub fn steps_per_epoch(&self) -> u64 {
        (self.pictures.count() / self.batch) as u64
    }

    /// Training batches number `steps.start..steps.end`, counted from 0 over all epochs: each
    /// epoch in its own order, each picture augmented in its own way. What a batch holds depends
    /// on its number and the seed only. `smoothing` is the share of a target that is spread over
    /// all classes.
    pub fn training(
        self,
        augmentation: Augmentation,
        smoothing: f64,
        seed: u32,
        steps: std::ops::Range<u64>,
    ) -> std::io::Result<Batches> {
        let per_epoch = self.steps_per_epoch().max(1);
        let table = self.normalisation.table();
        let extent = self.pictures.extent();
        let mut bytes = vec![0; extent.bytes()];
        let mut order = (u32::MAX, Vec::new());
        let empty = self.buffers();
        let fill = move |step: u64, batch: &mut Batch| {
            let epoch = (step / per_epoch) as u32;
            if order.0 != epoch {
                order = (epoch, permutation(self.pictures.count(), seed, epoch));
            }
            let first = (step % per_epoch) as usize * self.batch;
            batch.labels.clear();
            for (&index, image) in order.1[first..first + self.batch]
                .iter()
                .zip(batch.images.chunks_exact_mut(bytes.len()))
            {
                batch.labels.push(self.pictures.picture(epoch, index, &mut bytes));
                let crop = augmentation.draw(extent, seed, epoch, index);
                augmentation.apply(crop, &table, extent, &bytes, image);
            }
            targets(&batch.labels, smoothing, self.classes, &mut batch.targets);
        };
        Prefetch::start(steps, empty, fill)
    }

    /// The whole split once, in order, as it is; the last batch may be short.
    pub fn evaluation(self) -> std::io::Result<Batches> {
        let count = self.pictures.count();
        let table = self.normalisation.table();
        let mut bytes = vec![0; self.pictures.extent().bytes()];
        let empty = self.buffers();
        let batches = count.div_ceil(self.batch) as u64;
        let fill = move |number: u64, batch: &mut Batch| {
            let first = number as usize * self.batch;
            batch.labels.clear();
            for (offset, image) in batch.images.chunks_exact_mut(bytes.len()).enumerate() {
                if first + offset < count {
                    batch.labels.push(self.pictures.picture(0, first + offset, &mut bytes));
                }
                table.apply(0, &bytes, image, false);
            }
            targets(&batch.labels, 0.0, self.classes, &mut batch.targets);
        };
        Prefetch::start(0..batches, empty, fill)
    }

    fn buffers(&self) -> impl Fn() -> Batch + use<> {
        let Extent { rows, columns, channels } = self.pictures.extent();
        let (batch, classes) = (self.batch, self.classes);
        move || Batch {
            images: vec![0.0; batch * rows * columns * channels],
            targets: vec![0.0; batch * classes],
            labels: Vec::with_capacity(batch),
        }
    }
}

/// One-hot rows, of which `smoothing` is spread evenly over all classes (PyTorch's form).
fn targets(labels: &[u8], smoothing: f64, classes: usize, targets: &mut [f32]) {
    targets.fill(0.0);
    let spread = smoothing / classes as f64;
    for (&label, row) in labels.iter().zip(targets.chunks_exact_mut(classes)) {
        row.fill(spread as f32);
        row[usize::from(label)] = (1.0 - smoothing + spread) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dataset::Stored;

    /// `count` pictures of one pixel, whose value and label is the index.
    fn loading(count: u8, batch: usize) -> Loading {
        let extent = Extent { rows: 1, columns: 1, channels: 1 };
        let indices: Vec<u8> = (0..count).collect();
        Loading {
            pictures: Arc::new(Stored::new(extent, indices.clone(), indices).unwrap()),
            normalisation: Normalisation { mean: vec![0.0], std: vec![2.0] },
            batch,
            classes: usize::from(count),
        }
    }

    fn labels(mut batches: Batches) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(batch) = batches.next_item() {
            all.push(batch.labels.clone());
            batches.recycle(batch);
        }
        all
    }

    const PLAIN: Augmentation = Augmentation { pad: 0, flip: false, cutout: 0 };

    #[test]
    fn an_epoch_visits_each_picture_at_most_once_and_drops_the_rest() {
        let batches = labels(loading(11, 4).training(PLAIN, 0.0, 1, 0..2).unwrap());
        assert_eq!(batches.len(), 2);
        let mut seen: Vec<u8> = batches.concat();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 8);
    }

    #[test]
    fn a_batch_depends_on_its_number_only() {
        let whole = labels(loading(12, 4).training(PLAIN, 0.0, 1, 0..9).unwrap());
        let tail = labels(loading(12, 4).training(PLAIN, 0.0, 1, 5..9).unwrap());
        assert_eq!(whole[5..], tail);
        assert_ne!(whole[0..3], whole[3..6]);
    }

    #[test]
    fn images_and_targets_belong_together() {
        let mut batches = loading(6, 3).training(PLAIN, 0.0, 9, 0..1).unwrap();
        let batch = batches.next_item().unwrap();
        for (k, &label) in batch.labels.iter().enumerate() {
            assert_eq!(batch.images[k], f32::from(label) / 2.0);
            let row = &batch.targets[k * 6..(k + 1) * 6];
            let expected: Vec<f32> =
                (0..6).map(|class| f32::from(u8::from(class == label))).collect();
            assert_eq!(row, expected);
        }
    }

    #[test]
    fn smoothing_spreads_a_share_over_all_classes() {
        let mut batches = loading(4, 4).training(PLAIN, 0.2, 9, 0..1).unwrap();
        let batch = batches.next_item().unwrap();
        for (&label, row) in batch.labels.iter().zip(batch.targets.chunks_exact(4)) {
            for (class, &target) in row.iter().enumerate() {
                let expected = if class == usize::from(label) { 0.85 } else { 0.05 };
                assert!((target - expected).abs() < 1e-7, "{row:?}");
            }
        }
    }

    #[test]
    fn evaluation_sees_everything_in_order_with_a_short_last_batch() {
        let mut batches = loading(7, 3).evaluation().unwrap();
        let all: Vec<Batch> = std::iter::from_fn(|| batches.next_item()).collect();
        let labels: Vec<_> = all.iter().map(|b| b.labels.clone()).collect();
        assert_eq!(labels, [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
        assert_eq!(all[2].images, [3.0, 3.0, 3.0]);
        assert_eq!(all[2].targets.iter().sum::<f32>(), 1.0);
    }
}
