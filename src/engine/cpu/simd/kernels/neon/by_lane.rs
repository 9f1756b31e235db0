//! Panels and patches whose multiply-adds take one lane of a vector of x as a factor: a load of x serves
//! four elements, where a number in all lanes of a register takes a load and, on many cores, part of
//! a multiply-add's time.

use std::arch::aarch64::*;

use crate::engine::cpu::simd::kernels::lanes::Lanes;
use crate::engine::cpu::simd::kernels::panel::{Panel, Pixels, element, joined};
use crate::engine::cpu::simd::kernels::patch::{Patch, begin, end};

type Vector = float32x4_t;

/// Elements of x in a vector.
const FOUR: usize = Vector::LANES;

/// `acc[p][k] += x[p][E] · w[E][k]`
#[inline(always)]
unsafe fn lane<const E: i32, const P: usize, const K: usize>(
    acc: &mut [[Vector; K]; P],
    x: &[Vector; P],
    w: *const f32,
) {
    // SAFETY: the caller's promise: element E of the run has K vectors.
    unsafe {
        let mut weights = [vdupq_n_f32(0.0); K];
        for (k, vector) in weights.iter_mut().enumerate() {
            *vector = vld1q_f32(w.add((E as usize * K + k) * FOUR));
        }
        for (p, sums) in acc.iter_mut().enumerate() {
            for (k, sum) in sums.iter_mut().enumerate() {
                *sum = vfmaq_laneq_f32::<E>(*sum, weights[k], x[p]);
            }
        }
    }
}

/// As the one in [`super::super::panel`], with the same sums.
#[inline(always)]
unsafe fn reduce<const P: usize, const K: usize, const U: usize>(
    acc: &mut [[[Vector; K]; P]; U],
    args: &Panel,
    x: *const f32,
) {
    // SAFETY: the caller's promise: `runs` runs of `len` elements at each pixel, and as many
    // times K vectors of weights.
    unsafe {
        let mut w = args.w;
        for run in 0..args.runs {
            let mut x = Pixels::new(x.add(run * args.x_run), args.x_pixel);
            for _ in 0..args.len / FOUR {
                let mut values = [vdupq_n_f32(0.0); P];
                for (p, value) in values.iter_mut().enumerate() {
                    *value = vld1q_f32(x.at(p));
                }
                lane::<0, P, K>(&mut acc[0], &values, w);
                lane::<1, P, K>(&mut acc[1 % U], &values, w);
                lane::<2, P, K>(&mut acc[2 % U], &values, w);
                lane::<3, P, K>(&mut acc[3 % U], &values, w);
                x.advance(FOUR);
                w = w.add(FOUR * K * FOUR);
            }
            for _ in 0..args.len % FOUR {
                element(&mut acc[0], &mut x, w, 0);
                x.advance(1);
                w = w.add(K * FOUR);
            }
        }
    }
}

/// Computes a [`Panel`] with P pixels times K vectors in registers, in U partial sums each.
///
/// # Safety
/// As for [`panel`](super::super::panel::panel).
pub unsafe fn panel<const P: usize, const K: usize, const U: usize>(args: &Panel) {
    for block in 0..args.blocks {
        // SAFETY: the caller's promise.
        unsafe {
            let mut acc = [[[vdupq_n_f32(0.0); K]; P]; U];
            args.begin(&mut acc[0], block);
            reduce(&mut acc, args, args.x.add(block * P * args.x_pixel));
            args.end(&joined(&acc), block);
        }
    }
}

/// `acc[4·f + e][k] += x[f][e] · g[k]` for the four elements of a vector of x.
#[inline(always)]
unsafe fn four<const K: usize>(acc: &mut [[Vector; K]], x: Vector, g: &[Vector; K]) {
    // SAFETY: the caller's promise.
    unsafe {
        for (k, vector) in g.iter().enumerate() {
            acc[0][k] = vfmaq_laneq_f32::<0>(acc[0][k], *vector, x);
            acc[1][k] = vfmaq_laneq_f32::<1>(acc[1][k], *vector, x);
            acc[2][k] = vfmaq_laneq_f32::<2>(acc[2][k], *vector, x);
            acc[3][k] = vfmaq_laneq_f32::<3>(acc[3][k], *vector, x);
        }
    }
}

/// Computes a [`Patch`] with C elements, a multiple of four, times K vectors in registers.
///
/// # Safety
/// As for [`patch`](super::super::patch::patch).
pub unsafe fn patch<const C: usize, const K: usize>(args: &Patch) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut acc = begin::<Vector, C, K>(args);
        for row in 0..args.rows {
            let mut x = args.x.add(row * args.x_row);
            let mut g = args.g.add(row * args.g_row);
            for _ in 0..args.cols {
                let mut gradient = [vdupq_n_f32(0.0); K];
                for (k, vector) in gradient.iter_mut().enumerate() {
                    *vector = vld1q_f32(g.add(k * FOUR));
                }
                for (at, acc) in acc.chunks_exact_mut(FOUR).enumerate() {
                    four(acc, vld1q_f32(x.add(at * FOUR)), &gradient);
                }
                x = x.wrapping_add(args.x_pixel);
                g = g.wrapping_add(args.g_pixel);
            }
        }
        end(args, &acc);
    }
}
