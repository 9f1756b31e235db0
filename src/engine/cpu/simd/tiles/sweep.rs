//! Forward and input gradient on tiles: sixteen pixels, a run's 32 elements, sixteen channels.

use super::parts::{Parts, halves};
use super::product::{Column, DEPTH, Item, Product, SIDE, Step, TILE_BYTES};
use crate::engine::cpu::operand::{Border, TileLayout};
use crate::engine::cpu::simd::grid::{Grid, Taps};

/// A grid of pixels as a product, and how its weights are packed.
pub(super) struct TileSweep {
    taps: Taps,
    /// Pixels that a row of A gives.
    pixels: usize,
    product: Product,
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

/// A row of result pixels that holds the result of every grid: what lies beyond the last pixel of
/// a row is garbage. `None` where the grids may run through rows without a break.
fn broken_rows(grids: &[(Grid, Taps)], stride: usize) -> usize {
    grids.iter().map(|(g, _)| g.cols.next_multiple_of(SIDE) * stride).max().unwrap_or(0)
}

/// The layout of a result in which the grids, made by `of`, can be written. One grid with a step
/// of one pixel runs on from row to row, where that takes fewer tiles.
pub(super) fn layout(
    of: impl Fn(&TileLayout) -> Vec<(Grid, Taps)>,
    image: [usize; 2],
    channels: usize,
    stride: usize,
) -> TileLayout {
    let plain = TileLayout::plain(image, channels.next_multiple_of(SIDE));
    let grids = of(&plain);
    let rows_of = |pixels: usize| TileLayout {
        border: Border { right: pixels - image[1], ..Border::default() },
        ..plain
    };
    if let [(grid, _)] = &grids[..]
        && stride == 1
    {
        let row = grid.x_row / grid.x_pixel;
        let running = (grid.rows * row).div_ceil(SIDE);
        if running <= grid.rows * grid.cols.div_ceil(SIDE) {
            return rows_of(row);
        }
    }
    rows_of(broken_rows(&grids, stride).max(image[1]))
}

impl TileSweep {
    /// Plans a grid whose packed weights begin at byte `w`; `plane` is the distance of the lower
    /// halves in x, in elements.
    pub(super) fn new(grid: Grid, taps: Taps, parts: Parts, plane: usize, w: usize) -> TileSweep {
        let pixels = pixels_a_row(&grid, &taps);
        let grid = joined(grid, pixels);
        let items = items(&grid);
        let chunks = run(&taps, pixels).div_ceil(DEPTH);
        let tiles = taps.rows.len() * chunks;
        let mut steps = Vec::new();
        for row in 0..taps.rows.len() {
            for chunk in 0..chunks {
                steps.push(Step {
                    a: bytes(row * grid.x_run + chunk * DEPTH),
                    b: (row * chunks + chunk) * TILE_BYTES,
                });
            }
        }
        let low = match parts {
            Parts::One => None,
            Parts::Two => Some([bytes(plane), tiles * TILE_BYTES]),
        };
        let column = parts.count() * tiles * TILE_BYTES;
        let columns = 0..pixels * taps.written.div_ceil(SIDE);
        let product = Product {
            items,
            columns: columns.map(|i| Column { b: i * column, c: 4 * SIDE * i }).collect(),
            steps,
            a_row: bytes(grid.x_pixel),
            c_row: 4 * grid.y_pixel,
            low,
            accumulate: false,
        };
        TileSweep { taps, pixels, product, column, w, parts }
    }

    /// The product, whose B begins at [`TileSweep::w`].
    pub(super) fn product(&self) -> &Product {
        &self.product
    }

    /// Bytes to the packed weights.
    pub(super) fn w(&self) -> usize {
        self.w
    }

    /// One past the last byte of the packed weights.
    pub(super) fn w_end(&self) -> usize {
        self.w + self.product.b_end()
    }

    /// Packs weights, given by `fetch(kernel row, kernel column, channel read)`: the first channel
    /// written, and the distance to the next, in `weights`.
    pub(super) fn pack(
        &self,
        weights: &[f32],
        next: usize,
        fetch: impl Fn(usize, usize, usize) -> usize,
        out: &mut [u16],
    ) {
        let taps = &self.taps;
        let chunks = run(taps, self.pixels).div_ceil(DEPTH);
        let low = taps.rows.len() * chunks * TILE_BYTES / 2;
        let out = &mut out[self.w / 2..self.w_end() / 2];
        out.fill(0);
        for (block, out) in out.chunks_exact_mut(self.column / 2).enumerate() {
            // Of two pixels, the second reads one pixel further, into columns of its own.
            let (pixel, block) = (block % self.pixels, block / self.pixels);
            let lanes = (taps.written - block * SIDE).min(SIDE);
            for (number, &row) in taps.rows.iter().enumerate() {
                let run = taps.cols.iter().flat_map(|&c| (0..taps.read).map(move |r| (c, r)));
                for (element, (col, read)) in run.enumerate() {
                    let element = element + pixel * taps.read;
                    let at = (number * chunks + element / DEPTH) * (TILE_BYTES / 2)
                        + element % DEPTH / 2 * DEPTH
                        + element % 2;
                    let from = fetch(row, col, read) + block * SIDE * next;
                    for lane in 0..lanes {
                        let [high, rest] = halves(weights[from + lane * next]);
                        out[at + 2 * lane] = high;
                        if self.parts == Parts::Two {
                            out[low + at + 2 * lane] = rest;
                        }
                    }
                }
            }
        }
    }
}

/// Elements of a run that a row of A reads.
fn run(taps: &Taps, pixels: usize) -> usize {
    (taps.cols.len() + pixels - 1) * taps.read
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

/// Sixteens of pixels: running on over rows where the distances allow it, else row by row.
fn items(grid: &Grid) -> Vec<Item> {
    let at = |row: usize, col: usize| Item {
        a: bytes(grid.x_origin + row * grid.x_row + col * grid.x_pixel),
        c: 4 * (grid.y_origin + row * grid.y_row + col * grid.y_pixel),
    };
    let pitch = grid.x_row / grid.x_pixel;
    let running = grid.x_row.is_multiple_of(grid.x_pixel) && grid.y_row == pitch * grid.y_pixel;
    if running {
        let pixels = (grid.rows - 1) * pitch + grid.cols;
        return (0..pixels).step_by(SIDE).map(|pixel| at(0, pixel)).collect();
    }
    let row = |row: usize| (0..grid.cols).step_by(SIDE).map(move |col| (row, col));
    (0..grid.rows).flat_map(row).map(|(row, col)| at(row, col)).collect()
}
