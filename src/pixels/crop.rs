//! What of a picture is seen.

use std::ops::Range;

use super::border::{Border, reflected};
use super::{Extent, Table};

/// What of a picture is seen, in a result of the picture's size. The default sees all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crop {
    /// How much further down a row of the result is in the picture.
    pub down: i32,
    /// How much further right a column of the result is in the picture, before mirroring.
    pub right: i32,
    /// What lies outside the picture.
    pub border: Border,
    /// Whether left and right change places, after cropping.
    pub flip: bool,
    /// What of the result is zero.
    pub hole: Hole,
}

/// A rectangle of the result: the first row and column of it, and those after its last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hole {
    /// Rows.
    pub rows: [u32; 2],
    /// Columns.
    pub columns: [u32; 2],
}

impl Crop {
    /// All of the picture.
    pub const WHOLE: Crop = Crop {
        down: 0,
        right: 0,
        border: Border::Zeros,
        flip: false,
        hole: Hole { rows: [0; 2], columns: [0; 2] },
    };

    /// Standardises, crops out of a border to the picture's own size, mirrors, cuts the hole.
    pub fn apply(&self, table: &Table, extent: Extent, from: &[u8], to: &mut [f32]) {
        match self.border {
            Border::Zeros => self.out_of_zeros(table, extent, from, to),
            Border::Reflect => self.out_of_mirrors(table, extent, from, to),
        }
        self.hole.cut(extent, to);
    }

    fn out_of_zeros(&self, table: &Table, extent: Extent, from: &[u8], to: &mut [f32]) {
        let row_len = extent.columns * extent.channels;
        // Columns of the crop that see the picture: column + right must lie inside.
        let [columns, right] = [extent.columns as i64, i64::from(self.right)];
        let first = (-right).clamp(0, columns);
        let last = (columns - right).clamp(first, columns);
        let seen = if self.flip { columns - last..columns - first } else { first..last };
        let place = seen.start as usize * extent.channels..seen.end as usize * extent.channels;
        for (row, out) in to.chunks_exact_mut(row_len).enumerate() {
            let source = usize::try_from(row as i64 + i64::from(self.down)).ok();
            let Some(source) = source.filter(|&row| row < extent.rows && !place.is_empty()) else {
                out.fill(0.0);
                continue;
            };
            let at = (source * extent.columns + (first + right) as usize) * extent.channels;
            out[..place.start].fill(0.0);
            table.apply(at, &from[at..][..place.len()], &mut out[place.clone()], self.flip);
            out[place.end..].fill(0.0);
        }
    }

    fn out_of_mirrors(&self, table: &Table, extent: Extent, from: &[u8], to: &mut [f32]) {
        let Extent { columns, channels, .. } = extent;
        let [wide, right] = [columns as i64, i64::from(self.right)];
        // Columns of the crop inside the picture, which lie beside each other there too.
        let first = (-right).clamp(0, wide) as usize;
        let last = (wide - right).clamp(first as i64, wide) as usize;
        let source = |column: usize| reflected(column as i64 + right, columns);
        for (row, out) in to.chunks_exact_mut(columns * channels).enumerate() {
            let above = reflected(row as i64 + i64::from(self.down), extent.rows) * columns;
            let mut put = |seen: Range<usize>, source: usize| {
                let place = if self.flip { columns - seen.end..columns - seen.start } else { seen };
                let at = (above + source) * channels;
                let pixels = &from[at..][..place.len() * channels];
                let place = place.start * channels..place.end * channels;
                table.apply(at, pixels, &mut out[place], self.flip);
            };
            (0..first)
                .chain(last..columns)
                .for_each(|column| put(column..column + 1, source(column)));
            if first < last {
                put(first..last, source(first));
            }
        }
    }
}

impl Hole {
    /// Pixels in it.
    pub fn area(self) -> usize {
        let len = |[first, end]: [u32; 2]| end.saturating_sub(first) as usize;
        len(self.rows) * len(self.columns)
    }

    /// Where its rows lie among a picture's values.
    pub(super) fn places(self, extent: Extent) -> impl Iterator<Item = Range<usize>> {
        let [first, end] = self.columns.map(|column| column as usize * extent.channels);
        let row_len = extent.columns * extent.channels;
        (self.rows[0] as usize..self.rows[1] as usize)
            .map(move |row| row * row_len + first..row * row_len + end)
    }

    fn cut(self, extent: Extent, to: &mut [f32]) {
        self.places(extent).for_each(|place| to[place].fill(0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent { rows: 3, columns: 3, channels: 1 };

    /// 1…9 row by row, standardised by mean 1 and deviation 1 to 0…8.
    fn crop(pad: usize, top: usize, left: usize, flip: bool) -> Vec<f32> {
        seen(Border::Zeros, [top, left].map(|offset| offset as i32 - pad as i32), flip)
    }

    fn seen(border: Border, [down, right]: [i32; 2], flip: bool) -> Vec<f32> {
        let table = Table::Channels(vec![std::array::from_fn(|byte| byte as f32 - 1.0)]);
        let mut out = vec![f32::NAN; 9];
        let from = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let crop = Crop { down, right, border, flip, hole: Hole::default() };
        crop.apply(&table, EXTENT, &from, &mut out);
        out
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
    fn mirrors_are_those_of_pytorch() {
        let golden = include_str!("../../tests/goldens/augment.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let padded = golden["reflect"]["padded"].as_array().unwrap();
        let table = Table::Channels(vec![std::array::from_fn(|byte| byte as f32)]);
        let extent = Extent { rows: 3, columns: 4, channels: 1 };
        let from: Vec<u8> = (0..12).collect();
        for (down, right) in (0..5).flat_map(|down| (0..5).map(move |right| (down, right))) {
            let mut out = vec![f32::NAN; 12];
            let crop = Crop {
                down: down as i32 - 2,
                right: right as i32 - 2,
                border: Border::Reflect,
                ..Crop::default()
            };
            crop.apply(&table, extent, &from, &mut out);
            for (at, value) in out.iter().enumerate() {
                let place = (at / 4 + down) * 8 + at % 4 + right;
                assert_eq!(f64::from(*value), padded[place].as_f64().unwrap(), "{down}, {right}");
            }
        }
    }

    #[test]
    fn mirrors_continue_the_picture() {
        let reflected = |offset, flip| seen(Border::Reflect, offset, flip);
        assert_eq!(reflected([0, 0], false), crop(0, 0, 0, false));
        assert_eq!(reflected([-1, 0], false), [3., 4., 5., 0., 1., 2., 3., 4., 5.]);
        assert_eq!(reflected([0, -1], false), [1., 0., 1., 4., 3., 4., 7., 6., 7.]);
        assert_eq!(reflected([0, 2], false), [2., 1., 0., 5., 4., 3., 8., 7., 6.]);
        assert_eq!(reflected([0, 1], true), [1., 2., 1., 4., 5., 4., 7., 8., 7.]);
        // Mirrors of mirrors, as far as one likes.
        assert_eq!(reflected([4, -8], false), reflected([0, 0], false));
        assert_eq!(reflected([i32::MIN, i32::MAX], true).len(), 9);
    }

    #[test]
    fn a_flip_mirrors_the_crop() {
        assert_eq!(crop(0, 0, 0, true), [2., 1., 0., 5., 4., 3., 8., 7., 6.]);
        assert_eq!(crop(1, 0, 2, true), [0., 0., 0., 0., 2., 1., 0., 5., 4.]);
    }
}
