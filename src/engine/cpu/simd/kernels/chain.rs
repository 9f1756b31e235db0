//! Multiply-adds in registers, for their speed.

use super::lanes::Lanes;

/// Independent sums: enough to hide the latency of a multiply-add on any core so far.
pub const CHAINS: usize = 10;

/// Repeats `CHAINS` multiply-adds and returns their sum, so that none is left out.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub unsafe fn chain<L: Lanes>(repeats: usize) -> f32 {
    // SAFETY: the caller's promise; the arrays hold a vector.
    unsafe {
        let factors = [0.999_9f32; 64];
        let mut sums = [L::zero(); CHAINS];
        let (a, b) = (L::load(factors.as_ptr()), L::load(factors.as_ptr().add(L::LANES)));
        for _ in 0..repeats {
            for sum in &mut sums {
                *sum = sum.plus_product(a, b);
            }
        }
        let mut out = [0.0f32; 64];
        sums.iter().for_each(|sum| sum.plus(L::load(out.as_ptr())).store(out.as_mut_ptr()));
        out.iter().sum()
    }
}
