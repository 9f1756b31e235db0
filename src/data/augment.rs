//! Random crops of padded pictures, flips, and holes.

use super::Extent;
use super::normalise::Table;
use super::random::{Draws, Purpose};

/// Where a crop is taken from the padded picture, and whether it is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    /// First row of the padded picture.
    pub top: usize,
    /// First column of the padded picture.
    pub left: usize,
    /// Whether left and right change places, after cropping.
    pub flip: bool,
    /// Row and column around which the result is zero, where holes are cut.
    pub hole: [usize; 2],
}

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
        let top = draws.below(2 * self.pad + 1);
        let left = draws.below(2 * self.pad + 1);
        let flip = self.flip && draws.coin();
        // Drawn last, so that recipes without holes crop alike.
        let hole = [draws.below(extent.rows), draws.below(extent.columns)];
        Crop { top, left, flip, hole }
    }

    /// Standardises, pads with zeros, crops to the picture's own size, mirrors, cuts the hole.
    pub fn apply(&self, crop: Crop, table: &Table, extent: Extent, from: &[u8], to: &mut [f32]) {
        let row_len = extent.columns * extent.channels;
        // Columns of the crop that see the picture: left + column − pad must lie inside.
        let first = self.pad.saturating_sub(crop.left).min(extent.columns);
        let last = (extent.columns + self.pad).saturating_sub(crop.left);
        let last = last.clamp(first, extent.columns);
        let columns =
            if crop.flip { extent.columns - last..extent.columns - first } else { first..last };
        let place = columns.start * extent.channels..columns.end * extent.channels;
        for (row, out) in to.chunks_exact_mut(row_len).enumerate() {
            let source = (row + crop.top).checked_sub(self.pad);
            let Some(source) = source.filter(|&row| row < extent.rows && !place.is_empty()) else {
                out.fill(0.0);
                continue;
            };
            let start = source * extent.columns + first + crop.left - self.pad;
            let at = start * extent.channels;
            out[..place.start].fill(0.0);
            table.apply(at, &from[at..][..place.len()], &mut out[place.clone()], crop.flip);
            out[place.end..].fill(0.0);
        }
        self.cut(crop.hole, extent, to);
    }

    fn cut(&self, [row, column]: [usize; 2], extent: Extent, to: &mut [f32]) {
        // An even side reaches one further up and left.
        let span = |middle: usize, most: usize| {
            let first = middle.saturating_sub(self.cutout / 2);
            first..(middle + self.cutout.div_ceil(2)).min(most)
        };
        let columns = span(column, extent.columns);
        for row in span(row, extent.rows) {
            let row = row * extent.columns;
            let hole =
                (row + columns.start) * extent.channels..(row + columns.end) * extent.channels;
            to[hole].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::normalise::Normalisation;

    const EXTENT: Extent = Extent { rows: 3, columns: 3, channels: 1 };

    /// 1…9 row by row, standardised by mean 1 and deviation 1 to 0…8.
    fn crop(pad: usize, top: usize, left: usize, flip: bool) -> Vec<f32> {
        let table = Normalisation { mean: vec![1.0], std: vec![1.0] }.table();
        let mut out = vec![f32::NAN; 9];
        let augmentation = Augmentation { pad, flip, cutout: 0 };
        let from = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let crop = Crop { top, left, flip, hole: [1, 1] };
        augmentation.apply(crop, &table, EXTENT, &from, &mut out);
        out
    }

    #[test]
    fn a_hole_is_a_square_of_zeros_that_the_border_cuts() {
        let table = Normalisation { mean: vec![0.0], std: vec![1.0] }.table();
        let cut = |cutout, hole| {
            let mut out = vec![f32::NAN; 9];
            let augmentation = Augmentation { pad: 0, flip: false, cutout };
            let crop = Crop { top: 0, left: 0, flip: false, hole };
            augmentation.apply(crop, &table, EXTENT, &[1; 9], &mut out);
            out
        };
        assert_eq!(cut(1, [1, 2]), [1., 1., 1., 1., 1., 0., 1., 1., 1.]);
        assert_eq!(cut(3, [0, 0]), [0., 0., 1., 0., 0., 1., 1., 1., 1.]);
        assert_eq!(cut(2, [2, 2]), [1., 1., 1., 1., 0., 0., 1., 0., 0.]);
        assert_eq!(cut(64, [1, 1]), [0.0; 9]);
    }

    #[test]
    fn the_middle_crop_is_the_picture() {
        let picture: Vec<f32> = (0..9u8).map(f32::from).collect();
        assert_eq!(crop(0, 0, 0, false), picture);
        assert_eq!(crop(1, 1, 1, false), picture);
        assert_eq!(crop(4, 4, 4, false), picture);
    }

    #[test]
    fn corners_show_the_padding_as_zero() {
        // A byte of 0 would be −1 here, so zeros prove padding after standardisation.
        assert_eq!(crop(1, 0, 0, false), [0., 0., 0., 0., 0., 1., 0., 3., 4.]);
        assert_eq!(crop(1, 2, 2, false), [4., 5., 0., 7., 8., 0., 0., 0., 0.]);
        assert_eq!(crop(1, 0, 2, false), [0., 0., 0., 1., 2., 0., 4., 5., 0.]);
        assert_eq!(crop(4, 0, 0, false), [0.0; 9]);
        assert_eq!(crop(4, 8, 0, false), [0.0; 9]);
        assert_eq!((crop(9, 9, 0, true), crop(9, 9, 18, true)), (vec![0.0; 9], vec![0.0; 9]));
    }

    #[test]
    fn a_flip_mirrors_the_crop() {
        assert_eq!(crop(0, 0, 0, true), [2., 1., 0., 5., 4., 3., 8., 7., 6.]);
        assert_eq!(crop(1, 0, 2, true), [0., 0., 0., 0., 2., 1., 0., 5., 4.]);
    }

    #[test]
    fn draws_cover_every_offset_and_both_sides() {
        let augmentation = Augmentation { pad: 4, flip: true, cutout: 0 };
        let draw = |epoch, i| augmentation.draw(EXTENT, 1, epoch, i);
        let crops: Vec<Crop> = (0..5000).map(|i| draw(2, i)).collect();
        for offset in 0..=8 {
            assert!(crops.iter().any(|c| c.top == offset));
            assert!(crops.iter().any(|c| c.left == offset));
        }
        assert!(crops.iter().all(|c| c.top <= 8 && c.left <= 8));
        let flips = crops.iter().filter(|c| c.flip).count();
        assert!((2300..2700).contains(&flips), "{flips}");
        assert!((0..9).all(|k| crops.iter().any(|c| c.hole == [k / 3, k % 3])));
        assert_eq!(draw(2, 3), draw(2, 3));
        assert!((0..100).any(|i| draw(2, i) != draw(3, i)));
        let still = Augmentation { flip: false, ..augmentation };
        assert!((0..100).all(|i| !still.draw(EXTENT, 1, 2, i).flip));
    }
}
