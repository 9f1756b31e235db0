//! Kernels for NEON, which every AArch64 processor has: thirty-two registers of four lanes.

mod by_lane;
mod vector;

use std::arch::aarch64::float32x4_t;

use super::narrow::{self, Narrow, NarrowPatch};
use super::patch;
use super::{Kernels, NarrowKernel, NarrowPatchKernel, PanelKernel, PatchKernel};
use super::{chain, winograd};
use crate::engine::cpu::windows::Window;

unsafe fn window(window: &Window, operands: &[&[f32]], result: &mut [f32]) {
    window.run(operands, result);
}

unsafe fn narrow<const P: usize, const K: usize, const C: usize>(args: &Narrow) {
    // SAFETY: the caller's promise.
    unsafe { narrow::narrow::<float32x4_t, P, K, C>(args) }
}

unsafe fn narrow_patch<const R: usize, const S: usize>(args: &NarrowPatch) {
    // SAFETY: the caller's promise.
    unsafe { narrow::narrow_patch::<float32x4_t, R, S>(args) }
}

pub static KERNELS: Kernels = Kernels {
    name: "neon",
    lanes: 4,
    chain: chain::chain::<float32x4_t>,
    window,
    transform_x: winograd::transform_x::<float32x4_t>,
    transform_y: winograd::transform_y::<float32x4_t>,
    transform_g: winograd::transform_g::<float32x4_t>,
    panels: &[
        PanelKernel::by_lane(12, 1, 1, by_lane::panel::<12, 1, 1>),
        PanelKernel::by_lane(8, 1, 1, by_lane::panel::<8, 1, 1>),
        PanelKernel::by_lane(4, 1, 2, by_lane::panel::<4, 1, 2>),
        PanelKernel::by_lane(2, 1, 4, by_lane::panel::<2, 1, 4>),
        PanelKernel::by_lane(1, 1, 4, by_lane::panel::<1, 1, 4>),
        PanelKernel::by_lane(8, 2, 1, by_lane::panel::<8, 2, 1>),
        PanelKernel::by_lane(7, 2, 1, by_lane::panel::<7, 2, 1>),
        PanelKernel::by_lane(4, 2, 1, by_lane::panel::<4, 2, 1>),
        PanelKernel::by_lane(2, 2, 2, by_lane::panel::<2, 2, 2>),
        PanelKernel::by_lane(1, 2, 4, by_lane::panel::<1, 2, 4>),
        PanelKernel::by_lane(5, 4, 1, by_lane::panel::<5, 4, 1>),
        PanelKernel::by_lane(4, 4, 1, by_lane::panel::<4, 4, 1>),
        PanelKernel::by_lane(2, 4, 1, by_lane::panel::<2, 4, 1>),
        PanelKernel::by_lane(1, 4, 2, by_lane::panel::<1, 4, 2>),
    ],
    patches: &[
        PatchKernel::by_lane(16, 1, by_lane::patch::<16, 1>),
        PatchKernel::by_lane(8, 1, by_lane::patch::<8, 1>),
        PatchKernel::by_lane(4, 1, by_lane::patch::<4, 1>),
        PatchKernel::new(1, 1, patch::patch::<float32x4_t, 1, 1>),
        PatchKernel::by_lane(12, 2, by_lane::patch::<12, 2>),
        PatchKernel::by_lane(8, 2, by_lane::patch::<8, 2>),
        PatchKernel::by_lane(4, 2, by_lane::patch::<4, 2>),
        PatchKernel::new(1, 2, patch::patch::<float32x4_t, 1, 2>),
        PatchKernel::by_lane(4, 4, by_lane::patch::<4, 4>),
        PatchKernel::new(1, 4, patch::patch::<float32x4_t, 1, 4>),
    ],
    narrows: &[
        NarrowKernel::new(8, 1, 1, narrow::<8, 1, 1>),
        NarrowKernel::new(4, 2, 1, narrow::<4, 2, 1>),
        NarrowKernel::new(2, 4, 1, narrow::<2, 4, 1>),
        NarrowKernel::new(1, 4, 1, narrow::<1, 4, 1>),
        NarrowKernel::new(8, 1, 2, narrow::<8, 1, 2>),
        NarrowKernel::new(4, 2, 2, narrow::<4, 2, 2>),
        NarrowKernel::new(2, 2, 2, narrow::<2, 2, 2>),
        NarrowKernel::new(1, 2, 2, narrow::<1, 2, 2>),
    ],
    narrow_patches: &[
        NarrowPatchKernel { r: 3, s: 3, run: narrow_patch::<3, 3> },
        NarrowPatchKernel { r: 1, s: 5, run: narrow_patch::<1, 5> },
        NarrowPatchKernel { r: 1, s: 3, run: narrow_patch::<1, 3> },
        NarrowPatchKernel { r: 1, s: 2, run: narrow_patch::<1, 2> },
        NarrowPatchKernel { r: 1, s: 1, run: narrow_patch::<1, 1> },
    ],
};
