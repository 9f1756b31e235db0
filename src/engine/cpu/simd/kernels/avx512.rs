//! Kernels for AVX-512: thirty-two registers of sixteen lanes.

use std::arch::x86_64::*;

use super::chain;
use super::lanes::{Lanes, of_groups};
use super::narrow::{self, Narrow, NarrowPatch};
use super::panel::{self, Panel};
use super::patch::{self, Patch};
use super::slide;
use super::winograd::{self, Transform};
use super::{Kernels, NarrowKernel, NarrowPatchKernel, PanelKernel, PatchKernel};
use crate::engine::cpu::windows::Window;

/// Bit `i` is set for `i < n`; `n <= 16`.
#[inline(always)]
fn first(n: usize) -> __mmask16 {
    ((1u32 << n) - 1) as __mmask16
}

impl Lanes for __m512 {
    const LANES: usize = 16;
    type Index = __m512i;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn broadcast(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm512_set1_ps(*from) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        // SAFETY: the caller's promise; lanes outside the mask are not read.
        unsafe { _mm512_maskz_loadu_ps(first(n), from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { _mm512_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        // SAFETY: the caller's promise; lanes outside the mask are not written.
        unsafe { _mm512_mask_storeu_ps(to, first(n), self) }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm512_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn index(width: usize, i: usize) -> __m512i {
        let lanes: [u32; 16] = of_groups(width, i);
        // SAFETY: the caller's promise; sixteen numbers of 32 bits.
        unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
    }

    #[inline(always)]
    unsafe fn permute(self, index: __m512i) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm512_permutexvar_ps(index, self) }
    }

    #[inline(always)]
    unsafe fn plus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm512_fmadd_ps(a, b, self) }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn panel<const P: usize, const K: usize, const U: usize>(args: &Panel) {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { panel::panel::<__m512, P, K, U>(args) }
}

#[target_feature(enable = "avx512f")]
unsafe fn slide<const P: usize>(args: &Panel) {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { slide::slide::<__m512, P>(args) }
}

#[target_feature(enable = "avx512f")]
unsafe fn patch<const C: usize, const K: usize>(args: &Patch) {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { patch::patch::<__m512, C, K>(args) }
}

#[target_feature(enable = "avx512f")]
unsafe fn chain(repeats: usize) -> f32 {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { chain::chain::<__m512>(repeats) }
}

#[target_feature(enable = "avx512f")]
unsafe fn window(window: &Window, operands: &[&[f32]], result: &mut [f32]) {
    window.run(operands, result);
}

#[target_feature(enable = "avx512f")]
unsafe fn transform_x(args: &Transform) {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { winograd::transform_x::<__m512>(args) }
}

#[target_feature(enable = "avx512f")]
unsafe fn transform_y(args: &Transform) {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { winograd::transform_y::<__m512>(args) }
}

#[target_feature(enable = "avx512f")]
unsafe fn transform_g(args: &Transform) {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { winograd::transform_g::<__m512>(args) }
}

#[target_feature(enable = "avx512f")]
unsafe fn narrow<const P: usize, const K: usize, const C: usize>(args: &Narrow) {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { narrow::narrow::<__m512, P, K, C>(args) }
}

#[target_feature(enable = "avx512f")]
unsafe fn narrow_patch<const R: usize, const S: usize>(args: &NarrowPatch) {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { narrow::narrow_patch::<__m512, R, S>(args) }
}

pub static KERNELS: Kernels = Kernels {
    name: "avx512",
    lanes: 16,
    chain,
    window,
    transform_x,
    transform_y,
    transform_g,
    panels: &[
        PanelKernel::sliding(16, slide::<16>),
        PanelKernel::sliding(8, slide::<8>),
        PanelKernel::new(16, 1, 1, panel::<16, 1, 1>),
        PanelKernel::new(14, 1, 1, panel::<14, 1, 1>),
        PanelKernel::new(8, 1, 1, panel::<8, 1, 1>),
        PanelKernel::new(7, 1, 1, panel::<7, 1, 1>),
        PanelKernel::new(4, 1, 2, panel::<4, 1, 2>),
        PanelKernel::new(2, 1, 4, panel::<2, 1, 4>),
        PanelKernel::new(1, 1, 4, panel::<1, 1, 4>),
        PanelKernel::new(12, 2, 1, panel::<12, 2, 1>),
        PanelKernel::new(8, 2, 1, panel::<8, 2, 1>),
        PanelKernel::new(7, 2, 1, panel::<7, 2, 1>),
        PanelKernel::new(4, 2, 1, panel::<4, 2, 1>),
        PanelKernel::new(2, 2, 2, panel::<2, 2, 2>),
        PanelKernel::new(1, 2, 4, panel::<1, 2, 4>),
        PanelKernel::new(4, 4, 1, panel::<4, 4, 1>),
        PanelKernel::new(2, 4, 1, panel::<2, 4, 1>),
        PanelKernel::new(1, 4, 2, panel::<1, 4, 2>),
    ],
    patches: &[
        PatchKernel::new(24, 1, patch::<24, 1>),
        PatchKernel::new(16, 1, patch::<16, 1>),
        PatchKernel::new(9, 1, patch::<9, 1>),
        PatchKernel::new(8, 1, patch::<8, 1>),
        PatchKernel::new(4, 1, patch::<4, 1>),
        PatchKernel::new(2, 1, patch::<2, 1>),
        PatchKernel::new(1, 1, patch::<1, 1>),
        PatchKernel::new(12, 2, patch::<12, 2>),
        PatchKernel::new(8, 2, patch::<8, 2>),
        PatchKernel::new(4, 2, patch::<4, 2>),
        PatchKernel::new(2, 2, patch::<2, 2>),
        PatchKernel::new(1, 2, patch::<1, 2>),
    ],
    narrows: &[
        NarrowKernel::new(8, 1, 1, narrow::<8, 1, 1>),
        NarrowKernel::new(7, 1, 1, narrow::<7, 1, 1>),
        NarrowKernel::new(4, 2, 1, narrow::<4, 2, 1>),
        NarrowKernel::new(2, 4, 1, narrow::<2, 4, 1>),
        NarrowKernel::new(1, 4, 1, narrow::<1, 4, 1>),
        NarrowKernel::new(8, 1, 2, narrow::<8, 1, 2>),
        NarrowKernel::new(7, 1, 2, narrow::<7, 1, 2>),
        NarrowKernel::new(4, 2, 2, narrow::<4, 2, 2>),
        NarrowKernel::new(2, 2, 2, narrow::<2, 2, 2>),
        NarrowKernel::new(1, 2, 2, narrow::<1, 2, 2>),
        NarrowKernel::new(8, 1, 4, narrow::<8, 1, 4>),
        NarrowKernel::new(7, 1, 4, narrow::<7, 1, 4>),
        NarrowKernel::new(4, 2, 4, narrow::<4, 2, 4>),
        NarrowKernel::new(2, 1, 4, narrow::<2, 1, 4>),
        NarrowKernel::new(1, 1, 4, narrow::<1, 1, 4>),
        NarrowKernel::new(8, 1, 8, narrow::<8, 1, 8>),
        NarrowKernel::new(7, 1, 8, narrow::<7, 1, 8>),
        NarrowKernel::new(4, 1, 8, narrow::<4, 1, 8>),
        NarrowKernel::new(2, 1, 8, narrow::<2, 1, 8>),
        NarrowKernel::new(1, 1, 8, narrow::<1, 1, 8>),
    ],
    narrow_patches: &[
        NarrowPatchKernel { r: 3, s: 3, run: narrow_patch::<3, 3> },
        NarrowPatchKernel { r: 1, s: 5, run: narrow_patch::<1, 5> },
        NarrowPatchKernel { r: 1, s: 3, run: narrow_patch::<1, 3> },
        NarrowPatchKernel { r: 1, s: 2, run: narrow_patch::<1, 2> },
        NarrowPatchKernel { r: 1, s: 1, run: narrow_patch::<1, 1> },
    ],
};
