//! A planned convolution, whichever kernels it runs on.
//!
//! Memory is counted in f32 words, also where it holds bf16 numbers.

use super::amx::{self, Parts, TilePlan};
use super::isa::Isa;
use super::plan::ConvPlan;
use super::tile::{ResultLayout, TileLayout};
use crate::engine::cpu::loops::Format;
use crate::engine::{EngineError, Precision};
use crate::graph::ConvGeometry;

/// Kernels and layouts for one convolution and both its gradients.
pub struct Contraction {
    vectors: ConvPlan,
    /// Takes the place of `vectors`.
    tiles: Option<TilePlan>,
}

/// An operand as kernels read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operand {
    /// Pixels, in elements.
    pub layout: TileLayout,
    /// What an element is.
    pub format: Format,
}

impl Operand {
    /// An image without border in f32.
    pub fn plain(layout: TileLayout) -> Self {
        Self { layout, format: Format::F32 }
    }

    /// f32 words that hold it.
    pub fn words(&self) -> usize {
        let len = self.layout.len();
        match self.format {
            Format::F32 => len,
            Format::Bf16 => amx::plane(&self.layout) / 2,
            Format::Split { distance } => distance,
        }
    }
}

fn parts(precision: Precision) -> Option<Parts> {
    match precision {
        // No CPU engine computes in f16.
        Precision::F32 | Precision::F16 => None,
        Precision::Bf16x3 => Some(Parts::Two),
        Precision::Bf16 => Some(Parts::One),
    }
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
        let vectors = ConvPlan::new(geometry, ci, co, isa)?;
        let parts = parts(precision).filter(|_| isa.has_tiles());
        let tiles = parts.and_then(|parts| TilePlan::new(geometry, ci, co, parts));
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
            None => Format::F32,
            Some(Parts::One) => Format::Bf16,
            Some(Parts::Two) => Format::Split { distance: amx::plane(layout) },
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

    /// Where forward's pixels are, and the words it touches.
    pub fn y(&self) -> (ResultLayout, usize) {
        match &self.tiles {
            Some(tiles) => (tiles.y_layout(), tiles.y_len()),
            None => {
                let layout = ResultLayout::plain(self.geometry().output()[1], self.channels()[1]);
                (layout, self.vectors.y_len())
            }
        }
    }

    /// Where the input gradient's pixels are, and the words it touches.
    pub fn input_gradient(&self) -> (ResultLayout, usize) {
        match &self.tiles {
            Some(tiles) => (tiles.dx_layout(), tiles.dx_len()),
            None => {
                let layout = ResultLayout::plain(self.geometry().input[1], self.channels()[0]);
                (layout, self.vectors.dx_len())
            }
        }
    }

    /// Words of forward's packed weights.
    pub fn packed_forward_words(&self) -> usize {
        let tiles = self.tiles.as_ref().map(|t| t.packed_forward_len() / 2);
        tiles.unwrap_or_else(|| self.vectors.packed_forward_len())
    }

    /// Words of the input gradient's packed weights.
    pub fn packed_dx_words(&self) -> usize {
        let tiles = self.tiles.as_ref().map(|t| t.packed_dx_len() / 2);
        tiles.unwrap_or_else(|| self.vectors.packed_dx_len())
    }

    /// Words of the weight gradient's sums.
    pub fn dw_words(&self) -> usize {
        self.tiles.as_ref().map_or_else(|| self.vectors.dw_len(), TilePlan::dw_len)
    }

    /// Words of scratch that the weight gradient wants.
    pub fn dw_scratch_words(&self) -> usize {
        self.tiles.as_ref().map_or(0, |tiles| tiles.dw_scratch_len().div_ceil(2))
    }

    /// Elements of weights, of an image's x and of its y, all together.
    pub fn elements(&self) -> usize {
        self.vectors.y_len() + self.vectors.dx_len() + self.vectors.w_len()
    }

    /// Packs weights (kernel rows × columns × ci × co) for [`Contraction::forward`].
    pub fn pack_forward(&self, w: &[f32], out: &mut [f32]) {
        match &self.tiles {
            Some(tiles) => tiles.pack_forward(w, bytemuck::cast_slice_mut(out)),
            None => self.vectors.pack_forward(w, out),
        }
    }

    /// Packs weights (kernel rows × columns × ci × co) for [`Contraction::dx`].
    pub fn pack_dx(&self, w: &[f32], out: &mut [f32]) {
        match &self.tiles {
            Some(tiles) => tiles.pack_dx(w, bytemuck::cast_slice_mut(out)),
            None => self.vectors.pack_dx(w, out),
        }
    }

    /// y = conv(x).
    pub fn forward(&self, x: &[f32], packed: &[f32], y: &mut [f32]) {
        match &self.tiles {
            Some(tiles) => {
                tiles.forward(bytemuck::cast_slice(x), bytemuck::cast_slice(packed), y);
            }
            None => self.vectors.forward(x, packed, y),
        }
    }

    /// The adjoint with respect to x.
    pub fn dx(&self, g: &[f32], packed: &[f32], dx: &mut [f32]) {
        match &self.tiles {
            Some(tiles) => tiles.dx(bytemuck::cast_slice(g), bytemuck::cast_slice(packed), dx),
            None => self.vectors.dx(g, packed, dx),
        }
    }

    /// Adds the adjoint with respect to the weights to sums that start at zero.
    pub fn dw(&self, x: &[f32], g: &[f32], scratch: &mut [f32], sums: &mut [f32]) {
        match &self.tiles {
            Some(tiles) => {
                let scratch = bytemuck::cast_slice_mut(scratch);
                tiles.dw(bytemuck::cast_slice(x), bytemuck::cast_slice(g), scratch, sums);
            }
            None => self.vectors.dw(x, g, sums),
        }
    }

    /// Adds up sums, in their order, into kernel rows × columns × ci × co.
    pub fn finish_dw<'a>(&self, all: impl IntoIterator<Item = &'a [f32]>, out: &mut [f32]) {
        match &self.tiles {
            Some(tiles) => tiles.finish_dw(all, out),
            None => self.vectors.finish_dw(all, out),
        }
    }
}
