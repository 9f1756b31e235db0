//! The inner loops of groups narrower than a vector: depthwise convolutions, and groups of 2, 4 or 8
//! channels. A vector holds neighbouring channels, whole groups of them, read and written alike.

use super::lanes::Lanes;
use super::panel::Pixels;

/// Output pixels in a row, all their channels.
///
/// With groups of C channels, channel o of y is Σ over taps and i < C of x[o − o mod C + i] · w.
/// Distances are in elements.
pub struct Narrow {
    /// First channel at the first pixel's first tap.
    pub x: *const f32,
    /// For each vector of channels: kernel rows × columns × C vectors.
    pub w: *const f32,
    /// First channel of the first pixel.
    pub y: *mut f32,
    /// Blocks of P pixels.
    pub blocks: usize,
    /// Channels, whole groups.
    pub channels: usize,
    /// Kernel rows and columns.
    pub taps: [usize; 2],
    /// From a kernel row to the next, in x.
    pub x_row: usize,
    /// From a kernel column to the next, in x.
    pub x_column: usize,
    /// From what a pixel reads to what the next reads.
    pub x_pixel: usize,
    /// From a pixel written to the next.
    pub y_pixel: usize,
}

/// P pixels times K vectors of channels, of which the only one has `lanes` lanes if `PART`.
///
/// # Safety
/// As for [`narrow`].
#[inline(always)]
unsafe fn block<L: Lanes, const P: usize, const K: usize, const C: usize, const PART: bool>(
    args: &Narrow,
    (x, w, y): (*const f32, *const f32, *mut f32),
    index: &[L::Index; C],
    lanes: usize,
) {
    let [rows, cols] = args.taps;
    let each = rows * cols * C * L::LANES;
    // SAFETY: the caller's promise.
    unsafe {
        let mut acc = [[L::zero(); K]; P];
        for row in 0..rows {
            for col in 0..cols {
                let mut x =
                    Pixels::new(x.add(row * args.x_row + col * args.x_column), args.x_pixel);
                x.hide(P);
                let w = w.add((row * cols + col) * C * L::LANES);
                let mut weights = [[L::zero(); C]; K];
                for (k, weights) in weights.iter_mut().enumerate() {
                    for (i, vector) in weights.iter_mut().enumerate() {
                        *vector = L::load(w.add(k * each + i * L::LANES));
                    }
                }
                for (p, sums) in acc.iter_mut().enumerate() {
                    for (k, sum) in sums.iter_mut().enumerate() {
                        let from = x.at(p).add(k * L::LANES);
                        let value = if PART { L::load_first(from, lanes) } else { L::load(from) };
                        for (i, vector) in weights[k].iter().enumerate() {
                            let of_group = if C == 1 { value } else { value.permute(index[i]) };
                            *sum = sum.plus_product(of_group, *vector);
                        }
                    }
                }
            }
        }
        for (p, sums) in acc.iter().enumerate() {
            for (k, sum) in sums.iter().enumerate() {
                let to = y.add(p * args.y_pixel + k * L::LANES);
                if PART {
                    sum.store_first(to, lanes);
                } else {
                    sum.store(to);
                }
            }
        }
    }
}

/// Computes a [`Narrow`] with P pixels times K vectors in registers, one vector where fewer are left.
///
/// # Safety
/// The machine has the instruction set of `L`; every element that `args` describes is inside its
/// allocation; y overlaps neither x nor w.
#[inline(always)]
pub unsafe fn narrow<L: Lanes, const P: usize, const K: usize, const C: usize>(args: &Narrow) {
    let each = args.taps[0] * args.taps[1] * C * L::LANES;
    let [whole, rest] = [args.channels / L::LANES, args.channels % L::LANES];
    // SAFETY: the caller's promise.
    unsafe {
        let mut index = [L::index(C, 0); C];
        for (i, index) in index.iter_mut().enumerate() {
            *index = L::index(C, i);
        }
        for at in 0..args.blocks {
            let x = args.x.add(at * P * args.x_pixel);
            let y = args.y.add(at * P * args.y_pixel);
            let mut v = 0;
            while v + K <= whole {
                let at = (x.add(v * L::LANES), args.w.add(v * each), y.add(v * L::LANES));
                block::<L, P, K, C, false>(args, at, &index, L::LANES);
                v += K;
            }
            while v < whole {
                let at = (x.add(v * L::LANES), args.w.add(v * each), y.add(v * L::LANES));
                block::<L, P, 1, C, false>(args, at, &index, L::LANES);
                v += 1;
            }
            if rest > 0 {
                let at = (x.add(v * L::LANES), args.w.add(v * each), y.add(v * L::LANES));
                block::<L, P, 1, C, true>(args, at, &index, rest);
            }
        }
    }
}

