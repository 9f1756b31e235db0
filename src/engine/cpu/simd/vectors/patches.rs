//! Weights in registers, summed over pixels: xᵀ·g put together from the blocks that kernels compute.

use super::partition::{self, Block, Column};
use crate::engine::cpu::simd::isa::Isa;
use crate::engine::cpu::simd::kernels::PatchKernel;
use crate::engine::cpu::simd::kernels::patch::Patch;

/// Kernels for so many elements of x times so many channels of g.
pub struct Patches {
    isa: Isa,
    elements: usize,
    /// Channels, rounded up to whole vectors.
    packed: usize,
    columns: Vec<Column>,
}

/// The pixels that are added up; distances in elements.
#[derive(Clone, Copy)]
pub struct Area {
    pub rows: usize,
    pub cols: usize,
    /// From a row to the next, in x and in g.
    pub row: [usize; 2],
    /// From a pixel to the next, in x and in g.
    pub pixel: [usize; 2],
}

impl Area {
    /// To the last pixel, in x and in g.
    fn last(&self) -> [usize; 2] {
        [0, 1].map(|of| (self.rows - 1) * self.row[of] + (self.cols - 1) * self.pixel[of])
    }
}

impl Patches {
    /// Plans the cheapest blocks.
    pub fn new(elements: usize, channels: usize, isa: Isa) -> Self {
        let kernels = isa.kernels();
        let vectors = channels.div_ceil(kernels.lanes);
        let block = |k: &PatchKernel| Block { size: k.c, vectors: k.k, cost: k.cost };
        let blocks: Vec<_> = kernels.patches.iter().map(block).collect();
        let columns = partition::columns(elements, vectors, &blocks);
        Patches { isa, elements, packed: vectors * kernels.lanes, columns }
    }

    /// Sums from an element's to the next element's.
    pub fn packed(&self) -> usize {
        self.packed
    }

    /// Sums of all elements.
    pub fn len(&self) -> usize {
        self.elements * self.packed
    }

    /// Channels that are computed together, one after another.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Most channels that are computed together.
    pub fn widest(&self) -> usize {
        let vectors = self.columns.iter().map(|column| column.vectors).max();
        vectors.unwrap_or(1) * self.isa.lanes()
    }

    /// Adds the products over an area, whose first pixels x and g begin with, to a column's sums.
    pub fn run(&self, column: &Column, area: &Area, x: &[f32], g: &[f32], sums: &mut [f32]) {
        let lanes = self.isa.lanes();
        let channel = column.first * lanes;
        let [x_last, g_last] = area.last();
        assert!(x.len() >= x_last + self.elements && sums.len() >= self.len());
        assert!(g.len() >= g_last + channel + column.vectors * lanes);
        let (g, sums) = (&g[channel..], &mut sums[channel..]);
        for share in &column.shares {
            let kernel = &self.isa.kernels().patches[share.block];
            for block in 0..share.count {
                let element = share.first + block * kernel.c;
                let args = Patch {
                    x: x[element..].as_ptr(),
                    g: g.as_ptr(),
                    acc: sums[element * self.packed..].as_mut_ptr(),
                    rows: area.rows,
                    cols: area.cols,
                    x_row: area.row[0],
                    x_pixel: area.pixel[0],
                    g_row: area.row[1],
                    g_pixel: area.pixel[1],
                    acc_pitch: self.packed,
                };
                // SAFETY: an `Isa` is only made where the machine has it. x, g and sums reach as
                // far as the last pixel's last element, its last whole vector, and the last sum,
                // as just checked; shares cover the elements once. sums is borrowed alone.
                unsafe { (kernel.run)(&args) }
            }
        }
    }
}
