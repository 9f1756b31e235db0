//! The inner loop of a panel whose runs are three neighbouring pixels.
//!
//! Each number of x is read once and multiplied by the weights of all three kernel columns, so
//! that a pixel costs one load for three products. [`panel::panel`] loads for each product: as fast on
//! an idle core, but it took 1.4 times as long in the minutes in which the machine was busy.
//!
//! [`panel::panel`]: super::panel::panel

use super::lanes::Lanes;
use super::panel::{Panel, Pixels};

/// Kernel columns; a run is so many pixels.
pub const COLUMNS: usize = 3;

/// `acc[p] += Σ over columns t of x[p + t][e] · w[t][e]` for one element `e`.
#[inline(always)]
unsafe fn element<L: Lanes, const P: usize>(
    acc: &mut [[L; 1]; P],
    x: &mut Pixels,
    w: *const f32,
    column: usize,
) {
    x.hide(P + COLUMNS - 1);
    // SAFETY: the caller's promise: element e of P + 2 pixels, and its weights of each column.
    unsafe {
        let weights: [L; COLUMNS] =
            [L::load(w), L::load(w.add(column)), L::load(w.add(2 * column))];
        let mut left = L::broadcast(x.at(0));
        let mut middle = L::broadcast(x.at(1));
        for (p, [sum]) in acc.iter_mut().enumerate() {
            let right = L::broadcast(x.at(p + 2));
            *sum = sum.plus_product(left, weights[0]);
            *sum = sum.plus_product(middle, weights[1]);
            *sum = sum.plus_product(right, weights[2]);
            (left, middle) = (middle, right);
        }
    }
}

/// Computes a [`Panel`] of one vector of channels with P pixels in registers; its runs are of
/// [`COLUMNS`] neighbouring pixels.
///
/// # Safety
/// As for [`panel::panel`](super::panel::panel), and `len == COLUMNS · x_pixel`.
#[inline(always)]
pub unsafe fn slide<L: Lanes, const P: usize>(args: &Panel) {
    let column = args.x_pixel * L::LANES;
    for block in 0..args.blocks {
        // SAFETY: the caller's promise.
        unsafe {
            let x = args.x.add(block * P * args.x_pixel);
            let mut acc = [[L::zero(); 1]; P];
            args.begin(&mut acc, block);
            for run in 0..args.runs {
                let mut x = Pixels::new(x.add(run * args.x_run), args.x_pixel);
                let mut w = args.w.add(run * COLUMNS * column);
                for _ in 0..args.x_pixel {
                    element(&mut acc, &mut x, w, column);
                    x.advance(1);
                    w = w.add(L::LANES);
                }
            }
            args.end(&acc, block);
        }
    }
}
