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

    /// self + a·b
    unsafe fn plus_product(self, a: Self, b: Self) -> Self;
}
