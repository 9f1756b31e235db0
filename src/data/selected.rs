//! Some pictures of a split, chosen one by one.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{DataError, Pictures};
use crate::pixels::Extent;
use crate::text::hex;

/// Pictures of a split, by their numbers there.
pub struct Selected {
    all: Arc<dyn Pictures>,
    numbers: Vec<usize>,
}

impl Selected {
    /// Those of these numbers, in this order.
    pub fn new(all: Arc<dyn Pictures>, numbers: Vec<usize>) -> Self {
        Self { all, numbers }
    }

    /// At most `count` of them, from number `first` on.
    pub fn from(all: Arc<dyn Pictures>, first: usize, count: usize) -> Self {
        let end = first.saturating_add(count).min(all.count());
        Self::new(all, (first..end).collect())
    }
}

impl Pictures for Selected {
    fn count(&self) -> usize {
        self.numbers.len()
    }

    fn extent(&self) -> Extent {
        self.all.extent()
    }

    fn seen(&self) -> Extent {
        self.all.seen()
    }

    fn picture(&self, epoch: u32, index: usize, pixels: &mut [u8]) -> u8 {
        self.all.picture(epoch, self.numbers[index], pixels)
    }

    fn seen_picture(&self, epoch: u32, index: usize, pixels: &mut [u8]) -> u8 {
        self.all.seen_picture(epoch, self.numbers[index], pixels)
    }

    fn label(&self, epoch: u32, index: usize) -> u8 {
        self.all.label(epoch, self.numbers[index])
    }

    fn file(&self, index: usize) -> Option<&Path> {
        self.all.file(self.numbers[index])
    }

    fn identity(&self, index: usize) -> Result<[u8; 32], DataError> {
        self.all.identity(self.numbers[index])
    }

    /// As that of the same pictures in a split of their own.
    fn digest(&self) -> Option<String> {
        self.all.digest()?;
        let mut hash = Sha256::new();
        for &number in &self.numbers {
            hash.update([self.all.label(0, number)]);
        }
        let mut pixels = vec![0; self.extent().bytes()];
        for &number in &self.numbers {
            self.all.picture(0, number, &mut pixels);
            hash.update(&pixels);
        }
        Some(hex(&hash.finalize()))
    }

    fn statistics_count(&self) -> usize {
        self.all.statistics_count().min(self.count())
    }
}
