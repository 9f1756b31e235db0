//! Forward and input gradient on tiles: sixteen pixels or eight, a run's 32 elements, sixteen channels.

use super::parts::{Parts, halves, pair};
use super::product::{Column, DEPTH, Item, Product, SIDE, Step, TILE_BYTES};
use super::unit::Unit;
use crate::engine::cpu::operand::{Border, TileLayout};
use crate::engine::cpu::simd::grid::{Grid, Taps};

/// A grid of pixels as a product, and how its weights are packed.
pub(super) struct TileSweep {
    /// Of a group.
    taps: Taps,
    groups: usize,
    /// Pixels that a row of A gives.
    pixels: usize,
    /// What a row of A reads.
    runs: Vec<Run>,
    /// Of a group.
    product: Product,
    /// Bytes from a group to the next in A, in B and in C.
    group: [usize; 3],
    /// Bytes of a column's tiles.
    column: usize,
    /// Bytes to this sweep's packed weights.
    w: usize,
    parts: Parts,
}

/// Bytes of bf16 elements.
const fn bytes(elements: usize) -> usize {
    2 * elements
}

/// How many pixels are computed `rows` at a time, where what lies beyond the last of a row is
/// garbage, and whether rows follow one another: so may one grid with a step of one pixel, where
/// that takes fewer.
fn computed(grids: &[(Grid, Taps)], stride: usize, rows: usize) -> (usize, bool) {
    let row = |grid: &Grid| grid.rows * grid.cols.next_multiple_of(rows);
    let broken = grids.iter().map(|(grid, _)| row(grid)).sum();
    match grids {
        [(grid, _)] if stride == 1 => {
            let running = (grid.rows * (grid.x_row / grid.x_pixel)).next_multiple_of(rows);
            (running.min(broken), running <= broken)
        }
        _ => (broken, false),
    }
}

/// The layout of a result in which the grids, made by `of`, can be written, and how many pixels
/// are computed at a time.
pub(super) fn layout(
    of: impl Fn(&TileLayout) -> Vec<(Grid, Taps)>,
    image: [usize; 2],
    channels: usize,
    stride: usize,
    unit: Unit,
) -> (TileLayout, usize) {
    let plain = TileLayout::plain(image, channels.next_multiple_of(SIDE));
    let grids = of(&plain);
    let by = |rows: usize| (computed(&grids, stride, rows), rows);
    let (all, fewer) = (by(SIDE), by(unit.fewest_rows()));
    let ((_, running), rows) = if fewer.0.0 < all.0.0 { fewer } else { all };
    let row = |grid: &Grid| match running {
        true => grid.x_row / grid.x_pixel,
        false => grid.cols.next_multiple_of(rows) * stride,
    };
    let row = grids.iter().map(|(grid, _)| row(grid)).max().unwrap_or(0).max(image[1]);
    let border = Border { right: row - image[1], ..Border::default() };
    (TileLayout { border, ..plain }, rows)
}

impl TileSweep {
    /// Plans a grid, so many pixels at a time, whose packed weights begin at byte `w`; `plane` is
    /// the distance of the lower halves in x, in elements.
    pub(super) fn new(
        (grid, taps): (Grid, Taps),
        groups: usize,
        rows: usize,
        parts: Parts,
        plane: usize,
        w: usize,
    ) -> TileSweep {
        let taps = Taps { read: taps.read / groups, written: taps.written / groups, ..taps };
        let pixels = if groups == 1 { pixels_a_row(&grid, &taps) } else { 1 };
        let runs = runs(&grid, &taps, groups, pixels);
        let grid = joined(grid, pixels);
        let items = items(&grid, rows);
        let mut steps = Vec::new();
        for run in &runs {
            for first in (0..run.len).step_by(DEPTH) {
                steps.push(Step { a: bytes(run.at + first), b: steps.len() * TILE_BYTES });
            }
        }
        let tiles = steps.len();
        let low = match parts {
            Parts::One => None,
            Parts::Two => Some([bytes(plane), tiles * TILE_BYTES]),
        };
        let column = parts.count() * tiles * TILE_BYTES;
        let columns = pixels * taps.written.div_ceil(SIDE);
        let product = Product {
            items,
            rows,
            columns: (0..columns).map(|i| Column { b: i * column, c: 4 * SIDE * i }).collect(),
            steps,
            a_row: bytes(grid.x_pixel),
            c_row: 4 * grid.y_pixel,
            low,
            accumulate: false,
        };
        let group = [bytes(taps.read), columns * column, 4 * taps.written];
        TileSweep { taps, groups, pixels, runs, product, group, column, w, parts }
    }

    /// The products of the groups, and what each skips of A, of B, which begins at
    /// [`TileSweep::w`], and of C.
    pub(super) fn products(&self) -> impl Iterator<Item = (&Product, [usize; 3])> {
        (0..self.groups).map(|group| (&self.product, self.group.map(|bytes| group * bytes)))
    }

    /// One past the last byte of A, of B and of C that is touched.
    pub(super) fn ends(&self) -> [usize; 3] {
        let last = self.group.map(|bytes| (self.groups - 1) * bytes);
        let ends = [self.product.a_end(), self.product.b_end(), self.product.c_end()];
        [0, 1, 2].map(|operand| last[operand] + ends[operand])
    }

    /// Bytes to the packed weights.
    pub(super) fn w(&self) -> usize {
        self.w
    }

    /// One past the last byte of the packed weights.
    pub(super) fn w_end(&self) -> usize {
        self.w + self.ends()[1]
    }

