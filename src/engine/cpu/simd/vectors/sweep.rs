//! For each pixel of a grid: a few runs of a tile, times packed weights.

use super::partition::{self, Block, Share};
use crate::engine::cpu::simd::grid::{Grid, Taps};
use crate::engine::cpu::simd::isa::Isa;
use crate::engine::cpu::simd::kernels::PanelKernel;
use crate::engine::cpu::simd::kernels::panel::Panel;

/// Bytes of packed weights that one chunk may have, so that they stay in L1 beside the tile rows
/// being read while all pixels of the image pass.
const CHUNK_BYTES: usize = 40 * 1024;

/// Elements of the reduction in a chunk of so many packed channels.
fn chunk_elements(width: usize) -> usize {
    CHUNK_BYTES / (size_of::<f32>() * width)
}

/// Vectors of output channels that are computed together.
#[derive(Debug)]
pub struct Strip {
    /// First output channel.
    pub channel: usize,
    /// Packed channels, a multiple of the vector width.
    pub width: usize,
    /// First packed weight.
    pub w: usize,
    /// Lanes of the last vector that y has.
    last: usize,
    /// Blocks of a row of pixels.
    shares: Vec<Share>,
    /// Pieces of the reduction.
    chunks: Vec<Chunk>,
}

/// A piece of the reduction: some whole runs, or a part of one.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    /// First element read, from the pixel's first.
    x: usize,
    /// First row of packed weights, from the strip's first.
    element: usize,
    runs: usize,
    len: usize,
}

/// A planned sweep.
#[derive(Debug)]
pub struct Sweep {
    grid: Grid,
    taps: Taps,
    strips: Vec<Strip>,
    isa: Isa,
    /// What the strips' shares are computed by.
    kernels: Vec<&'static PanelKernel>,
    w_end: usize,
}

impl Sweep {
    /// Plans a sweep whose packed weights begin at element `w_origin`. `taps` may not be empty.
    pub fn new(grid: Grid, taps: Taps, isa: Isa, w_origin: usize) -> Sweep {
        let grid = grid.flattened();
        let lanes = isa.lanes();
        let vectors = taps.written.div_ceil(lanes);
        let (runs, len) = merged_runs(taps.rows.len(), taps.cols.len() * taps.read, grid.x_run);
        let fits = |k: &&PanelKernel| k.fits(len, grid.x_pixel, chunk_elements(k.k * lanes));
        let kernels: Vec<_> = isa.kernels().panels.iter().filter(fits).collect();
        let block = |k: &&PanelKernel| Block { size: k.p, vectors: k.k, cost: k.cost };
        let blocks: Vec<_> = kernels.iter().map(block).collect();
        let mut w = w_origin;
        let mut strips = Vec::new();
        for column in partition::columns(grid.cols, vectors, &blocks) {
            let channel = column.first * lanes;
            let width = column.vectors * lanes;
            let last = (taps.written - channel).min(width) - (width - lanes);
            let chunks = chunks(runs, len, grid.x_run, chunk_elements(width));
            strips.push(Strip { channel, width, w, last, shares: column.shares, chunks });
            w += runs * len * width;
        }
        Sweep { grid, taps, strips, isa, kernels, w_end: w }
    }

    /// One past the last packed weight.
    pub fn w_end(&self) -> usize {
        self.w_end
    }

    /// One past the last element of x that is read.
    pub fn x_end(&self) -> usize {
        let Grid { rows, cols, x_origin, x_row, x_pixel, x_run, .. } = self.grid;
        let pixel = x_origin + (rows - 1) * x_row + (cols - 1) * x_pixel;
        pixel + (self.taps.rows.len() - 1) * x_run + self.taps.cols.len() * self.taps.read
    }

    /// One past the last element of y that is written.
    pub fn y_end(&self) -> usize {
        let Grid { rows, cols, y_origin, y_row, y_pixel, .. } = self.grid;
        y_origin + (rows - 1) * y_row + (cols - 1) * y_pixel + self.taps.written
    }

    /// The taps.
    pub fn taps(&self) -> &Taps {
        &self.taps
    }

    /// The strips, in the order in which weights are packed.
    pub fn strips(&self) -> &[Strip] {
        &self.strips
    }

    /// Computes every pixel of the grid.
    pub fn run(&self, x: &[f32], w: &[f32], y: &mut [f32]) {
        assert!(x.len() >= self.x_end() && w.len() >= self.w_end && y.len() >= self.y_end());
        for strip in &self.strips {
            for (i, chunk) in strip.chunks.iter().enumerate() {
                let x = &x[self.grid.x_origin + chunk.x..];
                let w = &w[strip.w + chunk.element * strip.width..];
                let y = &mut y[self.grid.y_origin + strip.channel..];
                for row in 0..self.grid.rows {
                    for share in &strip.shares {
                        let kernel = self.kernels[share.block];
                        let args = Panel {
                            last: strip.last,
                            accumulate: i > 0,
                            ..self.panel(chunk, share, row, x, w, y)
                        };
                        // SAFETY: an `Isa` is only made where the machine has it. x, w and y
                        // reach as far as the last pixel's last element, as checked above;
                        // shares cover a row's pixels once, chunks the runs once, and `last`
                        // ends the strip at y's last channel. y is borrowed alone.
                        unsafe { (kernel.run)(&args) }
                    }
                }
            }
        }
    }

    /// What the kernel is told of a share of a row of pixels.
    fn panel(
        &self,
        chunk: &Chunk,
        share: &Share,
        row: usize,
        x: &[f32],
        w: &[f32],
        y: &mut [f32],
    ) -> Panel {
        let grid = &self.grid;
        Panel {
            x: x[row * grid.x_row + share.first * grid.x_pixel..].as_ptr(),
            w: w.as_ptr(),
            y: y[row * grid.y_row + share.first * grid.y_pixel..].as_mut_ptr(),
            blocks: share.count,
            runs: chunk.runs,
            len: chunk.len,
            x_run: grid.x_run,
            x_pixel: grid.x_pixel,
            y_pixel: grid.y_pixel,
            last: self.isa.lanes(),
            accumulate: false,
        }
    }
}

/// Runs that follow on each other without a gap are one run.
fn merged_runs(runs: usize, len: usize, x_run: usize) -> (usize, usize) {
    match x_run == len {
        true => (1, runs * len),
        false => (runs, len),
    }
}

/// Splits `runs` runs of `len` elements into pieces of about `limit` elements.
fn chunks(runs: usize, len: usize, x_run: usize, limit: usize) -> Vec<Chunk> {
    if len <= limit {
        let count = runs.div_ceil(limit / len);
        let share = |i: usize| i * runs / count;
        let chunk = |i: usize| Chunk {
            x: share(i) * x_run,
            element: share(i) * len,
            runs: share(i + 1) - share(i),
            len,
        };
        return (0..count).map(chunk).collect();
    }
    let pieces = len.div_ceil(limit);
    let share = |i: usize| i * len / pieces;
    let chunk = |run: usize, i: usize| Chunk {
        x: run * x_run + share(i),
        element: run * len + share(i),
        runs: 1,
        len: share(i + 1) - share(i),
    };
    (0..runs).flat_map(|run| (0..pieces).map(move |i| chunk(run, i))).collect()
}
