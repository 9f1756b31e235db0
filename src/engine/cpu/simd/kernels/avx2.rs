//! Kernels for AVX2 with FMA: sixteen registers of eight lanes.

use std::arch::x86_64::*;

use super::chain;
use super::lanes::{Lanes, of_groups};
use super::narrow::{self, Narrow, NarrowPatch};
use super::panel::{self, Panel};
use super::patch::{self, Patch};
use super::winograd::{self, Transform};
use super::{Kernels, NarrowKernel, NarrowPatchKernel, PanelKernel, PatchKernel};
use crate::engine::cpu::windows::Window;

/// The sign bit of lane `i` is set for `i < n`.
///
/// # Safety
/// The machine has AVX2.
#[inline(always)]
unsafe fn first(n: usize) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe {
        let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), lane)
    }
}

impl Lanes for __m256 {
    const LANES: usize = 8;
    type Index = __m256i;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn broadcast(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm256_set1_ps(*from) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        // SAFETY: the caller's promise; lanes without the mask's sign bit are not read.
        unsafe { _mm256_maskload_ps(from, first(n)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { _mm256_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        // SAFETY: the caller's promise; lanes without the mask's sign bit are not written.
        unsafe { _mm256_maskstore_ps(to, first(n), self) }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm256_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm256_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn index(width: usize, i: usize) -> __m256i {
        let lanes: [u32; 8] = of_groups(width, i);
        // SAFETY: the caller's promise; eight numbers of 32 bits.
        unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
    }

    #[inline(always)]
    unsafe fn permute(self, index: __m256i) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm256_permutevar8x32_ps(self, index) }
    }

    #[inline(always)]
    unsafe fn plus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm256_fmadd_ps(a, b, self) }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn panel<const P: usize, const K: usize, const U: usize>(args: &Panel) {
    // SAFETY: the caller's promise; the features are enabled here.
    unsafe { panel::panel::<__m256, P, K, U>(args) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn patch<const C: usize, const K: usize>(args: &Patch) {
    // SAFETY: the caller's promise; the features are enabled here.
    unsafe { patch::patch::<__m256, C, K>(args) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn chain(repeats: usize) -> f32 {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { chain::chain::<__m256>(repeats) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn window(window: &Window, operands: &[&[f32]], result: &mut [f32]) {
    window.run(operands, result);
}

#[target_feature(enable = "avx2,fma")]
unsafe fn transform_x(args: &Transform) {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { winograd::transform_x::<__m256>(args) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn transform_y(args: &Transform) {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { winograd::transform_y::<__m256>(args) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn transform_g(args: &Transform) {
    // SAFETY: the caller's promise; the feature is enabled here.
    unsafe { winograd::transform_g::<__m256>(args) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn narrow<const P: usize, const K: usize, const C: usize>(args: &Narrow) {
    // SAFETY: the caller's promise; the features are enabled here.
    unsafe { narrow::narrow::<__m256, P, K, C>(args) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn narrow_patch<const R: usize, const S: usize>(args: &NarrowPatch) {
    // SAFETY: the caller's promise; the features are enabled here.
    unsafe { narrow::narrow_patch::<__m256, R, S>(args) }
}

pub static KERNELS: Kernels = Kernels {
    name: "avx2",
    lanes: 8,
    chain,
    window,
    transform_x,
    transform_y,
    transform_g,
    panels: &[
        PanelKernel::new(8, 1, 1, panel::<8, 1, 1>),
        PanelKernel::new(4, 1, 2, panel::<4, 1, 2>),
        PanelKernel::new(2, 1, 4, panel::<2, 1, 4>),
        PanelKernel::new(1, 1, 4, panel::<1, 1, 4>),
        PanelKernel::new(6, 2, 1, panel::<6, 2, 1>),
        PanelKernel::new(5, 2, 1, panel::<5, 2, 1>),
        PanelKernel::new(4, 2, 1, panel::<4, 2, 1>),
        PanelKernel::new(3, 2, 1, panel::<3, 2, 1>),
        PanelKernel::new(2, 2, 2, panel::<2, 2, 2>),
        PanelKernel::new(1, 2, 4, panel::<1, 2, 4>),
        PanelKernel::new(2, 4, 1, panel::<2, 4, 1>),
        PanelKernel::new(1, 4, 2, panel::<1, 4, 2>),
    ],
    patches: &[
        PatchKernel::new(12, 1, patch::<12, 1>),
        PatchKernel::new(9, 1, patch::<9, 1>),
        PatchKernel::new(4, 1, patch::<4, 1>),
        PatchKernel::new(1, 1, patch::<1, 1>),
        PatchKernel::new(6, 2, patch::<6, 2>),
        PatchKernel::new(5, 2, patch::<5, 2>),
        PatchKernel::new(4, 2, patch::<4, 2>),
        PatchKernel::new(2, 2, patch::<2, 2>),
        PatchKernel::new(1, 2, patch::<1, 2>),
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
