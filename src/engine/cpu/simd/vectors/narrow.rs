//! Groups narrower than a vector: depthwise convolutions and groups of 2, 4 or 8 channels, as many
//! read as written. A vector of channels holds whole groups, so that pixels are read as they lie and
//! no lane is empty but in the last vector of a pixel.

use super::partition::{self, Block, Share};
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::grid::{Grid, Taps, forward};
use crate::engine::cpu::simd::isa::Isa;
use crate::engine::cpu::simd::kernels::narrow::{Narrow, NarrowPatch};
use crate::engine::cpu::simd::kernels::{NarrowKernel, NarrowPatchKernel};
use crate::graph::ConvGeometry;

/// Bytes of the rows that one row of pixels reads, so that they stay in L1 while the next rows of
/// pixels read them again.
const ROWS_BYTES: usize = 24 * 1024;

/// Channels of which at least so many are computed together: four cache lines.
const FEWEST_CHANNELS: usize = 64;

/// Bytes of x and g that one pass over all patches may touch, so that they stay in L1.
const PASS_BYTES: usize = 24 * 1024;

/// The width of groups for which there are kernels.
pub fn width(geometry: &ConvGeometry, [read, written]: [usize; 2], isa: Isa) -> Option<usize> {
    let width = read / geometry.groups;
    let there = isa.kernels().narrows.iter().any(|kernel| kernel.c == width);
    (geometry.groups > 1 && read == written && width < isa.lanes() && there).then_some(width)
}

/// Forward or input gradient over a grid of pixels.
#[derive(Debug)]
pub struct NarrowSweep {
    grid: Grid,
    taps: Taps,
    isa: Isa,
    /// Channels of a group.
    width: usize,
    kernels: Vec<&'static NarrowKernel>,
    /// Blocks of a row of pixels.
    shares: Vec<Share>,
    /// Channels computed together.
    together: usize,
    w_origin: usize,
}

impl NarrowSweep {
    /// Plans all channels of a grid whose groups have `width` of them; packed weights begin at
    /// `w_origin`. `taps` has those of all groups, and may not be empty.
    pub fn new(grid: Grid, taps: Taps, width: usize, isa: Isa, w_origin: usize) -> Self {
        let grid = grid.flattened();
        let all = isa.kernels().narrows.iter();
        let kernels: Vec<_> = all.filter(|kernel| kernel.c == width).collect();
        let block = |k: &&NarrowKernel| Block { size: k.p, vectors: 1, cost: k.cost };
        let blocks: Vec<_> = kernels.iter().map(block).collect();
        let columns = partition::columns(grid.cols, 1, &blocks);
        let shares = columns.into_iter().flat_map(|column| column.shares).collect();
        let row_bytes = size_of::<f32>() * taps.rows.len() * grid.cols;
        let together = ROWS_BYTES / row_bytes / FEWEST_CHANNELS * FEWEST_CHANNELS;
        let together = together.max(FEWEST_CHANNELS);
        Self { grid, taps, isa, width, kernels, shares, together, w_origin }
    }

    /// Packed weights of a vector of channels.
    fn of_vector(&self) -> usize {
        self.taps.rows.len() * self.taps.cols.len() * self.width * self.isa.lanes()
    }

    /// One past the last packed weight.
    pub fn w_end(&self) -> usize {
        self.w_origin + self.taps.written.div_ceil(self.isa.lanes()) * self.of_vector()
    }

    /// Packs weights, given by `fetch(kernel row, kernel column, channel of a group, first channel
    /// written, to)`.
    pub fn pack(&self, out: &mut [f32], fetch: impl Fn(usize, usize, usize, usize, &mut [f32])) {
        let lanes = self.isa.lanes();
        let out = &mut out[self.w_origin..self.w_end()];
        for (vector, out) in out.chunks_exact_mut(self.of_vector()).enumerate() {
            let first = vector * lanes;
            let used = lanes.min(self.taps.written - first);
            let taps = self.taps.rows.iter().flat_map(|&row| {
                let cols = self.taps.cols.iter();
                cols.flat_map(move |&col| (0..self.width).map(move |read| (row, col, read)))
            });
            for ((row, col, read), to) in taps.zip(out.chunks_exact_mut(lanes)) {
                let (to, beyond) = to.split_at_mut(used);
                fetch(row, col, read, first, to);
                beyond.fill(0.0);
            }
        }
    }