    /// Packs weights, of which `first(kernel row, kernel column)` is the first of a group, and which
    /// lie `steps` apart from a channel read to the next and from a channel written to the next;
    /// `group` is the distance to the next group's.
    pub(super) fn pack(
        &self,
        weights: &[f32],
        steps: [usize; 2],
        group: usize,
        first: impl Fn(usize, usize) -> usize,
        out: &mut [u16],
    ) {
        let taps = &self.taps;
        let out = &mut out[self.w / 2..self.w_end() / 2];
        out.fill(0);
        let blocks = self.pixels * taps.written.div_ceil(SIDE);
        for (number, out) in out.chunks_exact_mut(self.column / 2).enumerate() {
            let (group, block) = (number / blocks * group, number % blocks);
            // Of two pixels, the second reads one pixel further, into columns of its own.
            let (pixel, block) = (block % self.pixels, block / self.pixels);
            let from = group + block * SIDE * steps[1];
            let lanes = (taps.written - block * SIDE).min(SIDE);
            let mut tiles = 0;
            for run in &self.runs {
                for (at, &col) in run.cols.iter().enumerate() {
                    let to = tiles * DEPTH + (pixel + at) * taps.read;
                    let weights = &weights[first(run.row, col) + from..];
                    self.pack_pixel(weights, steps, lanes, to, out);
                }
                tiles += run.len.div_ceil(DEPTH);
            }
        }
    }

    /// The weights of what is read of a pixel, the elements from `to` on of A's row.
    fn pack_pixel(
        &self,
        weights: &[f32],
        [read_step, written_step]: [usize; 2],
        lanes: usize,
        to: usize,
        out: &mut [u16],
    ) {
        let (read, low) = (self.taps.read, out.len() / 2);
        if self.parts == Parts::Two || read % 2 == 1 {
            for (read, lane) in (0..read).flat_map(|read| (0..lanes).map(move |lane| (read, lane)))
            {
                let [high, rest] = halves(weights[read * read_step + lane * written_step]);
                let at = 2 * (word(to + read) + lane) + (to + read) % 2;
                out[at] = high;
                if self.parts == Parts::Two {
                    out[low + at] = rest;
                }
            }
            return;
        }
        // Most nets' weights, pair by pair in the order in which they lie.
        let words: &mut [u32] = bytemuck::cast_slice_mut(out);
        if written_step == 1 {
            for read in (0..read).step_by(2) {
                let [first, second] =
                    [read, read + 1].map(|read| &weights[read * read_step..][..lanes]);
                let words = &mut words[word(to + read)..][..lanes];
                for (at, word) in words.iter_mut().enumerate() {
                    *word = pair(first[at], second[at]);
                }
            }
            return;
        }
        for lane in 0..lanes {
            let row = &weights[lane * written_step..][..read];
            for (number, two) in row.chunks_exact(2).enumerate() {
                words[word(to + 2 * number) + lane] = pair(two[0], two[1]);
            }
        }
    }
}

/// The first word of an element's pairs in the tiles of a column.
fn word(element: usize) -> usize {
    element / DEPTH * (TILE_BYTES / 4) + element % DEPTH / 2 * SIDE
}

/// Elements one after another that a row of A reads.
struct Run {
    /// First element, from the row's first.
    at: usize,
    len: usize,
    /// Kernel row.
    row: usize,
    /// Kernel columns.
    cols: Vec<usize>,
}

/// A run for each kernel row; of a group, whose channels have others beside them, for each tap.
fn runs(grid: &Grid, taps: &Taps, groups: usize, pixels: usize) -> Vec<Run> {
    let row = |(number, &row): (usize, &usize)| {
        let at = number * grid.x_run;
        if groups == 1 {
            let len = (taps.cols.len() + pixels - 1) * taps.read;
            return vec![Run { at, len, row, cols: taps.cols.clone() }];
        }
        let pixel = groups * taps.read;
        let one = |(number, &col): (usize, &usize)| Run {
            at: at + number * pixel,
            len: taps.read,
            row,
            cols: vec![col],
        };
        taps.cols.iter().enumerate().map(one).collect()
    };
    taps.rows.iter().enumerate().flat_map(row).collect()
}

/// Two where a pixel has sixteen channels at most and its neighbours can be computed with it: B
/// then has columns for both, and a row of A serves them.
fn pixels_a_row(grid: &Grid, taps: &Taps) -> usize {
    let neighbours = grid.x_pixel == taps.read && grid.y_pixel == SIDE;
    let even = grid.cols.is_multiple_of(2) && grid.x_row.is_multiple_of(2 * grid.x_pixel);
    if taps.written <= SIDE && neighbours && even { 2 } else { 1 }
}

/// The grid of as many pixels at a time.
fn joined(grid: Grid, pixels: usize) -> Grid {
    Grid {
        cols: grid.cols / pixels,
        x_pixel: grid.x_pixel * pixels,
        y_pixel: grid.y_pixel * pixels,
        ..grid
    }
}

/// So many pixels at a time: running on over rows where the distances allow it, else row by row.
fn items(grid: &Grid, rows: usize) -> Vec<Item> {
    let at = |row: usize, col: usize| Item {
        a: bytes(grid.x_origin + row * grid.x_row + col * grid.x_pixel),
        c: 4 * (grid.y_origin + row * grid.y_row + col * grid.y_pixel),
    };
    let pitch = grid.x_row / grid.x_pixel;
    let running = grid.x_row.is_multiple_of(grid.x_pixel) && grid.y_row == pitch * grid.y_pixel;
    if running {
        let pixels = (grid.rows - 1) * pitch + grid.cols;
        return (0..pixels).step_by(rows).map(|pixel| at(0, pixel)).collect();
    }
    let row = |row: usize| (0..grid.cols).step_by(rows).map(move |col| (row, col));
    (0..grid.rows).flat_map(row).map(|(row, col)| at(row, col)).collect()
}
