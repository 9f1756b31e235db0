//! Convolution by F(2×2, 3×3) (Winograd 1980; Lavin and Gray 2016, arXiv 1509.09308).
//!
//! Two by two pixels of y from four by four of x: with d = Bᵀ·x·B and u = G·w·Gᵀ for each pair
//! of channels, y = Aᵀ·(Σ u ∘ d)·A. That is 16 products for each pair where the definition has
//! 36, all in f32; sums of four numbers before and after cost about two bits of precision.
//!
//! For each of the sixteen positions the products are a 1×1 convolution over the tiles of a few
//! rows, for which [`Sweep`] has the loops.

mod gradient;

use std::cell::RefCell;

use super::scratch::{LINE, two_of};
use super::sweep::{Strip, Sweep};
use crate::engine::cpu::simd::grid::{Grid, Taps};
use crate::engine::cpu::simd::isa::Isa;
use crate::engine::cpu::simd::kernels::winograd::Transform;

pub use gradient::WinogradGradient;

/// Positions of a transformed tile.
const POSITIONS: usize = 16;
/// Numbers of one position that are transformed before their products are taken: enough tiles for
/// the kernels' longest blocks, and all positions together stay in L2.
const MOST_NUMBERS: usize = 1024;
/// Channels below which transforming costs more than it saves.
const FEWEST_CHANNELS: usize = 32;

