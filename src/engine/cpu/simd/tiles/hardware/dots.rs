//! The loop of all contractions by dot products: sixteen sums a vector, each with a pair of bf16.

use std::arch::x86_64::*;
use std::mem::transmute;

use super::super::product::{Column, DEPTH, Product, SIDE};

/// Whether this machine multiplies bf16 in vectors of sixteen sums.
pub fn available() -> bool {
    is_x86_feature_detected!("avx512bf16") && super::transposes()
}

/// Bytes of a pair.
const PAIR: usize = 4;
/// Bytes of a vector: a pair for each of sixteen columns.
const VECTOR: usize = PAIR * SIDE;
/// Columns, sixteen channels each, that are multiplied at once.
const WIDEST: usize = 3;

/// Repeats independent products; how many operations that was.
#[target_feature(enable = "avx512f,avx512bf16")]
pub fn products(repeats: usize) -> usize {
    const CHAINS: usize = 16;
    let factor = std::hint::black_box(_mm512_setzero_si512());
    let mut sums = [_mm512_setzero_ps(); CHAINS];
    for _ in 0..repeats {
        for sum in &mut sums {
            *sum = dot(*sum, factor, factor);
        }
    }
    std::hint::black_box(sums);
    CHAINS * 2 * DEPTH * repeats
}

/// Sums with the products of as many pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn dot(sum: __m512, a: __m512i, b: __m512i) -> __m512 {
    // SAFETY: vectors of the same size; every bit pattern is a number.
    let (a, b) = unsafe { (transmute::<__m512i, __m512bh>(a), transmute::<__m512i, __m512bh>(b)) };
    _mm512_dpbf16_ps(sum, a, b)
}

impl Product {
    /// Multiplies.
    ///
    /// # Safety
    /// As [`Product::run`], with AVX512-BF16.
    #[target_feature(enable = "avx512f,avx512bf16")]
    pub(super) unsafe fn run_dots(&self, a: *const u8, b: *const u8, c: *mut u8) {
        assert!(self.low.is_none(), "operands in two parts");
        let times = self.columns.len().div_ceil(WIDEST);
        for columns in self.columns.chunks(self.columns.len().div_ceil(times)) {
            for item in &self.items {
                let (a, c) = (a.wrapping_add(item.a), c.wrapping_add(item.c));
                // SAFETY: the caller's promise; items and columns lie inside A, B and C.
                unsafe {
                    match *columns {
                        [one] if self.rows == SIDE => self.rows::<16, 1>(a, b, c, [one]),
                        [one] => self.rows::<8, 1>(a, b, c, [one]),
                        [one, two] => self.rows::<8, 2>(a, b, c, [one, two]),
                        [one, two, three] => self.rows::<8, 3>(a, b, c, [one, two, three]),
                        _ => unreachable!("chunks of one to three"),
                    }
                }
            }
        }
    }

    /// An item's rows, so many at a time.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bf16")]
    unsafe fn rows<const ROWS: usize, const COLUMNS: usize>(
        &self,
        a: *const u8,
        b: *const u8,
        c: *mut u8,
        columns: [Column; COLUMNS],
    ) {
        // Loops, since the calls of closures and of most adapters may stay calls, around which sums
        // leave registers.
        for first in 0..self.rows / ROWS {
            let (mut from, mut to) = ([b; COLUMNS], [c; COLUMNS]);
            for (at, column) in columns.iter().enumerate() {
                from[at] = b.wrapping_add(column.b);
                to[at] = c.wrapping_add(column.c + first * ROWS * self.c_row);
            }
            let a = a.wrapping_add(first * ROWS * self.a_row);
            // SAFETY: the caller's promise.
            unsafe { self.block::<ROWS, COLUMNS>(a, from, to) };
        }
    }

    /// Rows by columns whose sums stay in registers.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bf16")]
    unsafe fn block<const ROWS: usize, const COLUMNS: usize>(
        &self,
        a: *const u8,
        b: [*const u8; COLUMNS],
        c: [*mut u8; COLUMNS],
    ) {
        let mut sums = [[_mm512_setzero_ps(); COLUMNS]; ROWS];
        if self.accumulate {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (at, sum) in sums.iter_mut().enumerate() {
                    // SAFETY: the caller's promise.
                    *sum = unsafe { _mm512_loadu_ps(c[at].wrapping_add(row * self.c_row).cast()) };
                    // The rows that follow are most often those of the next block: asked for now, they are there
                    // when it begins (weight gradients take 3 to 20 % less time).
                    let next = c[at].wrapping_add((row + ROWS) * self.c_row);
                    _mm_prefetch::<_MM_HINT_T0>(next.cast());
                }
            }
        }
        for step in &self.steps {
            for pair in 0..DEPTH / 2 {
                let mut factors = [_mm512_setzero_si512(); COLUMNS];
                for (at, factor) in factors.iter_mut().enumerate() {
                    let b = b[at].wrapping_add(step.b + pair * VECTOR);
                    // SAFETY: the caller's promise.
                    *factor = unsafe { _mm512_loadu_si512(b.cast()) };
                }
                for (row, sums) in sums.iter_mut().enumerate() {
                    let a = a.wrapping_add(step.a + row * self.a_row + pair * PAIR);
                    // SAFETY: the caller's promise.
                    let pair = _mm512_set1_epi32(unsafe { a.cast::<i32>().read_unaligned() });
                    for (at, sum) in sums.iter_mut().enumerate() {
                        *sum = dot(*sum, pair, factors[at]);
                    }
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (at, sum) in sums.iter().enumerate() {
                // SAFETY: the caller's promise.
                unsafe { _mm512_storeu_ps(c[at].wrapping_add(row * self.c_row).cast(), *sum) };
            }
        }
    }
}
