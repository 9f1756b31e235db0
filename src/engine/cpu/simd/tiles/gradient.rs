//! The weight gradient on tiles: sums over pixels of gᵀ·x.
//!
//! Pixels are numbered through rows of a common pitch in x and in g, and g is zero between its
//! rows; so each kernel tap meets the same pixels of g at one distance in x. With stride s there
//! is one such numbering of x for each of the s × s remainders of its rows and columns.
//!
//! x is B, in pairs of pixels: an even distance is a number of whole rows of B, which begin on
//! cache lines, and for odd ones x is packed a second time, from its second pixel on.

use super::hardware::{interleave, transpose};
use super::parts::Parts;
use super::product::{Column, DEPTH, Item, Pixels, Product, SIDE, Step, TILE_BYTES};
use super::unit::Unit;
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::grid::forward;
use crate::graph::ConvGeometry;

/// Bytes of a row of B: sixteen pairs.
const ROW: usize = 2 * DEPTH;

/// A planned weight gradient. Sums are kept as taps × channels of g × channels of x, channels
/// rounded up to sixteen.
pub(super) struct TileGradient {
    geometry: ConvGeometry,
    x: TileLayout,
    g: TileLayout,
    parts: Parts,
    /// Elements between the parts of x and of g.
    planes: [usize; 2],
    /// Pixels from a row to the next.
    pitch: usize,
    /// Pixels that are added up.
    pixels: usize,
    /// Pixels of x that are packed.
    reach: usize,
    /// Once from its first pixel on; twice, where a distance is odd, also from its second.
    copies: usize,
    product: Product,
}

impl TileGradient {
    /// Plans the gradient from tiles x and g.
    pub(super) fn new(
        geometry: &ConvGeometry,
        x: &TileLayout,
        g: &TileLayout,
        parts: Parts,
        planes: [usize; 2],
    ) -> Self {
        let [rows, cols] = geometry.output();
        let [kernel_rows, kernel_cols] = geometry.kernel;
        let stride = geometry.stride;
        let farthest = (kernel_cols - 1) / stride;
        let pitch = match stride {
            1 => x.pitch() / x.channels,
            _ => (cols + farthest).next_multiple_of(2),
        };
        let pixels = ((rows - 1) * pitch + cols).next_multiple_of(DEPTH);
        let farthest = (kernel_rows - 1) / stride * pitch + farthest;
        let reach = (pixels + farthest + 2).next_multiple_of(2);
        let [x_blocks, g_blocks] = [x, g].map(|t| t.channels.div_ceil(SIDE));
        let block = reach / 2 * ROW;
        let c_row = 4 * SIDE * x_blocks;
        let skips: Vec<usize> = (0..kernel_rows * kernel_cols)
            .map(|tap| tap / kernel_cols / stride * pitch + tap % kernel_cols / stride)
            .collect();
        let copies = if skips.iter().any(|skip| skip % 2 == 1) { 2 } else { 1 };
        let mut columns = Vec::new();
        for (tap, skip) in skips.iter().enumerate() {
            let class = tap / kernel_cols % stride * stride + tap % kernel_cols % stride;
            for x_block in 0..x_blocks {
                let copy = (class * copies + skip % 2) * x_blocks + x_block;
                columns.push(Column {
                    b: copy * block + skip / 2 * ROW,
                    c: tap * g_blocks * SIDE * c_row + 4 * SIDE * x_block,
                });
            }
        }
        let low = match parts {
            Parts::One => None,
            Parts::Two => {
                Some([2 * g_blocks * SIDE * pixels, stride * stride * copies * x_blocks * block])
            }
        };
        let items =
            (0..g_blocks).map(|i| Item { a: 2 * i * SIDE * pixels, c: i * SIDE * c_row }).collect();
        let steps = 0..pixels / DEPTH;
        let product = Product {
            items,
            columns,
            steps: steps.map(|i| Step { a: 2 * DEPTH * i, b: TILE_BYTES * i }).collect(),
            a_row: 2 * pixels,
            c_row,
            low,
            accumulate: true,
        };
        let (geometry, x, g) = (*geometry, *x, *g);
        Self { geometry, x, g, parts, planes, pitch, pixels, reach, copies, product }
    }

    /// f32 numbers of the sums.
    pub(super) fn sums(&self) -> usize {
        self.product.c_end() / 4
    }

    fn classes(&self) -> usize {
        self.geometry.stride * self.geometry.stride
    }

    fn blocks(&self) -> [usize; 2] {
        [self.x, self.g].map(|t| t.channels.div_ceil(SIDE))
    }

    /// Elements of transposed g, of packed x, and of a plane in which pixels are put together.
    fn scratch_parts(&self) -> [usize; 3] {
        let [x_blocks, g_blocks] = self.blocks();
        let gathered = self.reach.max(self.pixels) * self.x.channels.max(self.g.channels);
        let parts = self.parts.count();
        [
            parts * self.pixels * g_blocks * SIDE,
            parts * self.classes() * self.copies * self.reach * x_blocks * SIDE,
            gathered.next_multiple_of(DEPTH),
        ]
    }

