//! The kernels of one convolution over whole pixels: ordinary, or in groups narrower than a vector.

use super::dw::WeightGradient;
use super::narrow::NarrowGradient;
use super::pack::Weights;
use super::pass::Pass;
use super::winograd::WinogradGradient;
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::grid::{dx, forward};
use crate::engine::cpu::simd::isa::Isa;
use crate::engine::cpu::simd::turn::Turn;
use crate::graph::ConvGeometry;

/// Passes and gradient from tiles of x and g to plain results.
pub struct Dense {
    forward: Pass,
    dx: Vec<Pass>,
    dx_covers_input: bool,
    dw: Gradient,
}

enum Gradient {
    Direct(WeightGradient),
    Winograd(WinogradGradient),
    Narrow(NarrowGradient),
}

impl Gradient {
    /// Plans the gradient with the fewest products.
    fn new(
        geometry: &ConvGeometry,
        x: &TileLayout,
        g: &TileLayout,
        narrow: Option<usize>,
        isa: Isa,
    ) -> Self {
        if let Some(width) = narrow {
            return Gradient::Narrow(NarrowGradient::new(geometry, x, g, width, isa));
        }
        match WinogradGradient::new(geometry, x, g, isa) {
            Some(winograd) => Gradient::Winograd(winograd),
            None => Gradient::Direct(WeightGradient::new(geometry, x, g, isa)),
        }
    }
}

impl Dense {
    /// Plans the convolution from tile x to tile g; in groups of so many channels if `narrow`.
    pub fn new(
        geometry: &ConvGeometry,
        x: &TileLayout,
        g: &TileLayout,
        narrow: Option<usize>,
        isa: Isa,
    ) -> Self {
        let y = TileLayout::plain(geometry.output(), g.channels);
        let (grid, taps) = forward::grid(geometry, x, g.channels, &y);
        Dense {
            forward: Pass::new(grid, taps, narrow, isa, 0),
            dx: dx_passes(geometry, g, (x.channels, narrow), isa),
            dx_covers_input: dx::covers_input(geometry),
            dw: Gradient::new(geometry, x, g, narrow, isa),
        }
    }

    /// Elements of packed weights for y.
    pub fn packed_forward_len(&self) -> usize {
        self.forward.w_end()
    }

    /// Elements of packed weights for dx.
    pub fn packed_dx_len(&self) -> usize {
        self.dx.last().map_or(0, Pass::w_end)
    }

    /// Elements of the weight gradient's sums.
    pub fn dw_len(&self) -> usize {
        match &self.dw {
            Gradient::Direct(direct) => direct.len(),
            Gradient::Winograd(winograd) => winograd.len(),
            Gradient::Narrow(narrow) => narrow.len(),
        }
    }

    /// Elements that the weight gradient wants: of what is kept from image to image, and of scratch.
    pub fn dw_memory(&self) -> [usize; 2] {
        match &self.dw {
            Gradient::Winograd(winograd) if winograd.keeps() => [winograd.memory_len(), 0],
            Gradient::Winograd(winograd) => [0, winograd.memory_len()],
            Gradient::Direct(_) | Gradient::Narrow(_) => [0, 0],
        }
    }

    /// Packs weights for y.
    pub fn pack_forward(&self, weights: &Weights<'_>, out: &mut [f32]) {
        weights.pack_forward(&self.forward, out);
    }

    /// Packs weights for dx.
    pub fn pack_dx(&self, weights: &Weights<'_>, out: &mut [f32]) {
        for pass in &self.dx {
            weights.pack_dx(pass, out);
        }
    }

    /// y = conv(x).
    pub fn forward(&self, x: &[f32], packed: &[f32], y: &mut [f32]) {
        self.forward.run(x, packed, y);
    }

    /// The adjoint with respect to x.
    pub fn dx(&self, g: &[f32], packed: &[f32], dx: &mut [f32]) {
        if !self.dx_covers_input {
            dx.fill(0.0);
        }
        for pass in &self.dx {
            pass.run(g, packed, dx);
        }
    }

    /// Adds the adjoint with respect to the weights to sums that start at zero.
    pub fn dw(
        &self,
        turn: Turn,
        [x, g]: [&[f32]; 2],
        [kept, scratch]: [&mut [f32]; 2],
        sums: &mut [f32],
    ) {
        match &self.dw {
            Gradient::Direct(direct) => direct.run(x, g, sums),
            Gradient::Winograd(winograd) => {
                let memory = if winograd.keeps() { kept } else { scratch };
                winograd.run(turn, x, g, memory, sums);
            }
            Gradient::Narrow(narrow) => narrow.run(x, g, sums),
        }
    }

    /// Adds sums, in their order, to weights (kernel rows × columns × channels read × `pitch`), of
    /// which these write those from `first` on.
    pub fn add_dw(&self, all: &[&[f32]], (pitch, first): (usize, usize), out: &mut [f32]) {
        match &self.dw {
            Gradient::Direct(direct) => {
                all.iter().for_each(|sums| direct.add(sums, (pitch, first), out));
            }
            Gradient::Winograd(winograd) => winograd.add_all(all, (pitch, first), out),
            Gradient::Narrow(narrow) => all.iter().for_each(|sums| narrow.add(sums, out)),
        }
    }
}

/// The passes from tile g to a plain dx.
fn dx_passes(
    geometry: &ConvGeometry,
    g: &TileLayout,
    (written, narrow): (usize, Option<usize>),
    isa: Isa,
) -> Vec<Pass> {
    let dx = TileLayout::plain(geometry.input, written);
    let mut w_origin = 0;
    let mut found: Vec<Pass> = Vec::new();
    for (grid, taps) in dx::grids(geometry, g, written, &dx) {
        let pass = Pass::new(grid, taps, narrow, isa, w_origin);
        w_origin = pass.w_end();
        found.push(pass);
    }
    found
}
