//! How the pixels of g are numbered, and those of x alike.

use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::grid::forward;
use crate::engine::cpu::simd::tiles::product::{DEPTH, Pixels, Step, TILE_BYTES};
use crate::graph::ConvGeometry;

/// The fewer copies of x, the less is packed; the denser the numbers, the less is multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Rows are as far apart as those that the kernel's rows see, and so are x's: a copy for each
    /// remainder of rows and columns by the stride, and for even and for odd distances.
    Bordered,
    /// Nothing lies between rows: a copy for each kernel column.
    Rows,
    /// Nor between images: a copy for each kernel tap.
    Images,
}

impl Spacing {
    pub const ALL: [Spacing; 3] = [Spacing::Bordered, Spacing::Rows, Spacing::Images];
}

/// A packed copy of x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyOfX {
    /// Kernel row and column that see its first pixel.
    start: [usize; 2],
    /// Pixels left out.
    first: usize,
}

/// A numbering in which every kernel tap meets the pixels of g at one distance in a copy of x: a
/// number of pairs of pixels, which begin on cache lines.
#[derive(Clone, Debug)]
pub struct Numbering {
    geometry: ConvGeometry,
    spacing: Spacing,
    /// Pixels from a row to the next.
    pitch: usize,
    /// Of g, an image.
    pub pixels: usize,
    /// Of a copy of x, an image.
    pub reach: usize,
    /// Copies of x.
    pub copies: Vec<CopyOfX>,
    /// For each tap, row by row, its copy and the distance in it.
    pub taps: Vec<[usize; 2]>,
}

impl Numbering {
    /// Numbers a convolution's pixels.
    pub fn new(geometry: &ConvGeometry, spacing: Spacing) -> Self {
        let [rows, cols] = geometry.output();
        let [kernel_rows, kernel_cols] = geometry.kernel;
        let stride = geometry.stride;
        let pitch = match spacing {
            Spacing::Bordered => cols + (kernel_cols - 1) / stride,
            Spacing::Rows => cols.next_multiple_of(2),
            Spacing::Images => cols,
        };
        let (mut copies, mut taps) = (Vec::new(), Vec::new());
        let mut farthest = 0;
        for tap in 0..kernel_rows * kernel_cols {
            let [row, col] = [tap / kernel_cols, tap % kernel_cols];
            let (copy, skip) = match spacing {
                Spacing::Bordered => {
                    let skip = row / stride * pitch + col / stride;
                    let start = [row % stride, col % stride];
                    (CopyOfX { start, first: skip % 2 }, skip - skip % 2)
                }
                Spacing::Rows => {
                    let start = [row % stride, col];
                    (CopyOfX { start, first: 0 }, row / stride * pitch)
                }
                Spacing::Images => (CopyOfX { start: [row, col], first: 0 }, 0),
            };
            let known = copies.iter().position(|&known| known == copy);
            let at = known.unwrap_or(copies.len());
            if known.is_none() {
                copies.push(copy);
            }
            farthest = farthest.max(skip);
            taps.push([at, skip]);
        }
        let pixels = match spacing {
            Spacing::Bordered | Spacing::Rows => {
                ((rows - 1) * pitch + cols).next_multiple_of(DEPTH)
            }
            Spacing::Images => rows * cols,
        };
        let reach = match spacing {
            // Of a copy that leaves one out, the next pixel is the last.
            Spacing::Bordered => pixels + farthest + 2,
            Spacing::Rows => pixels + farthest,
            Spacing::Images => pixels,
        };
        Self { geometry: *geometry, spacing, pitch, pixels, reach, copies, taps }
    }

    /// Pixels of g that are added up for so many images, a multiple of 32.
    pub fn added(&self, images: usize) -> usize {
        (images * self.pixels).next_multiple_of(DEPTH)
    }

    /// Pixels of a copy for so many images.
    pub fn packed(&self, images: usize) -> usize {
        match self.spacing {
            Spacing::Bordered | Spacing::Rows => images * self.reach,
            Spacing::Images => self.added(images),
        }
    }

    /// The steps of so many images.
    pub fn steps(&self, images: usize) -> Vec<Step> {
        let row = TILE_BYTES / DEPTH;
        let step = |number: usize| {
            let from = match self.spacing {
                Spacing::Bordered | Spacing::Rows => {
                    let pixel = number * DEPTH;
                    pixel / self.pixels * self.reach + pixel % self.pixels
                }
                Spacing::Images => number * DEPTH,
            };
            Step { a: 2 * DEPTH * number, b: row * from }
        };
        (0..self.added(images) / DEPTH).map(step).collect()
    }

    /// Where tile g holds the pixels of so many images, which lie `slot` elements apart.
    pub fn pixels_of_g(&self, g: &TileLayout, images: usize, slot: usize) -> Vec<u32> {
        let [rows, cols] = self.geometry.output();
        let at = |pixel: usize| {
            let [row, col] = [pixel / self.pitch, pixel % self.pitch];
            (row < rows && col < cols).then(|| g.pixel(row, col))
        };
        listed(self.pixels, images, slot, at)
    }

    /// Where tile x holds the pixels of a copy that begins at its start, likewise.
    pub fn pixels_of_x(&self, x: &TileLayout, images: usize, slot: usize) -> Vec<u32> {
        let stride = self.geometry.stride;
        let seen = match self.spacing {
            Spacing::Bordered => self.pitch,
            Spacing::Rows | Spacing::Images => self.geometry.output()[1],
        };
        let [rows, _] = self.geometry.output();
        let rows = rows + (self.geometry.kernel[0] - 1) / stride;
        let at = |pixel: usize| {
            let [row, col] = [pixel / self.pitch, pixel % self.pitch];
            let at = row * stride * x.pitch() + col * stride * x.channels;
            (row < rows && col < seen).then_some(at)
        };
        listed(self.reach, images, slot, at)
    }

    /// First element of tile x in a copy's start.
    pub fn origin(&self, copy: &CopyOfX, x: &TileLayout) -> usize {
        let [row, col] = copy.start;
        forward::origin(&self.geometry, x) + row * x.pitch() + col * x.channels
    }
}

impl CopyOfX {
    /// The copy's pixels, of a list from its start on.
    pub fn of<'a>(&self, list: &'a [u32]) -> &'a [u32] {
        &list[self.first..]
    }
}

/// The elements of the pixels of so many images.
fn listed(
    pixels: usize,
    images: usize,
    slot: usize,
    at: impl Fn(usize) -> Option<usize>,
) -> Vec<u32> {
    let one = |image: usize, pixel: usize| {
        at(pixel).map_or(Pixels::NONE, |at| (image * slot + at) as u32)
    };
    let numbers = |image| (0..pixels).map(move |pixel| (image, pixel));
    (0..images).flat_map(numbers).map(|(image, pixel)| one(image, pixel)).collect()
}
