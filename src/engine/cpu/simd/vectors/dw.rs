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

/// A planned weight gradient. Sums are kept as groups × runs × run elements × packed channels.
pub struct WeightGradient {
    isa: Isa,
    x: TileLayout,
    g: TileLayout,
    x_origin: usize,
    stride: usize,
    output: [usize; 2],
    /// Of the channels.
    groups: usize,
    /// Where runs of neighbouring elements begin, from a pixel's first.
    runs: Vec<usize>,
    /// Elements of a run.
    run: usize,
    /// A group's channels of x and of g, and those of g in whole vectors.
    read: usize,
    written: usize,
    packed: usize,
    columns: Vec<Column>,
    rows_a_pass: usize,
}

impl WeightGradient {
    /// Plans the gradient from tiles x and g.
    pub fn new(geometry: &ConvGeometry, x: &TileLayout, g: &TileLayout, isa: Isa) -> Self {
        let kernels = isa.kernels();
        let [rows, cols] = geometry.kernel;
        let [read, written] = [x.channels, g.channels].map(|channels| channels / geometry.groups);
        // A kernel row's columns lie side by side where nothing is between their channels.
        let (beside, run) = if geometry.groups == 1 { (1, cols * read) } else { (cols, read) };
        let row = |row| (0..beside).map(move |col| row * x.pitch() + col * x.channels);
        let vectors = written.div_ceil(kernels.lanes);
        let block = |k: &PatchKernel| Block { size: k.c, vectors: k.k, cost: k.cost };
        let blocks: Vec<_> = kernels.patches.iter().map(block).collect();
        let columns = partition::columns(run, vectors, &blocks);
        let output = geometry.output();
        let widest = columns.iter().map(|column| column.vectors).max().unwrap_or(1);
        let g_bytes = 4 * output[1] * (widest * kernels.lanes).min(written);
        let row_bytes = 4 * geometry.stride * x.pitch() / geometry.groups + g_bytes;
        let rows_a_pass = (PASS_BYTES / row_bytes).max(PASS_PIXELS.div_ceil(output[1]));
        WeightGradient {
            isa,
            x: *x,
            g: *g,
            x_origin: forward::origin(geometry, x),
            stride: geometry.stride,
            output,
            groups: geometry.groups,
            runs: (0..rows).flat_map(row).collect(),
            run,
            read,
            written,
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
        self.groups * self.of_group()
    }

    /// Of a group's part of it.
    fn of_group(&self) -> usize {
        self.runs.len() * self.run * self.packed
    }

    fn x_end(&self) -> usize {
        let [rows, cols] = self.output;
        let pixel =
            (rows - 1) * self.stride * self.x.pitch() + (cols - 1) * self.stride * self.x.channels;
        let run = self.runs.last().map_or(0, |first| first + self.run);
        self.x_origin + pixel + (self.groups - 1) * self.read + run
    }

    fn g_end(&self) -> usize {
        let [rows, cols] = self.output;
        self.g.pixel(rows - 1, cols - 1) + (self.groups - 1) * self.written + self.packed
    }

    /// Adds an image's gradient to `acc`.
    pub fn run(&self, x: &[f32], g: &[f32], acc: &mut [f32]) {
        assert!(x.len() >= self.x_end() && g.len() >= self.g_end() && acc.len() >= self.len());
        for (group, acc) in acc.chunks_exact_mut(self.of_group()).take(self.groups).enumerate() {
            let x = &x[self.x_origin + group * self.read..];
            self.group(x, group * self.written, g, acc);
        }
    }

    /// One group's; x begins with its first element, its channels of g at `written`.
    fn group(&self, x: &[f32], written: usize, g: &[f32], acc: &mut [f32]) {
        let rows = self.output[0];
        for first in (0..rows).step_by(self.rows_a_pass) {
            for column in &self.columns {
                let channel = column.first * self.isa.lanes();
                let g = &g[self.g.pixel(first, 0) + written + channel..];
                for (at, run) in self.runs.iter().enumerate() {
                    let x = &x[first * self.stride * self.x.pitch() + run..];
                    let acc = &mut acc[at * self.run * self.packed + channel..];
                    self.patches(column, self.rows_a_pass.min(rows - first), x, g, acc);
                }
            }
        }
    }

    /// Computes the patches of one run and column of channels over `rows` rows of pixels;
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

    /// Adds up accumulators, in their order, into the layout of the weights.
    pub fn finish<'a>(&self, accumulators: impl IntoIterator<Item = &'a [f32]>, out: &mut [f32]) {
        let channels = self.g.channels;
        assert_eq!(out.len(), self.runs.len() * self.run * channels);
        out.fill(0.0);
        for acc in accumulators {
            assert_eq!(acc.len(), self.len());
            for (group, acc) in acc.chunks_exact(self.of_group()).enumerate() {
                let own = group * self.written..(group + 1) * self.written;
                for (to, from) in out.chunks_exact_mut(channels).zip(acc.chunks_exact(self.packed))
                {
                    for (sum, value) in to[own.clone()].iter_mut().zip(from) {
                        *sum += value;
                    }
                }
            }
        }
    }
}
