//! The adjoint with respect to the weights: sums over pixels of xᵀ·g.

use super::partition::{self, Block, Column};
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::grid::forward;
use crate::engine::cpu::simd::isa::Isa;
use crate::engine::cpu::simd::kernels::PatchKernel;
use crate::engine::cpu::simd::kernels::patch::Patch;
use crate::graph::ConvGeometry;

/// Bytes of x and g that one pass over all patches may touch, so that they stay in L1.
const PASS_BYTES: usize = 36 * 1024;

/// Pixels that a pass has at least: below, loading and storing the sums would dominate.
const PASS_PIXELS: usize = 64;

/// A planned weight gradient. Sums are kept as kernel rows × run elements × packed channels.
pub struct WeightGradient {
    isa: Isa,
    x: TileLayout,
    g: TileLayout,
    x_origin: usize,
    stride: usize,
    output: [usize; 2],
    kernel_rows: usize,
    run: usize,
    packed: usize,
    columns: Vec<Column>,
    rows_a_pass: usize,
}

impl WeightGradient {
    /// Plans the gradient from tiles x and g.
    pub fn new(geometry: &ConvGeometry, x: &TileLayout, g: &TileLayout, isa: Isa) -> Self {
        let kernels = isa.kernels();
        let run = geometry.kernel[1] * x.channels;
        let vectors = g.channels.div_ceil(kernels.lanes);
        let block = |k: &PatchKernel| Block { size: k.c, vectors: k.k, cost: k.cost };
        let blocks: Vec<_> = kernels.patches.iter().map(block).collect();
        let columns = partition::columns(run, vectors, &blocks);
        let output = geometry.output();
        let widest = columns.iter().map(|column| column.vectors).max().unwrap_or(1);
        let g_bytes = 4 * output[1] * (widest * kernels.lanes).min(g.channels);
        let row_bytes = 4 * geometry.stride * x.pitch() + g_bytes;
        let rows_a_pass = (PASS_BYTES / row_bytes).max(PASS_PIXELS.div_ceil(output[1]));
        WeightGradient {
            isa,
            x: *x,
            g: *g,
            x_origin: forward::origin(geometry, x),
            stride: geometry.stride,
            output,
            kernel_rows: geometry.kernel[0],
            run,
            packed: vectors * kernels.lanes,
            columns,
            rows_a_pass,
        }
    }

    /// Elements after g's last pixel that whole vectors reach.
    pub fn slack(channels: usize, isa: Isa) -> usize {
        channels.next_multiple_of(isa.lanes()) - channels
    }

    /// Elements of an accumulator.
    pub fn len(&self) -> usize {
        self.kernel_rows * self.run * self.packed
    }

    fn x_end(&self) -> usize {
        let [rows, cols] = self.output;
        let pixel =
            (rows - 1) * self.stride * self.x.pitch() + (cols - 1) * self.stride * self.x.channels;
        self.x_origin + pixel + (self.kernel_rows - 1) * self.x.pitch() + self.run
    }

    fn g_end(&self) -> usize {
        let [rows, cols] = self.output;
        self.g.pixel(rows - 1, cols - 1) + self.packed
    }

    /// Adds an image's gradient to `acc`.
    pub fn run(&self, x: &[f32], g: &[f32], acc: &mut [f32]) {
        assert!(x.len() >= self.x_end() && g.len() >= self.g_end() && acc.len() >= self.len());
        let rows = self.output[0];
        for first in (0..rows).step_by(self.rows_a_pass) {
            for column in &self.columns {
                let channel = column.first * self.isa.lanes();
                let g = &g[self.g.pixel(first, 0) + channel..];
                for kernel_row in 0..self.kernel_rows {
                    let row = first * self.stride + kernel_row;
                    let x = &x[self.x_origin + row * self.x.pitch()..];
                    let acc = &mut acc[kernel_row * self.run * self.packed + channel..];
                    self.patches(column, self.rows_a_pass.min(rows - first), x, g, acc);
                }
            }
        }
    }

    /// Computes the patches of one kernel row and column of channels over `rows` rows of pixels;
    /// the slices begin where these do.
    fn patches(&self, column: &Column, rows: usize, x: &[f32], g: &[f32], acc: &mut [f32]) {
        for share in &column.shares {
            let kernel = &self.isa.kernels().patches[share.block];
            for block in 0..share.count {
                let element = share.first + block * kernel.c;
                let args = Patch {
                    x: x[element..].as_ptr(),
                    g: g.as_ptr(),
                    acc: acc[element * self.packed..].as_mut_ptr(),
                    rows,
                    cols: self.output[1],
                    x_row: self.stride * self.x.pitch(),
                    x_pixel: self.stride * self.x.channels,
                    g_row: self.g.pitch(),
                    g_pixel: self.g.channels,
                    acc_pitch: self.packed,
                };
                // SAFETY: an `Isa` is only made where the machine has it. x, g and acc reach as
                // far as the last pixel's last run element, the last pixel's last whole vector,
                // and the last sum, as `run` has checked; shares cover a run once. acc is
                // borrowed alone.
                unsafe { (kernel.run)(&args) }
            }
        }
    }

    /// Adds an accumulator to weights (kernel rows × run elements × `pitch`), of which it has the
    /// channels from `first` on.
    pub fn add(&self, acc: &[f32], (pitch, first): (usize, usize), out: &mut [f32]) {
        assert_eq!(acc.len(), self.len());
        assert_eq!(out.len(), self.kernel_rows * self.run * pitch);
        for (to, from) in out.chunks_exact_mut(pitch).zip(acc.chunks_exact(self.packed)) {
            for (sum, value) in to[first..first + self.g.channels].iter_mut().zip(from) {
                *sum += value;
            }
        }
    }
}