/// Weights of a vector of channels, summed over pixels: R kernel rows times S kernel columns.
///
/// Lane l of a sum is the weight by which channel l of x reaches the `turn`-th channel of its group in
/// y. Distances are in elements.
pub struct NarrowPatch {
    /// First channel at the first pixel's first tap.
    pub x: *const f32,
    /// First channel at the first pixel.
    pub g: *const f32,
    /// Sums of the first tap.
    pub acc: *mut f32,
    /// Rows of pixels.
    pub rows: usize,
    /// Pixels in a row.
    pub cols: usize,
    /// From a row of pixels to the next, in x.
    pub x_row: usize,
    /// From a pixel to the next, in x.
    pub x_pixel: usize,
    /// From a kernel row to the next, in x.
    pub x_tap_row: usize,
    /// From a kernel column to the next, in x.
    pub x_column: usize,
    /// From a row to the next, in g.
    pub g_row: usize,
    /// From a pixel to the next, in g.
    pub g_pixel: usize,
    /// From a kernel row's sums to the next row's.
    pub acc_row: usize,
    /// Channels of a group.
    pub width: usize,
    /// Which of a group's channels of g.
    pub turn: usize,
    /// Channels, at most a vector of them.
    pub lanes: usize,
}

#[inline(always)]
unsafe fn patch_of<L: Lanes, const R: usize, const S: usize, const PART: bool>(args: &NarrowPatch) {
    // SAFETY: the caller's promise.
    unsafe {
        let index = L::index(args.width, args.turn);
        let mut acc = [[L::zero(); S]; R];
        for (r, sums) in acc.iter_mut().enumerate() {
            for (s, sum) in sums.iter_mut().enumerate() {
                *sum = L::load(args.acc.add(r * args.acc_row + s * L::LANES));
            }
        }
        for row in 0..args.rows {
            let mut x = args.x.add(row * args.x_row);
            let mut g = args.g.add(row * args.g_row);
            for _ in 0..args.cols {
                let gradient = if PART { L::load_first(g, args.lanes) } else { L::load(g) };
                let gradient = gradient.permute(index);
                for (r, sums) in acc.iter_mut().enumerate() {
                    for (s, sum) in sums.iter_mut().enumerate() {
                        let from = x.add(r * args.x_tap_row + s * args.x_column);
                        let value =
                            if PART { L::load_first(from, args.lanes) } else { L::load(from) };
                        *sum = sum.plus_product(value, gradient);
                    }
                }
                x = x.wrapping_add(args.x_pixel);
                g = g.wrapping_add(args.g_pixel);
            }
        }
        for (r, sums) in acc.into_iter().enumerate() {
            for (s, sum) in sums.into_iter().enumerate() {
                sum.store(args.acc.add(r * args.acc_row + s * L::LANES));
            }
        }
    }
}

/// Computes a [`NarrowPatch`].
///
/// # Safety
/// The machine has the instruction set of `L`; every element that `args` describes is inside its
/// allocation, whole vectors of acc included; acc overlaps neither x nor g.
#[inline(always)]
pub unsafe fn narrow_patch<L: Lanes, const R: usize, const S: usize>(args: &NarrowPatch) {
    // SAFETY: the caller's promise.
    unsafe {
        match args.lanes == L::LANES {
            true => patch_of::<L, R, S, false>(args),
            false => patch_of::<L, R, S, true>(args),
        }
    }
}