thread_local! {
    /// Transformed tiles of x and of y.
    static TILES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Whether pixels fall into tiles, and channels into enough whole vectors.
fn pays(pixels: [usize; 2], channels: [usize; 2], isa: Isa) -> bool {
    let many = |n: &usize| n.is_multiple_of(isa.lanes()) && *n >= FEWEST_CHANNELS;
    pixels.iter().all(|n| n.is_multiple_of(2)) && channels.iter().all(many)
}

/// G of three numbers, for each channel: four rows of channels.
fn kernel_of_w([a, b, c]: [&[f32]; 3], to: &mut [f32]) {
    let channels = a.len();
    let (b, c) = (&b[..channels], &c[..channels]);
    let (outer, inner) = to.split_at_mut(channels);
    outer.copy_from_slice(a);
    let (second, inner) = inner.split_at_mut(channels);
    let (third, last) = inner.split_at_mut(channels);
    for lane in 0..channels {
        let outer = a[lane] + c[lane];
        second[lane] = (outer + b[lane]) / 2.0;
        third[lane] = (outer - b[lane]) / 2.0;
    }
    last.copy_from_slice(c);
}

/// A planned convolution.
#[derive(Debug)]
pub struct Winograd {
    grid: Grid,
    taps: Taps,
    isa: Isa,
    /// Rows of tiles whose products are taken together.
    down: usize,
    /// The products of one position, for as many tiles.
    products: Sweep,
    w_origin: usize,
}

impl Winograd {
    /// Plans what a [`Sweep`] of the same grid and taps computes; `None` where that is no 3×3
    /// convolution with stride 1 over an even number of rows and columns, in enough whole vectors
    /// of channels.
    pub fn new(grid: Grid, taps: Taps, isa: Isa, w_origin: usize) -> Option<Winograd> {
        let three = taps.rows.len() == 3 && taps.cols.len() == 3;
        let next = grid.x_pixel == taps.read && grid.x_run == grid.x_row;
        if !(three && next && pays([grid.rows, grid.cols], [taps.read, taps.written], isa)) {
            return None;
        }
        let [rows, across] = [grid.rows / 2, grid.cols / 2];
        let most = MOST_NUMBERS / taps.read.max(taps.written);
        let fits = |down: &usize| rows.is_multiple_of(*down) && down * across <= most;
        let down = (1..=rows).rev().find(fits).unwrap_or(1);
        let tiles = down * across;
        let row = Grid {
            rows: 1,
            cols: tiles,
            x_origin: 0,
            x_row: tiles * taps.read,
            x_pixel: taps.read,
            x_run: taps.read,
            y_origin: 0,
            y_row: tiles * taps.written,
            y_pixel: taps.written,
        };
        let one = Taps { rows: vec![0], cols: vec![0], ..taps };
        let products = Sweep::new(row, one, isa, 0);
        Some(Winograd { grid, taps, isa, down, products, w_origin })
    }

    /// One past the last packed weight.
    pub fn w_end(&self) -> usize {
        self.w_origin + POSITIONS * self.products.w_end()
    }

    /// Packs weights, given by `fetch(kernel row, kernel column, channel read, first channel
    /// written, to)`.
    pub fn pack(&self, out: &mut [f32], fetch: impl Fn(usize, usize, usize, usize, &mut [f32])) {
        let each = self.products.w_end();
        let out = &mut out[self.w_origin..self.w_end()];
        for &Strip { channel, width, w: w_origin, .. } in self.products.strips() {
            let [mut taps, mut half, mut row] = [9, 12, 4].map(|rows| vec![0.0; rows * width]);
            for read in 0..self.taps.read {
                for (tap, lanes) in taps.chunks_exact_mut(width).enumerate() {
                    let [row, col] = [self.taps.rows[tap / 3], self.taps.cols[tap % 3]];
                    fetch(row, col, read, channel, lanes);
                }
                // u = G·w·Gᵀ: along columns, then along rows.
                for col in 0..3 {
                    let of = [0, 1, 2].map(|row| &taps[(3 * row + col) * width..][..width]);
                    kernel_of_w(of, &mut half[4 * col * width..][..4 * width]);
                }
                let to = w_origin + read * width;
                for number in 0..4 {
                    let of = [0, 1, 2].map(|col| &half[(4 * col + number) * width..][..width]);
                    kernel_of_w(of, &mut row);
                    for (col, values) in row.chunks_exact(width).enumerate() {
                        out[(4 * number + col) * each + to..][..width].copy_from_slice(values);
                    }
                }
            }
        }
    }

    /// Computes every pixel of the grid.
    pub fn run(&self, x: &[f32], w: &[f32], y: &mut [f32]) {
        let Grid { rows, cols, x_origin, x_row, x_pixel, y_origin, y_row, y_pixel, .. } = self.grid;
        let x_end = x_origin + (rows + 1) * x_row + (cols + 2) * x_pixel;
        let y_end = y_origin + (rows - 1) * y_row + (cols - 1) * y_pixel + self.taps.written;
        assert!(x.len() >= x_end && w.len() >= self.w_end() && y.len() >= y_end);
        let tiles = self.down * cols / 2;
        let lengths = [self.taps.read, self.taps.written].map(|channels| tiles * channels);
        // An odd number of lines apart: a power of two, and sixteen positions would share a few sets of L1.
        let [x_position, y_position] = lengths.map(|len| len.next_multiple_of(LINE) + LINE);
        TILES.with_borrow_mut(|buffer| {
            let (d, m) = two_of(buffer, [x_position, y_position].map(|each| POSITIONS * each));
            for first in (0..rows / 2).step_by(self.down) {
                for down in 0..self.down {
                    let from = &x[x_origin + 2 * (first + down) * x_row..];
                    let to = &mut d[down * cols / 2 * self.taps.read..];
                    // SAFETY: an `Isa` is only made where the machine has it; x reaches as far
                    // as the last tile's last pixel, as checked above, and d holds all tiles.
                    unsafe {
                        (self.isa.kernels().transform_x)(&Transform {
                            from: from.as_ptr(),
                            to: to.as_mut_ptr(),
                            tiles: cols / 2,
                            channels: self.taps.read,
                            row: x_row,
                            pixel: x_pixel,
                            tile: self.taps.read,
                            position: x_position,
                        });
                    }
                }
                for position in 0..POSITIONS {
                    let each = self.products.w_end();
                    let d = &d[position * x_position..][..lengths[0]];
                    let w = &w[self.w_origin + position * each..][..each];
                    self.products.run(d, w, &mut m[position * y_position..][..lengths[1]]);
                }
                for down in 0..self.down {
                    let from = &m[down * cols / 2 * self.taps.written..];
                    let to = &mut y[y_origin + 2 * (first + down) * y_row..];
                    // SAFETY: as above, for y.
                    unsafe {
                        (self.isa.kernels().transform_y)(&Transform {
                            from: from.as_ptr(),
                            to: to.as_mut_ptr(),
                            tiles: cols / 2,
                            channels: self.taps.written,
                            row: y_row,
                            pixel: y_pixel,
                            tile: self.taps.written,
                            position: y_position,
                        });
                    }
                }
            }
        });
    }
}
