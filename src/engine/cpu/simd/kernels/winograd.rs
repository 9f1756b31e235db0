//! Tiles of F(2×2, 3×3): Bᵀ·x·B, Aᵀ·m·A and A·g·Aᵀ for each channel.

use super::lanes::Lanes;

/// A row of tiles, transformed in either direction. Distances in elements.
pub struct Transform {
    /// First element read.
    pub from: *const f32,
    /// First element written.
    pub to: *mut f32,
    /// Tiles in the row.
    pub tiles: usize,
    /// Channels, a multiple of the vector width.
    pub channels: usize,
    /// From a row of the image to the next.
    pub row: usize,
    /// From a pixel of the image to the next.
    pub pixel: usize,
    /// From a transformed tile to the next.
    pub tile: usize,
    /// From a position of the transformed tiles to the next.
    pub position: usize,
}

/// Bᵀ of four numbers.
#[inline(always)]
unsafe fn tile_of_x<L: Lanes>([a, b, c, d]: [L; 4]) -> [L; 4] {
    // SAFETY: the caller's promise.
    unsafe { [a.minus(c), b.plus(c), c.minus(b), b.minus(d)] }
}

/// Aᵀ of four numbers.
#[inline(always)]
unsafe fn pair_of_y<L: Lanes>([a, b, c, d]: [L; 4]) -> [L; 2] {
    // SAFETY: the caller's promise.
    unsafe { [a.plus(b).plus(c), b.minus(c).minus(d)] }
}

/// A of two numbers.
#[inline(always)]
unsafe fn tile_of_g<L: Lanes>([a, b]: [L; 2]) -> [L; 4] {
    // SAFETY: the caller's promise.
    unsafe { [a, a.plus(b), a.minus(b), L::zero().minus(b)] }
}

/// d = Bᵀ·x·B for a row of tiles.
///
/// Loops rather than closures, into which the vector's instruction set would not reach.
///
/// # Safety
/// The machine has the instruction set of `L`; four rows of `2·tiles + 2` pixels of x and the
/// transformed tiles are inside their allocations and do not overlap.
#[inline(always)]
pub unsafe fn transform_x<L: Lanes>(args: &Transform) {
    for tile in 0..args.tiles {
        let mut channel = 0;
        while channel < args.channels {
            // SAFETY: the caller's promise.
            unsafe {
                let x = args.from.add(2 * tile * args.pixel + channel);
                let mut columns = [[L::zero(); 4]; 4];
                for (col, column) in columns.iter_mut().enumerate() {
                    for (row, value) in column.iter_mut().enumerate() {
                        *value = L::load(x.add(row * args.row + col * args.pixel));
                    }
                    *column = tile_of_x(*column);
                }
                let [a, b, c, d] = columns;
                let to = args.to.add(tile * args.tile + channel);
                for row in 0..4 {
                    let values = tile_of_x([a[row], b[row], c[row], d[row]]);
                    for (col, value) in values.into_iter().enumerate() {
                        value.store(to.add((4 * row + col) * args.position));
                    }
                }
            }
            channel += L::LANES;
        }
    }
}

/// y = Aᵀ·m·A for a row of tiles.
///
/// # Safety
/// The machine has the instruction set of `L`; the transformed tiles and two rows of `2·tiles`
/// pixels of y are inside their allocations and do not overlap.
#[inline(always)]
pub unsafe fn transform_y<L: Lanes>(args: &Transform) {
    for tile in 0..args.tiles {
        let mut channel = 0;
        while channel < args.channels {
            // SAFETY: the caller's promise.
            unsafe {
                let m = args.from.add(tile * args.tile + channel);
                let mut columns = [[L::zero(); 2]; 4];
                for (col, column) in columns.iter_mut().enumerate() {
                    let mut values = [L::zero(); 4];
                    for (row, value) in values.iter_mut().enumerate() {
                        *value = L::load(m.add((4 * row + col) * args.position));
                    }
                    *column = pair_of_y(values);
                }
                let [a, b, c, d] = columns;
                let y = args.to.add(2 * tile * args.pixel + channel);
                for row in 0..2 {
                    let [left, right] = pair_of_y([a[row], b[row], c[row], d[row]]);
                    left.store(y.add(row * args.row));
                    right.store(y.add(row * args.row + args.pixel));
                }
            }
            channel += L::LANES;
        }
    }
}

/// A·g·Aᵀ for a row of tiles, the adjoint of [`transform_y`].
///
/// # Safety
/// The machine has the instruction set of `L`; two rows of `2·tiles` pixels of g and the
/// transformed tiles are inside their allocations and do not overlap.
#[inline(always)]
pub unsafe fn transform_g<L: Lanes>(args: &Transform) {
    for tile in 0..args.tiles {
        let mut channel = 0;
        while channel < args.channels {
            // SAFETY: the caller's promise.
            unsafe {
                let g = args.from.add(2 * tile * args.pixel + channel);
                let left = tile_of_g([L::load(g), L::load(g.add(args.row))]);
                let g = g.add(args.pixel);
                let right = tile_of_g([L::load(g), L::load(g.add(args.row))]);
                let to = args.to.add(tile * args.tile + channel);
                for row in 0..4 {
                    let values = tile_of_g([left[row], right[row]]);
                    for (col, value) in values.into_iter().enumerate() {
                        value.store(to.add((4 * row + col) * args.position));
                    }
                }
            }
            channel += L::LANES;
        }
    }
}
