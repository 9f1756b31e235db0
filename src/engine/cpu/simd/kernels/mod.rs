//! The table through which inner loops are called, one for each instruction set.
//!
//! [`panel`], [`slide`], [`patch`], [`narrow`] and [`winograd`] hold the loops once, generic over
//! [`lanes::Lanes`]; `portable`, `avx2`, `avx512` and `neon` instantiate them.

#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
pub mod chain;
mod lanes;
pub mod narrow;
#[cfg(target_arch = "aarch64")]
pub mod neon;
pub mod panel;
pub mod patch;
pub mod portable;
#[cfg(target_arch = "x86_64")]
mod slide;
pub mod winograd;

use narrow::{Narrow, NarrowPatch};
use panel::Panel;
use patch::Patch;
use winograd::Transform;

use crate::engine::cpu::windows::Window;

/// An instantiation of [`panel`](panel::panel) or [`slide`](slide::slide).
#[derive(Debug)]
pub struct PanelKernel {
    /// Pixels in a block.
    pub p: usize,
    /// Vectors of channels.
    pub k: usize,
    /// Neighbouring pixels that a run must be, if it matters.
    pub run_pixels: Option<usize>,
    /// Estimated half-cycles for each element of a run and block.
    pub cost: u64,
    /// The code.
    pub run: unsafe fn(&Panel),
}

/// An instantiation of [`patch`](patch::patch).
pub struct PatchKernel {
    /// Elements of a run.
    pub c: usize,
    /// Vectors of channels.
    pub k: usize,
    /// Estimated half-cycles for each pixel.
    pub cost: u64,
    /// The code.
    pub run: unsafe fn(&Patch),
}

/// An instantiation of [`narrow`](narrow::narrow).
#[derive(Debug)]
pub struct NarrowKernel {
    /// Pixels in a block.
    pub p: usize,
    /// Channels of a group.
    pub c: usize,
    /// Estimated half-cycles for each tap, vector of channels and block.
    pub cost: u64,
    /// The code.
    pub run: unsafe fn(&Narrow),
}

/// An instantiation of [`narrow_patch`](narrow::narrow_patch).
pub struct NarrowPatchKernel {
    /// Kernel rows.
    pub r: usize,
    /// Kernel columns.
    pub s: usize,
    /// The code.
    pub run: unsafe fn(&NarrowPatch),
}

/// All kernels of an instruction set. All tables have blocks of one, of panels and patches for every
/// K in them, and K = 1 is there, so any extent can be put together.
pub struct Kernels {
    /// What users call it.
    pub name: &'static str,
    /// Numbers in a vector.
    pub lanes: usize,
    /// Repeated multiply-adds, for their speed.
    pub chain: unsafe fn(usize) -> f32,
    /// Pooling and re-indexing.
    pub window: unsafe fn(&Window, &[&[f32]], &mut [f32]),
    /// Tiles of x for Winograd's algorithm, and
    pub transform_x: unsafe fn(&Transform),
    /// tiles of y from it, and
    pub transform_y: unsafe fn(&Transform),
    /// tiles of g for it.
    pub transform_g: unsafe fn(&Transform),
    /// Forward and input gradient.
    pub panels: &'static [PanelKernel],
    /// Weight gradient.
    pub patches: &'static [PatchKernel],
    /// Forward and input gradient of groups narrower than a vector,
    pub narrows: &'static [NarrowKernel],
    /// and their weight gradient.
    pub narrow_patches: &'static [NarrowPatchKernel],
}

/// Half-cycles for `a·b` multiply-adds in `a·b·chains` independent sums fed by `a + b` loads, on
/// a core that does two of each per cycle and takes four cycles for a sum; and a little for the
/// loop around.
const fn half_cycles(a: usize, b: usize, chains: usize) -> u64 {
    let (fmas, loads, latency) = (a * b, a + b, 8 / chains);
    let busiest = if fmas > loads { fmas } else { loads };
    1 + if busiest > latency { busiest } else { latency } as u64
}

/// The same where one load gives four of the `a`.
#[cfg(target_arch = "aarch64")]
const fn by_lane(a: usize, b: usize, chains: usize) -> u64 {
    let (fmas, loads, latency) = (a * b, a.div_ceil(4) + b, 8 / chains);
    let busiest = if fmas > loads { fmas } else { loads };
    1 + if busiest > latency { busiest } else { latency } as u64
}

impl PanelKernel {
    /// The entry for `panel::<_, p, k, u>`.
    pub const fn new(p: usize, k: usize, u: usize, run: unsafe fn(&Panel)) -> Self {
        Self { p, k, run_pixels: None, cost: half_cycles(p, k, u), run }
    }

    /// The entry for a panel that loads x for four elements at once.
    #[cfg(target_arch = "aarch64")]
    const fn by_lane(p: usize, k: usize, u: usize, run: unsafe fn(&Panel)) -> Self {
        Self { p, k, run_pixels: None, cost: by_lane(p, k, u), run }
    }

    /// The entry for `slide::<_, p>`: a third of the loads.
    #[cfg(target_arch = "x86_64")]
    pub const fn sliding(p: usize, run: unsafe fn(&Panel)) -> Self {
        let cost = half_cycles(p, 1, 1) - 1;
        Self { p, k: 1, run_pixels: Some(slide::COLUMNS), cost, run }
    }

    /// Whether the kernel computes runs of `len` elements, `x_pixel` from pixel to pixel, of
    /// which at most `most` at a time.
    pub fn fits(&self, len: usize, x_pixel: usize, most: usize) -> bool {
        self.run_pixels.is_none_or(|pixels| len == pixels * x_pixel && len <= most)
    }
}

impl PatchKernel {
    /// The entry for `patch::<_, c, k>`.
    pub const fn new(c: usize, k: usize, run: unsafe fn(&Patch)) -> Self {
        Self { c, k, cost: half_cycles(c, k, 1), run }
    }

    /// The entry for a patch that loads x for four elements at once.
    #[cfg(target_arch = "aarch64")]
    const fn by_lane(c: usize, k: usize, run: unsafe fn(&Patch)) -> Self {
        Self { c, k, cost: by_lane(c, k, 1), run }
    }
}

impl NarrowKernel {
    /// The entry for `narrow::<_, p, k, c>`.
    pub const fn new(p: usize, k: usize, c: usize, run: unsafe fn(&Narrow)) -> Self {
        let (products, latency) = (p * c, 8 / k);
        let cost = 1 + if products > latency { products } else { latency } as u64;
        Self { p, c, cost, run }
    }
}
