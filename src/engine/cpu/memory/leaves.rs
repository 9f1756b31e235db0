//! How a batch is divided, so that sums over it do not depend on who adds them up.

use std::ops::Range;

use crate::engine::cpu::simd::CHUNK;

/// Leaves that a batch may have, however small they are: few, since weight gradients of several images
/// at once take less time.
const FEW: usize = 4;

/// Pieces a thread: few enough that beginning one is nothing beside it, and enough that no thread waits long
/// for the last.
const PIECES: usize = 4;

/// A batch as the leaves of a binary tree: as many images in each, one behind the other. Inside a leaf
/// sums go from image to image, and leaves are added in pairs, so that half of a batch is half of its
/// tree. Threads take chunks of a leaf, whose weight gradients add up in one accumulator each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaves {
    /// Images of each.
    images: usize,
    /// How many: a power of two.
    count: usize,
}

impl Leaves {
    /// Those of a batch: as many as divide it evenly, but above a few none smaller than a chunk.
    pub fn of(batch: usize) -> Self {
        let halves = |count: usize| {
            let more = 2 * count;
            batch.is_multiple_of(more) && (more <= FEW || batch / more >= CHUNK)
        };
        let mut count = 1;
        while batch > 1 && halves(count) {
            count *= 2;
        }
        Self { images: batch / count, count }
    }

    /// Those of one of so many ranks that have as large a part each: some of these where that is so.
    pub fn of_rank(self, ranks: usize) -> Self {
        if self.count.is_multiple_of(ranks) {
            return Self { count: self.count / ranks, ..self };
        }
        Self::of(self.images * self.count / ranks)
    }

    /// How many there are.
    pub fn count(self) -> usize {
        self.count
    }

    /// The images of one.
    pub fn leaf(self, number: usize) -> Range<usize> {
        number * self.images..(number + 1) * self.images
    }

    /// Chunks of each leaf.
    pub fn chunks_each(self) -> usize {
        self.images.div_ceil(CHUNK)
    }

    /// Number of weight gradients' accumulators.
    pub fn chunks(self) -> usize {
        self.count * self.chunks_each()
    }

    /// The images of a chunk: of a leaf, as even a part as can be.
    pub fn chunk(self, number: usize) -> Range<usize> {
        let each = self.chunks_each();
        let (leaf, part) = (self.leaf(number / each), number % each);
        let at = |part: usize| leaf.start + part * self.images / each;
        at(part)..at(part + 1)
    }

    /// How many pieces to divide the images into where nothing is added up by chunk: as many as chunks, or more
    /// where these are few for so many threads.
    pub fn pieces(self, threads: usize) -> usize {
        self.chunks().max((PIECES * threads).min(self.images * self.count))
    }

    /// The images of one of so many pieces, as even a part as can be.
    pub fn piece(self, number: usize, pieces: usize) -> Range<usize> {
        let at = |number: usize| number * self.images * self.count / pieces;
        at(number)..at(number + 1)
    }
}

/// What leaves come to in pairs, and pairs of these, up to one.
pub fn paired<T>(count: usize, leaf: &mut impl FnMut(usize) -> T, join: &impl Fn(T, T) -> T) -> T {
    fn of<T>(
        leaves: Range<usize>,
        leaf: &mut impl FnMut(usize) -> T,
        join: &impl Fn(T, T) -> T,
    ) -> T {
        if leaves.len() == 1 {
            return leaf(leaves.start);
        }
        let middle = leaves.start + leaves.len() / 2;
        let low = of(leaves.start..middle, leaf, join);
        join(low, of(middle..leaves.end, leaf, join))
    }
    of(0..count, leaf, join)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_falls_into_equal_leaves_and_these_into_chunks() {
        let parts = |batch| {
            let leaves = Leaves::of(batch);
            (leaves.count, leaves.images, leaves.chunks_each())
        };
        assert_eq!(parts(1), (1, 1, 1));
        assert_eq!([parts(7), parts(8), parts(24)], [(1, 7, 1), (4, 2, 1), (4, 6, 1)]);
        assert_eq!([parts(16), parts(32)], [(4, 4, 1), (4, 8, 1)]);
        assert_eq!([parts(64), parts(100), parts(128)], [(8, 8, 1), (4, 25, 4), (16, 8, 1)]);
        assert_eq!([parts(256), parts(1000)], [(32, 8, 1), (8, 125, 16)]);
        for batch in 1..300 {
            let leaves = Leaves::of(batch);
            let chunks: Vec<usize> = (0..leaves.chunks()).flat_map(|k| leaves.chunk(k)).collect();
            assert!(chunks.into_iter().eq(0..batch));
            assert!((0..leaves.chunks()).all(|k| (1..=CHUNK).contains(&leaves.chunk(k).len())));
        }
    }

    #[test]
    fn pieces_are_all_images_once_and_keep_many_threads_busy() {
        let of = |batch, threads| Leaves::of(batch).pieces(threads);
        assert_eq!([of(128, 1), of(128, 2), of(128, 6), of(128, 64)], [16, 16, 24, 128]);
        assert_eq!([of(1, 8), of(6, 8), of(24, 2)], [1, 6, 8]);
        for (batch, threads) in [(1, 1), (37, 7), (100, 3), (128, 64), (1000, 16)] {
            let leaves = Leaves::of(batch);
            let pieces = leaves.pieces(threads);
            let all: Vec<usize> = (0..pieces).flat_map(|n| leaves.piece(n, pieces)).collect();
            assert!(all.into_iter().eq(0..batch));
        }
    }

    #[test]
    fn half_of_a_batch_is_half_of_its_tree() {
        let tree = |count: usize, first: usize| {
            paired(count, &mut |leaf| (first + leaf).to_string(), &|a, b| format!("({a}{b})"))
        };
        assert_eq!(tree(4, 0), "((01)(23))");
        assert_eq!(tree(8, 0), format!("({}{})", tree(4, 0), tree(4, 4)));
    }
}
