//! Four numbers in a register.

use std::arch::aarch64::*;

use crate::engine::cpu::simd::kernels::lanes::{Lanes, of_groups};

impl Lanes for float32x4_t {
    const LANES: usize = 4;
    /// For each byte, another.
    type Index = uint8x16_t;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller's promise.
        unsafe { vdupq_n_f32(0.0) }
    }

    #[inline(always)]
    unsafe fn broadcast(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { vld1q_dup_f32(from) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        // SAFETY: the caller's promise. A copy of n numbers would be a call.
        unsafe {
            let none = vdup_n_f32(0.0);
            match n {
                0 => vdupq_n_f32(0.0),
                1 => vcombine_f32(vld1_lane_f32::<0>(from, none), none),
                2 => vcombine_f32(vld1_f32(from), none),
                3 => vcombine_f32(vld1_f32(from), vld1_lane_f32::<0>(from.add(2), none)),
                _ => vld1q_f32(from),
            }
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { vst1q_f32(to, self) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match n {
                0 => {}
                1 => vst1q_lane_f32::<0>(to, self),
                2 => vst1_f32(to, vget_low_f32(self)),
                3 => {
                    vst1_f32(to, vget_low_f32(self));
                    vst1q_lane_f32::<2>(to.add(2), self);
                }
                _ => vst1q_f32(to, self),
            }
        }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { vaddq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { vsubq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn index(width: usize, i: usize) -> uint8x16_t {
        let lanes: [u32; 4] = of_groups(width, i);
        let mut bytes = [0; 16];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = 4 * lanes[at / 4] as u8 + (at % 4) as u8;
        }
        // SAFETY: sixteen bytes.
        unsafe { vld1q_u8(bytes.as_ptr()) }
    }

    #[inline(always)]
    unsafe fn permute(self, index: uint8x16_t) -> Self {
        // SAFETY: the caller's promise.
        unsafe { vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(self), index)) }
    }

    #[inline(always)]
    unsafe fn plus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { vfmaq_f32(self, a, b) }
    }
}