    fn x_end(&self) -> usize {
        let Grid { rows, cols, x_origin, x_row, x_pixel, x_run, .. } = self.grid;
        let tap = (self.taps.rows.len() - 1) * x_run + (self.taps.cols.len() - 1) * self.taps.read;
        x_origin + (rows - 1) * x_row + (cols - 1) * x_pixel + tap + self.taps.written
    }

    fn y_end(&self) -> usize {
        let Grid { rows, cols, y_origin, y_row, y_pixel, .. } = self.grid;
        y_origin + (rows - 1) * y_row + (cols - 1) * y_pixel + self.taps.written
    }

    /// Computes every pixel of the grid.
    pub fn run(&self, x: &[f32], w: &[f32], y: &mut [f32]) {
        assert!(x.len() >= self.x_end() && w.len() >= self.w_end() && y.len() >= self.y_end());
        let Grid { rows, x_origin, x_row, x_pixel, x_run, y_origin, y_row, y_pixel, .. } =
            self.grid;
        for channel in (0..self.taps.written).step_by(self.together) {
            let w = &w[self.w_origin + channel / self.isa.lanes() * self.of_vector()..];
            for row in 0..rows {
                for share in &self.shares {
                    let x = &x[x_origin + row * x_row + share.first * x_pixel + channel..];
                    let y = &mut y[y_origin + row * y_row + share.first * y_pixel + channel..];
                    let args = Narrow {
                        x: x.as_ptr(),
                        w: w.as_ptr(),
                        y: y.as_mut_ptr(),
                        blocks: share.count,
                        channels: self.together.min(self.taps.written - channel),
                        taps: [self.taps.rows.len(), self.taps.cols.len()],
                        x_row: x_run,
                        x_column: self.taps.read,
                        x_pixel,
                        y_pixel,
                    };
                    // SAFETY: an `Isa` is only made where the machine has it. x, w and y reach as far
                    // as the last pixel's last channel, as checked above; shares cover a row's pixels
                    // once. y is borrowed alone.
                    unsafe { (self.kernels[share.block].run)(&args) }
                }
            }
        }
    }
}

/// A rectangle of kernel positions that a kernel sums at once.
#[derive(Clone, Copy)]
struct Rectangle {
    row: usize,
    col: usize,
    kernel: &'static NarrowPatchKernel,
}

/// The adjoint with respect to the weights. Sums are kept as vectors of channels × channels of a group
/// × kernel rows × columns × lanes.
pub struct NarrowGradient {
    isa: Isa,
    x: TileLayout,
    g: TileLayout,
    x_origin: usize,
    geometry: ConvGeometry,
    width: usize,
    rectangles: Vec<Rectangle>,
    rows_a_pass: usize,
}

impl NarrowGradient {
    /// Plans the gradient from tiles x and g, of equal channels in groups of `width`.
    pub fn new(
        geometry: &ConvGeometry,
        x: &TileLayout,
        g: &TileLayout,
        width: usize,
        isa: Isa,
    ) -> Self {
        let output = geometry.output();
        let row_bytes = size_of::<f32>() * isa.lanes() * (geometry.stride + 1) * output[1];
        Self {
            isa,
            x: *x,
            g: *g,
            x_origin: forward::origin(geometry, x),
            geometry: *geometry,
            width,
            rectangles: rectangles(geometry.kernel, isa.kernels().narrow_patches),
            rows_a_pass: (PASS_BYTES / row_bytes).max(1),
        }
    }

    fn taps(&self) -> usize {
        self.geometry.kernel.iter().product()
    }

    /// Sums of a vector of channels.
    fn of_vector(&self) -> usize {
        self.width * self.taps() * self.isa.lanes()
    }

    /// Elements of an accumulator.
    pub fn len(&self) -> usize {
        self.x.channels.div_ceil(self.isa.lanes()) * self.of_vector()
    }

    fn x_end(&self) -> usize {
        let [rows, cols] = self.geometry.output();
        let [kernel_rows, kernel_cols] = self.geometry.kernel;
        let [row, col] = [
            (rows - 1) * self.geometry.stride + kernel_rows - 1,
            (cols - 1) * self.geometry.stride + kernel_cols - 1,
        ];
        self.x_origin + row * self.x.pitch() + (col + 1) * self.x.channels
    }

    fn g_end(&self) -> usize {
        let [rows, cols] = self.geometry.output();
        self.g.pixel(rows - 1, cols - 1) + self.g.channels
    }

