//! Random crops of padded pictures, flips, and holes.

use super::Extent;
use super::random::{Draws, Purpose};
use crate::pixels::{Crop, Hole};

/// How far crops wander.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Augmentation {
    /// Zero rows and columns added on each side, after standardisation.
    pub pad: usize,
    /// Whether half of the pictures are mirrored.
    pub flip: bool,
    /// Side of a square that is set to zero in each picture; its parts outside are lost.
    pub cutout: usize,
}

impl Augmentation {
    /// The crop for a picture of this size in an epoch.
    pub fn draw(&self, extent: Extent, seed: u32, epoch: u32, index: usize) -> Crop {
        let mut draws = Draws::new(seed, Purpose::Augment, u64::from(epoch) << 32 | index as u64);
        let mut offset = || draws.below(2 * self.pad + 1) as i32 - self.pad as i32;
        let (down, right) = (offset(), offset());
        let flip = self.flip && draws.coin();
        // Drawn last, so that recipes without holes crop alike.
        let middle = [draws.below(extent.rows), draws.below(extent.columns)];
        Crop { down, right, flip, hole: self.hole(middle, extent) }
    }

    /// A square around a pixel.
    fn hole(&self, [row, column]: [usize; 2], extent: Extent) -> Hole {
        // An even side reaches one further up and left.
        let span = |middle: usize, most: usize| {
            let first = middle.saturating_sub(self.cutout / 2);
            [first as u32, (middle + self.cutout.div_ceil(2)).min(most) as u32]
        };
        Hole { rows: span(row, extent.rows), columns: span(column, extent.columns) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::normalise::Normalisation;

    const EXTENT: Extent = Extent { rows: 3, columns: 3, channels: 1 };

    #[test]
    fn a_hole_is_a_square_of_zeros_that_the_border_cuts() {
        let table = Normalisation { mean: vec![0.0], std: vec![1.0] }.table();
        let cut = |cutout, hole| {
            let mut out = vec![f32::NAN; 9];
            let augmentation = Augmentation { pad: 0, flip: false, cutout };
            let crop = Crop { hole: augmentation.hole(hole, EXTENT), ..Crop::default() };
            crop.apply(&table, EXTENT, &[1; 9], &mut out);
            out
        };
        assert_eq!(cut(1, [1, 2]), [1., 1., 1., 1., 1., 0., 1., 1., 1.]);
        assert_eq!(cut(3, [0, 0]), [0., 0., 1., 0., 0., 1., 1., 1., 1.]);
        assert_eq!(cut(2, [2, 2]), [1., 1., 1., 1., 0., 0., 1., 0., 0.]);
        assert_eq!(cut(64, [1, 1]), [0.0; 9]);
    }

    #[test]
    fn draws_cover_every_offset_and_both_sides() {
        let augmentation = Augmentation { pad: 4, flip: true, cutout: 0 };
        let draw = |epoch, i| augmentation.draw(EXTENT, 1, epoch, i);
        let crops: Vec<Crop> = (0..5000).map(|i| draw(2, i)).collect();
        for offset in -4..=4 {
            assert!(crops.iter().any(|c| c.down == offset));
            assert!(crops.iter().any(|c| c.right == offset));
        }
        assert!(crops.iter().all(|c| c.down.abs() <= 4 && c.right.abs() <= 4));
        let flips = crops.iter().filter(|c| c.flip).count();
        assert!((2300..2700).contains(&flips), "{flips}");
        let holed = Augmentation { cutout: 1, ..augmentation };
        let holes: Vec<Hole> = (0..5000).map(|i| holed.draw(EXTENT, 1, 2, i).hole).collect();
        let pixel = |at| [at, at + 1];
        let hole = |k: u32| Hole { rows: pixel(k / 3), columns: pixel(k % 3) };
        assert!((0..9).all(|k| holes.contains(&hole(k))));
        assert_eq!(draw(2, 3), draw(2, 3));
        assert!((0..100).any(|i| draw(2, i) != draw(3, i)));
        let still = Augmentation { flip: false, ..augmentation };
        assert!((0..100).all(|i| !still.draw(EXTENT, 1, 2, i).flip));
    }
}
