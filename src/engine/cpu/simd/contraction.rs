//! A planned convolution, whichever kernels it runs on.
//!
//! Memory is counted in f32 words, also where it holds bf16 numbers.

use super::isa::Isa;
use super::tiles::{Parts, TilePlan};
use super::turn::Turn;
use super::vectors::VectorPlan;
use crate::engine::cpu::operand::{NumberFormat, Operand, TileLayout};
use crate::engine::{EngineError, Precision};
use crate::graph::ConvGeometry;

/// Kernels and layouts for one convolution and both its gradients.
pub struct Contraction {
    vectors: VectorPlan,
    /// Takes the place of `vectors`.
    tiles: Option<TilePlan>,
}

/// Which of a convolution's two products that read weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// y = conv(x).
    Forward,
    /// The adjoint with respect to x.
    Backward,
}

impl Contraction {
    /// Plans a convolution from `ci` to `co` channels.
    pub fn new(
        geometry: ConvGeometry,
        ci: usize,
        co: usize,
        isa: Isa,
        precision: Precision,
    ) -> Result<Self, EngineError> {
        let vectors = VectorPlan::new(geometry, ci, co, isa)?;
        let products = isa.products(precision);
        let tiles =
            products.and_then(|(unit, parts)| TilePlan::new(geometry, [ci, co], parts, unit));
        Ok(Self { vectors, tiles })
    }

    /// The geometry.
    pub fn geometry(&self) -> &ConvGeometry {
        self.vectors.geometry()
    }

    /// Channels of x and of y.
    pub fn channels(&self) -> [usize; 2] {
        [self.vectors.x_tile().channels, self.vectors.g_tile().channels]
    }

    /// Multiply-adds of each of the three contractions, for one image.
    pub fn multiply_adds(&self) -> usize {
        self.vectors.multiply_adds()
    }

    fn operand(&self, layout: &TileLayout) -> Operand {
        let format = match self.tiles.as_ref().map(TilePlan::parts) {
            None => NumberFormat::F32,
            Some(Parts::One) => NumberFormat::Bf16,
            Some(Parts::Two) => NumberFormat::Split { distance: layout.len() },
        };
        Operand { layout: *layout, format }
    }

    /// x of forward and of the weight gradient.
    pub fn x(&self) -> Operand {
        self.operand(self.tiles.as_ref().map_or(self.vectors.x_tile(), TilePlan::x_tile))
    }

    /// g of both gradients.
    pub fn g(&self) -> Operand {
        self.operand(self.tiles.as_ref().map_or(self.vectors.g_tile(), TilePlan::g_tile))
    }

    /// What a product writes.
    pub fn written(&self, direction: Direction) -> Operand {
        let geometry = self.geometry();
        let [ci, co] = self.channels();
        Operand::f32(match (direction, &self.tiles) {
            (Direction::Forward, Some(tiles)) => *tiles.y_tile(),
            (Direction::Forward, None) => TileLayout::plain(geometry.output(), co),
            (Direction::Backward, Some(tiles)) => *tiles.dx_tile(),
            (Direction::Backward, None) => TileLayout::plain(geometry.input, ci),
        })
    }

    /// Words of a product's packed weights.
    pub fn packed_words(&self, direction: Direction) -> usize {
        match (direction, &self.tiles) {
            (Direction::Forward, Some(tiles)) => tiles.packed_forward_len() / 2,
            (Direction::Forward, None) => self.vectors.packed_forward_len(),
            (Direction::Backward, Some(tiles)) => tiles.packed_dx_len() / 2,
            (Direction::Backward, None) => self.vectors.packed_dx_len(),
        }
    }

    /// Words of the weight gradient's sums.
    pub fn dw_words(&self) -> usize {
        self.tiles.as_ref().map_or_else(|| self.vectors.dw_len(), TilePlan::dw_len)
    }

    /// Words that the weight gradient keeps from image to image.
    pub fn dw_kept_words(&self) -> usize {
        let tiles = self.tiles.as_ref().map(|tiles| tiles.dw_kept_len().div_ceil(2));
        tiles.unwrap_or_else(|| self.vectors.dw_memory()[0])
    }

    /// Words of scratch that the weight gradient wants.
    pub fn dw_scratch_words(&self) -> usize {
        let tiles = self.tiles.as_ref().map(|tiles| tiles.dw_scratch_len().div_ceil(2));
        tiles.unwrap_or_else(|| self.vectors.dw_memory()[1])
    }

    /// Elements of weights, of an image's x and of its y, all together.
    pub fn elements(&self) -> usize {
        self.vectors.y_len() + self.vectors.dx_len() + self.vectors.w_len()
    }

    /// Packs weights (kernel rows × columns × ci/groups × co) for a product.
    pub fn pack(&self, direction: Direction, w: &[f32], out: &mut [f32]) {
        match (direction, &self.tiles) {
            (Direction::Forward, Some(t)) => t.pack_forward(w, bytemuck::cast_slice_mut(out)),
            (Direction::Forward, None) => self.vectors.pack_forward(w, out),
            (Direction::Backward, Some(t)) => t.pack_dx(w, bytemuck::cast_slice_mut(out)),
            (Direction::Backward, None) => self.vectors.pack_dx(w, out),
        }
    }

    /// Computes a product from what it reads and its packed weights.
    pub fn multiply(&self, direction: Direction, read: &[f32], packed: &[f32], out: &mut [f32]) {
        let Some(tiles) = &self.tiles else {
            return match direction {
                Direction::Forward => self.vectors.forward(read, packed, out),
                Direction::Backward => self.vectors.dx(read, packed, out),
            };
        };
        let (read, packed) = (bytemuck::cast_slice(read), bytemuck::cast_slice(packed));
        match direction {
            Direction::Forward => tiles.forward(read, packed, out),
            Direction::Backward => tiles.dx(read, packed, out),
        }
    }

    /// Adds the adjoint with respect to the weights to sums that start at zero, at the latest once
    /// an image is the last; `memory` is what is kept from image to image, and scratch.
    pub fn dw(&self, turn: Turn, [x, g]: [&[f32]; 2], memory: [&mut [f32]; 2], sums: &mut [f32]) {
        match &self.tiles {
            Some(tiles) => {
                let operands = [bytemuck::cast_slice(x), bytemuck::cast_slice(g)];
                tiles.dw(turn, operands, memory.map(bytemuck::cast_slice_mut), sums);
            }
            None => self.vectors.dw(turn, [x, g], memory, sums),
        }
    }

    /// Adds up sums, in their order, into kernel rows × columns × ci/groups × co.
    pub fn finish_dw<'a>(&self, all: impl IntoIterator<Item = &'a [f32]>, out: &mut [f32]) {
        match &self.tiles {
            Some(tiles) => tiles.finish_dw(all, out),
            None => self.vectors.finish_dw(all, out),
        }
    }
}

/// `3×3/1, 16→16 channels at 32×32`: kernel, stride, channels, what forward reads.
impl std::fmt::Display for Contraction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let g = self.geometry();
        let [ci, co] = self.channels();
        let [[kh, kw], [rows, columns]] = [g.kernel, g.input];
        write!(f, "{kh}×{kw}/{}, {ci}→{co} channels at {rows}×{columns}", g.stride)?;
        if g.groups == 1 { Ok(()) } else { write!(f, " in {} groups", g.groups) }
    }
}
