//! The adjoint with respect to the weights: sums over pixels of xᵀ·g.

use super::patches::{Area, Patches};
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::grid::forward;
use crate::engine::cpu::simd::isa::Isa;
use crate::graph::ConvGeometry;

/// Bytes of x and g that one pass over all patches may touch, so that they stay in L1.
const PASS_BYTES: usize = 36 * 1024;

/// Pixels that a pass has at least: below, loading and storing the sums would dominate.
const PASS_PIXELS: usize = 64;

/// A planned weight gradient. Sums are kept as kernel rows × run elements × packed channels.
pub struct WeightGradient {
    x: TileLayout,
    g: TileLayout,
    x_origin: usize,
    stride: usize,
    output: [usize; 2],
    kernel_rows: usize,
    patches: Patches,
    rows_a_pass: usize,
}

impl WeightGradient {
    /// Plans the gradient from tiles x and g.
    pub fn new(geometry: &ConvGeometry, x: &TileLayout, g: &TileLayout, isa: Isa) -> Self {
        let patches = Patches::new(geometry.kernel[1] * x.channels, g.channels, isa);
        let output = geometry.output();
        let g_bytes = 4 * output[1] * patches.widest().min(g.channels);
        let row_bytes = 4 * geometry.stride * x.pitch() + g_bytes;
        let rows_a_pass = (PASS_BYTES / row_bytes).max(PASS_PIXELS.div_ceil(output[1]));
        WeightGradient {
            x: *x,
            g: *g,
            x_origin: forward::origin(geometry, x),
            stride: geometry.stride,
            output,
            kernel_rows: geometry.kernel[0],
            patches,
            rows_a_pass,
        }
    }

    /// Elements after g's last pixel that whole vectors reach.
    pub fn slack(channels: usize, isa: Isa) -> usize {
        channels.next_multiple_of(isa.lanes()) - channels
    }

    /// Elements of an accumulator.
    pub fn len(&self) -> usize {
        self.kernel_rows * self.patches.len()
    }

    /// Adds an image's gradient to `acc`.
    pub fn run(&self, x: &[f32], g: &[f32], acc: &mut [f32]) {
        let rows = self.output[0];
        for first in (0..rows).step_by(self.rows_a_pass) {
            let area = Area {
                rows: self.rows_a_pass.min(rows - first),
                cols: self.output[1],
                row: [self.stride * self.x.pitch(), self.g.pitch()],
                pixel: [self.stride * self.x.channels, self.g.channels],
            };
            let g = &g[self.g.pixel(first, 0)..];
            for column in self.patches.columns() {
                for (kernel_row, acc) in acc.chunks_exact_mut(self.patches.len()).enumerate() {
                    let row = first * self.stride + kernel_row;
                    let x = &x[self.x_origin + row * self.x.pitch()..];
                    self.patches.run(column, &area, x, g, acc);
                }
            }
        }
    }

    /// Adds an accumulator to weights (kernel rows × run elements × `pitch`), of which it has the
    /// channels from `first` on.
    pub fn add(&self, acc: &[f32], (pitch, first): (usize, usize), out: &mut [f32]) {
        let packed = self.patches.packed();
        assert_eq!(acc.len(), self.len());
        assert_eq!(out.len(), self.len() / packed * pitch);
        for (to, from) in out.chunks_exact_mut(pitch).zip(acc.chunks_exact(packed)) {
            for (sum, value) in to[first..first + self.g.channels].iter_mut().zip(from) {
                *sum += value;
            }
        }
    }
}