    /// Adds an image's gradient to `acc`.
    pub fn run(&self, x: &[f32], g: &[f32], acc: &mut [f32]) {
        assert!(x.len() >= self.x_end() && g.len() >= self.g_end() && acc.len() >= self.len());
        let rows = self.geometry.output()[0];
        for (vector, acc) in acc.chunks_exact_mut(self.of_vector()).enumerate() {
            let channel = vector * self.isa.lanes();
            if channel >= self.x.channels {
                break;
            }
            for first in (0..rows).step_by(self.rows_a_pass) {
                let rows = self.rows_a_pass.min(rows - first);
                let x_first = first * self.geometry.stride * self.x.pitch();
                let x = &x[self.x_origin + x_first + channel..];
                let g = &g[self.g.pixel(first, 0) + channel..];
                for (turn, acc) in acc.chunks_exact_mut(self.taps() * self.isa.lanes()).enumerate()
                {
                    self.patches((channel, turn), rows, x, g, acc);
                }
            }
        }
    }

    /// Computes the patches of one vector of channels and one of each group's channels of g over
    /// `rows` rows of pixels; the slices begin where these do.
    fn patches(
        &self,
        (channel, turn): (usize, usize),
        rows: usize,
        x: &[f32],
        g: &[f32],
        acc: &mut [f32],
    ) {
        let lanes = self.isa.lanes();
        let cols = self.geometry.kernel[1];
        for Rectangle { row, col, kernel } in &self.rectangles {
            let args = NarrowPatch {
                x: x[row * self.x.pitch() + col * self.x.channels..].as_ptr(),
                g: g.as_ptr(),
                acc: acc[(row * cols + col) * lanes..].as_mut_ptr(),
                rows,
                cols: self.geometry.output()[1],
                x_row: self.geometry.stride * self.x.pitch(),
                x_pixel: self.geometry.stride * self.x.channels,
                x_tap_row: self.x.pitch(),
                x_column: self.x.channels,
                g_row: self.g.pitch(),
                g_pixel: self.g.channels,
                acc_row: cols * lanes,
                width: self.width,
                turn,
                lanes: lanes.min(self.x.channels - channel),
            };
            // SAFETY: an `Isa` is only made where the machine has it. x, g and acc reach as far as the
            // last pixel's last tap, the last pixel and the last sum, as `run` has checked; lanes end
            // at the last channel. acc is borrowed alone.
            unsafe { (kernel.run)(&args) }
        }
    }

    /// Adds an accumulator to weights.
    pub fn add(&self, acc: &[f32], out: &mut [f32]) {
        let (channels, lanes, width) = (self.x.channels, self.isa.lanes(), self.width);
        assert_eq!(out.len(), self.taps() * width * channels);
        assert_eq!(acc.len(), self.len());
        for (at, sums) in acc.chunks_exact(lanes).enumerate() {
            let (tap, turn) = (at % self.taps(), at / self.taps() % width);
            let first = at / self.taps() / width * lanes;
            for (channel, sum) in (first..channels).zip(sums) {
                let (read, written) = (channel % width, channel / width * width + turn);
                out[(tap * width + read) * channels + written] += sum;
            }
        }
    }
}

/// Covers kernel positions with the rectangles that there are kernels for, the largest that fits at
/// each place; one position is among them.
fn rectangles([rows, cols]: [usize; 2], kernels: &'static [NarrowPatchKernel]) -> Vec<Rectangle> {
    let mut found = Vec::new();
    let mut row = 0;
    while row < rows {
        let fits = |k: &&NarrowPatchKernel| k.r <= rows - row && k.s == cols;
        let tall = kernels.iter().filter(fits).map(|k| k.r).max().unwrap_or(1);
        let mut col = 0;
        while col < cols {
            let fits = |k: &&NarrowPatchKernel| k.r == tall && k.s <= cols - col;
            let widest = kernels.iter().filter(fits).max_by_key(|k| k.s);
            let Some(kernel) = widest else { break };
            found.push(Rectangle { row, col, kernel });
            col += kernel.s;
        }
        row += tall;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_cover_every_position_once() {
        for isa in Isa::available() {
            for (rows, cols) in (1..10).flat_map(|rows| (1..10).map(move |cols| (rows, cols))) {
                let mut seen = vec![0; rows * cols];
                for Rectangle { row, col, kernel } in
                    rectangles([rows, cols], isa.kernels().narrow_patches)
                {
                    for (r, s) in (0..kernel.r).flat_map(|r| (0..kernel.s).map(move |s| (r, s))) {
                        seen[(row + r) * cols + col + s] += 1;
                    }
                }
                assert!(seen.iter().all(|n| *n == 1), "{rows}×{cols}: {seen:?}");
            }
        }
    }
}