    /// Elements of scratch that [`TileGradient::run`] wants.
    pub(super) fn scratch_len(&self) -> usize {
        self.scratch_parts().iter().sum()
    }

    /// Adds to the sums what tiles x and g hold.
    ///
    /// # Safety
    /// The machine has the unit and AVX-512, and this thread has configured it.
    pub(super) unsafe fn run(
        &self,
        unit: Unit,
        x: &[u16],
        g: &[u16],
        scratch: &mut [u16],
        sums: &mut [f32],
    ) {
        let [g_len, x_len, _] = self.scratch_parts();
        let (transposed, rest) = scratch.split_at_mut(g_len);
        let (packed, gathered) = rest.split_at_mut(x_len);
        let each = x_len / self.parts.count() / self.classes() / self.copies;
        let mut copies = packed.chunks_exact_mut(each);
        for part in 0..self.parts.count() {
            let x = &x[part * self.planes[0]..];
            for class in 0..self.classes() {
                let from = self.pixels_of_x(x, class, gathered);
                for (first, to) in (0..self.copies).zip(&mut copies) {
                    // SAFETY: the caller promises AVX-512.
                    unsafe { interleave(from.skip(first), self.reach / 2, to) };
                }
            }
            let from = self.pixels_of_g(&g[part * self.planes[1]..], gathered);
            let each = g_len / self.parts.count();
            let to = &mut transposed[part * each..][..each];
            // SAFETY: as above.
            unsafe { transpose(from, self.pixels, to) };
        }
        assert!(self.product.a_end() <= 2 * transposed.len());
        assert!(self.product.b_end() <= 2 * packed.len());
        assert!(self.product.c_end() <= 4 * sums.len());
        let (a, b, c) = (transposed.as_ptr(), packed.as_ptr(), sums.as_mut_ptr());
        // SAFETY: the caller's promise; the operands reach far enough, as just checked.
        unsafe { self.product.run(unit, a.cast(), b.cast(), c.cast()) };
    }

    /// x's pixels of a class of rows and columns, in the common numbering.
    fn pixels_of_x<'a>(&self, x: &'a [u16], class: usize, to: &'a mut [u16]) -> Pixels<'a> {
        let channels = self.x.channels;
        let stride = self.geometry.stride;
        let origin = forward::origin(&self.geometry, &self.x);
        if stride == 1 {
            let values = &x[origin..self.x.len() - self.x.slack];
            return Pixels { values, channels, count: values.len() / channels };
        }
        let whole = self.x.pitch() / channels;
        let height = (self.x.len() - self.x.slack) / self.x.pitch();
        let first = origin / channels;
        let [top, left] = [first / whole + class / stride, first % whole + class % stride];
        let rows = (top..height).step_by(stride).take(self.reach / self.pitch);
        let mut count = 0;
        for row in rows {
            for at in 0..self.pitch {
                let col = left + at * stride;
                let to = &mut to[count * channels..][..channels];
                match col < whole {
                    true => to.copy_from_slice(&x[(row * whole + col) * channels..][..channels]),
                    false => to.fill(0),
                }
                count += 1;
            }
        }
        Pixels { values: &to[..count * channels], channels, count }
    }

    /// g's pixels in the common numbering, zero between rows.
    fn pixels_of_g<'a>(&self, g: &'a [u16], to: &'a mut [u16]) -> Pixels<'a> {
        let channels = self.g.channels;
        let [rows, cols] = self.geometry.output();
        let count = (rows - 1) * self.pitch + cols;
        if self.g.pitch() == self.pitch * channels {
            let values = &g[self.g.pixel(0, 0)..][..count * channels];
            return Pixels { values, channels, count };
        }
        to[..count * channels].fill(0);
        for row in 0..rows {
            let from = &g[self.g.pixel(row, 0)..][..cols * channels];
            to[row * self.pitch * channels..][..from.len()].copy_from_slice(from);
        }
        Pixels { values: &to[..count * channels], channels, count }
    }

    /// Adds up sums, in their order, into taps × channels of x × channels of g.
    pub(super) fn finish<'a>(&self, all: impl IntoIterator<Item = &'a [f32]>, out: &mut [f32]) {
        let (ci, co) = (self.x.channels, self.g.channels);
        let [x_lanes, g_lanes] = self.blocks().map(|n| n * SIDE);
        let mut total = vec![0.0; self.sums()];
        for sums in all {
            total.iter_mut().zip(sums).for_each(|(total, v)| *total += v);
        }
        for (row, out) in out.chunks_exact_mut(co).enumerate() {
            let first = row / ci * g_lanes * x_lanes + row % ci;
            let from = total[first..].iter().step_by(x_lanes);
            out.iter_mut().zip(from).for_each(|(out, &v)| *out = v);
        }
    }
}
