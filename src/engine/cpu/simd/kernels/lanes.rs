//! The vector operations that the inner loops need.

/// A vector of f32 numbers.
///
/// Every method is inlined into a function that enables the target feature behind the vector.
///
/// # Safety
/// Methods may run only on a machine that has the vector's instruction set. Pointers must be
/// valid for the `LANES` (or the first `n`) numbers that are read or written.
pub trait Lanes: Copy {
    /// Numbers in a vector.
    const LANES: usize;

    /// For each lane, another.
    type Index: Copy;

    /// Zero in every lane.
    unsafe fn zero() -> Self;

    /// The number at `from` in every lane.
    unsafe fn broadcast(from: *const f32) -> Self;

    /// `LANES` numbers.
    unsafe fn load(from: *const f32) -> Self;

    /// The first `n` numbers, then zeros; `n <= LANES`.
    unsafe fn load_first(from: *const f32, n: usize) -> Self;

    /// Writes `LANES` numbers.
    unsafe fn store(self, to: *mut f32);

    /// Writes the first `n` lanes; `n <= LANES`.
    unsafe fn store_first(self, to: *mut f32, n: usize);

    /// self + other
    unsafe fn plus(self, other: Self) -> Self;

    /// self − other
    unsafe fn minus(self, other: Self) -> Self;

    /// For each lane the `i`-th lane of its group, with groups of `width` lanes, which divides `LANES`.
    unsafe fn index(width: usize, i: usize) -> Self::Index;

    /// In each lane what stands in the lane that `index` names.
    unsafe fn permute(self, index: Self::Index) -> Self;

    /// self + a·b
    unsafe fn plus_product(self, a: Self, b: Self) -> Self;
}

/// The lanes that [`Lanes::index`] names.
#[inline(always)]
pub fn of_groups<const LANES: usize>(width: usize, i: usize) -> [u32; LANES] {
    let mut lanes = [0; LANES];
    for (lane, of) in lanes.iter_mut().enumerate() {
        *of = (lane - lane % width + i) as u32;
    }
    lanes
}
