//! How a grid of pixels is computed: by the definition, or by Winograd's algorithm where it fits.

use super::narrow::NarrowSweep;
use super::sweep::Sweep;
use super::winograd::Winograd;
use crate::engine::cpu::simd::grid::{Grid, Taps};
use crate::engine::cpu::simd::isa::Isa;

/// A planned convolution over a grid of pixels.
#[derive(Debug)]
pub enum Pass {
    /// For each pixel the products of the definition.
    Direct(Sweep),
    /// 2.25 times fewer products.
    Winograd(Winograd),
    /// Those of groups narrower than a vector, all at once.
    Narrow(NarrowSweep),
}

impl Pass {
    /// Plans the pass with the fewest products; its packed weights begin at `w_origin`. With `narrow`
    /// groups of so many channels, it is of all groups.
    pub fn new(grid: Grid, taps: Taps, narrow: Option<usize>, isa: Isa, w_origin: usize) -> Self {
        if let Some(width) = narrow {
            return Pass::Narrow(NarrowSweep::new(grid, taps, width, isa, w_origin));
        }
        match Winograd::new(grid, taps.clone(), isa, w_origin) {
            Some(winograd) => Pass::Winograd(winograd),
            None => Pass::Direct(Sweep::new(grid, taps, isa, w_origin)),
        }
    }

    /// One past the last packed weight.
    pub fn w_end(&self) -> usize {
        match self {
            Pass::Direct(sweep) => sweep.w_end(),
            Pass::Winograd(winograd) => winograd.w_end(),
            Pass::Narrow(narrow) => narrow.w_end(),
        }
    }

    /// Computes every pixel of the grid.
    pub fn run(&self, x: &[f32], w: &[f32], y: &mut [f32]) {
        match self {
            Pass::Direct(sweep) => sweep.run(x, w, y),
            Pass::Winograd(winograd) => winograd.run(x, w, y),
            Pass::Narrow(narrow) => narrow.run(x, w, y),
        }
    }
}
