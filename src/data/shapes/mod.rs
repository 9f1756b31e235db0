//! `shapes10`: pictures of ten shapes that the program draws itself.
//!
//! A shape of any size, place and turn, lighter or darker than a shaded background, among lines
//! and specks, under noise. No pixel tells the class by itself: a linear classifier is barely
//! better than chance, while a small residual network learns the set within a few epochs.

mod canvas;
mod distance;
mod scene;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::dataset::{Dataset, Name, Pictures};
use super::random::{Draws, Purpose};
use super::{DataError, Extent};
use distance::Shape;

/// Pictures of a training epoch; each epoch draws new ones.
pub const TRAIN_COUNT: usize = 50_000;
/// Pictures of the test set.
pub const TEST_COUNT: usize = 10_000;
/// Pictures that the mean and standard deviation are taken over.
const STATISTICS_COUNT: usize = 2_000;

/// Names of the classes, by label.
pub const CLASSES: &str = "circle ring square frame triangle cross star half_disc bars corner";

/// A split of the set. Picture `i` is a pure function of the seed, the split and `i`.
#[derive(Clone, Debug)]
pub struct Shapes {
    seed: u32,
    purpose: Purpose,
    count: usize,
}

impl Shapes {
    /// The training split, endless.
    pub fn train(seed: u32) -> Self {
        Self { seed, purpose: Purpose::DrawTrain, count: TRAIN_COUNT }
    }

    /// The test split, the same in every epoch.
    pub fn test(seed: u32) -> Self {
        Self { seed, purpose: Purpose::DrawTest, count: TEST_COUNT }
    }

    /// Both splits.
    pub fn dataset(seed: u32) -> Dataset {
        Dataset {
            name: Name::Shapes10.text().to_string(),
            classes: super::locate::class_names(Name::Shapes10),
            resize: None,
            train: Arc::new(Self::train(seed)),
            validation: None,
            test: Arc::new(Self::test(seed)),
        }
    }
}

impl Shapes {
    /// The label of a picture, and what the rest of it is drawn from.
    fn drawn(&self, epoch: u32, index: usize) -> (usize, Draws) {
        let number = match self.purpose {
            Purpose::DrawTrain => u64::from(epoch) * self.count as u64 + index as u64,
            _ => index as u64,
        };
        let mut draws = Draws::new(self.seed, self.purpose, number);
        (draws.below(Shape::ALL.len()), draws)
    }
}

impl Pictures for Shapes {
    fn count(&self) -> usize {
        self.count
    }

    fn extent(&self) -> Extent {
        Extent::CIFAR
    }

    fn picture(&self, epoch: u32, index: usize, pixels: &mut [u8]) -> u8 {
        let (label, mut draws) = self.drawn(epoch, index);
        scene::draw(Shape::ALL[label], &mut draws, pixels);
        label as u8
    }

    fn label(&self, epoch: u32, index: usize) -> u8 {
        self.drawn(epoch, index).0 as u8
    }

    /// Of what it is drawn from, which takes less than drawing it.
    fn identity(&self, index: usize) -> Result<[u8; 32], DataError> {
        let seeded = (self.purpose as u64) << 32 | u64::from(self.seed);
        let drawn = Sha256::new().chain_update(seeded.to_le_bytes());
        Ok(drawn.chain_update((index as u64).to_le_bytes()).finalize().into())
    }

    fn statistics_count(&self) -> usize {
        STATISTICS_COUNT.min(self.count)
    }
}

#[cfg(test)]
mod tests;
