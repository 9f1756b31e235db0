//! Kernels in plain Rust, for every machine.

use super::chain;
use super::lanes::{Lanes, of_groups};
use super::narrow::{self, Narrow, NarrowPatch};
use super::panel::{self, Panel};
use super::patch::{self, Patch};
use super::winograd;
use super::{Kernels, NarrowKernel, NarrowPatchKernel, PanelKernel, PatchKernel};
use crate::engine::cpu::windows::Window;

const LANES: usize = 8;

/// An array that the compiler turns into whatever vectors the target has.
#[derive(Clone, Copy)]
struct Array([f32; LANES]);

/// One multiply-add: fused where the target has it for sure, since elsewhere it is a library call.
#[inline(always)]
fn plus_product(sum: f32, a: f32, b: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        a.mul_add(b, sum)
    } else {
        sum + a * b
    }
}

/// One number a lane. Arrays' own functions call theirs, and those calls are not all inlined.
#[inline(always)]
fn each(of: impl Fn(usize) -> f32) -> Array {
    let mut lanes = [0.0; LANES];
    let mut at = 0;
    while at < LANES {
        lanes[at] = of(at);
        at += 1;
    }
    Array(lanes)
}

impl Lanes for Array {
    const LANES: usize = LANES;
    type Index = [u32; LANES];

    #[inline(always)]
    unsafe fn zero() -> Self {
        Array([0.0; LANES])
    }

    #[inline(always)]
    unsafe fn broadcast(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        Array([unsafe { *from }; LANES])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise; an array of f32 has the alignment of f32.
        Array(unsafe { *from.cast() })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        let mut lanes = [0.0; LANES];
        for (i, lane) in lanes.iter_mut().enumerate().take(n) {
            // SAFETY: the caller's promise, i < n.
            *lane = unsafe { *from.add(i) };
        }
        Array(lanes)
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise; an array of f32 has the alignment of f32.
        unsafe { *to.cast() = self.0 }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        for (i, lane) in self.0.into_iter().enumerate().take(n) {
            // SAFETY: the caller's promise, i < n.
            unsafe { *to.add(i) = lane }
        }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        each(|i| self.0[i] + other.0[i])
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        each(|i| self.0[i] - other.0[i])
    }

    #[inline(always)]
    unsafe fn index(width: usize, i: usize) -> [u32; LANES] {
        of_groups(width, i)
    }

    #[inline(always)]
    unsafe fn permute(self, index: [u32; LANES]) -> Self {
        // Lanes are a power of two, so that nothing is checked.
        each(|i| self.0[index[i] as usize % LANES])
    }

    #[inline(always)]
    unsafe fn plus_product(self, a: Self, b: Self) -> Self {
        each(|i| plus_product(self.0[i], a.0[i], b.0[i]))
    }
}

unsafe fn panel<const P: usize, const K: usize, const U: usize>(args: &Panel) {
    // SAFETY: the caller's promise.
    unsafe { panel::panel::<Array, P, K, U>(args) }
}

unsafe fn patch<const C: usize, const K: usize>(args: &Patch) {
    // SAFETY: the caller's promise.
    unsafe { patch::patch::<Array, C, K>(args) }
}

unsafe fn narrow<const P: usize, const K: usize, const C: usize>(args: &Narrow) {
    // SAFETY: the caller's promise.
    unsafe { narrow::narrow::<Array, P, K, C>(args) }
}

unsafe fn narrow_patch<const R: usize, const S: usize>(args: &NarrowPatch) {
    // SAFETY: the caller's promise.
    unsafe { narrow::narrow_patch::<Array, R, S>(args) }
}

unsafe fn window(window: &Window, operands: &[&[f32]], result: &mut [f32]) {
    window.run(operands, result);
}

pub static KERNELS: Kernels = Kernels {
    name: "portable",
    lanes: LANES,
    chain: chain::chain::<Array>,
    window,
    transform_x: winograd::transform_x::<Array>,
    transform_y: winograd::transform_y::<Array>,
    transform_g: winograd::transform_g::<Array>,
    panels: &[
        PanelKernel::new(6, 1, 1, panel::<6, 1, 1>),
        PanelKernel::new(4, 1, 1, panel::<4, 1, 1>),
        PanelKernel::new(2, 1, 2, panel::<2, 1, 2>),
        PanelKernel::new(1, 1, 4, panel::<1, 1, 4>),
    ],
    patches: &[
        PatchKernel::new(6, 1, patch::<6, 1>),
        PatchKernel::new(4, 1, patch::<4, 1>),
        PatchKernel::new(2, 1, patch::<2, 1>),
        PatchKernel::new(1, 1, patch::<1, 1>),
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
        NarrowKernel::new(8, 1, 4, narrow::<8, 1, 4>),
        NarrowKernel::new(4, 1, 4, narrow::<4, 1, 4>),
        NarrowKernel::new(2, 1, 4, narrow::<2, 1, 4>),
        NarrowKernel::new(1, 1, 4, narrow::<1, 1, 4>),
    ],
    narrow_patches: &[
        NarrowPatchKernel { r: 3, s: 3, run: narrow_patch::<3, 3> },
        NarrowPatchKernel { r: 1, s: 5, run: narrow_patch::<1, 5> },
        NarrowPatchKernel { r: 1, s: 3, run: narrow_patch::<1, 3> },
        NarrowPatchKernel { r: 1, s: 2, run: narrow_patch::<1, 2> },
        NarrowPatchKernel { r: 1, s: 1, run: narrow_patch::<1, 1> },
    ],
};
