//! The inner loop of the weight gradient: a few weights, summed over pixels.

use super::lanes::Lanes;

/// A patch of the weight gradient: C elements of a run, times K vectors of output channels.
///
/// acc += Σ over pixels of xᵀ·g. Distances are in elements.
pub struct Patch {
    /// First of the C elements, at the first pixel.
    pub x: *const f32,
    /// First of the K vectors, at the first pixel.
    pub g: *const f32,
    /// Their products' sums.
    pub acc: *mut f32,
    /// Rows of pixels.
    pub rows: usize,
    /// Pixels in a row.
    pub cols: usize,
    /// From a row to the next, in x.
    pub x_row: usize,
    /// From a pixel to the next, in x.
    pub x_pixel: usize,
    /// From a row to the next, in g.
    pub g_row: usize,
    /// From a pixel to the next, in g.
    pub g_pixel: usize,
    /// From an element's sums to the next element's.
    pub acc_pitch: usize,
}

/// The sums so far.
///
/// # Safety
/// As for [`patch`].
#[inline(always)]
pub unsafe fn begin<L: Lanes, const C: usize, const K: usize>(args: &Patch) -> [[L; K]; C] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut acc = [[L::zero(); K]; C];
        for (c, sums) in acc.iter_mut().enumerate() {
            for (k, sum) in sums.iter_mut().enumerate() {
                *sum = L::load(args.acc.add(c * args.acc_pitch + k * L::LANES));
            }
        }
        acc
    }
}

/// Writes the sums.
///
/// # Safety
/// As for [`patch`].
#[inline(always)]
pub unsafe fn end<L: Lanes, const C: usize, const K: usize>(args: &Patch, acc: &[[L; K]; C]) {
    // SAFETY: the caller's promise.
    unsafe {
        for (c, sums) in acc.iter().enumerate() {
            for (k, sum) in sums.iter().enumerate() {
                sum.store(args.acc.add(c * args.acc_pitch + k * L::LANES));
            }
        }
    }
}

/// Computes a [`Patch`] with C elements times K vectors in registers.
///
/// # Safety
/// The machine has the instruction set of `L`; every element that `args` describes is inside
/// its allocation, whole vectors of g and acc included; acc overlaps neither x nor g.
#[inline(always)]
pub unsafe fn patch<L: Lanes, const C: usize, const K: usize>(args: &Patch) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut acc = begin::<L, C, K>(args);
        for row in 0..args.rows {
            let mut x = args.x.add(row * args.x_row);
            let mut g = args.g.add(row * args.g_row);
            for _ in 0..args.cols {
                let mut gradient = [L::zero(); K];
                for (k, vector) in gradient.iter_mut().enumerate() {
                    *vector = L::load(g.add(k * L::LANES));
                }
                for (c, sums) in acc.iter_mut().enumerate() {
                    let value = L::broadcast(x.add(c));
                    for (sum, vector) in sums.iter_mut().zip(gradient) {
                        *sum = sum.plus_product(value, vector);
                    }
                }
                x = x.wrapping_add(args.x_pixel);
                g = g.wrapping_add(args.g_pixel);
            }
        }
        end(args, &acc);
    }
}
