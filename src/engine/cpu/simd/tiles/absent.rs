//! Stands in for products of bf16 on systems without them: contractions are planned and not run.

use super::product::{Pixels, Product};
use super::unit::Unit;

/// There are none.
pub fn has(_: Unit) -> bool {
    false
}

/// Nothing to set up.
pub fn configure() {}

/// Nothing to measure.
pub fn products(_: Unit, _: usize) -> usize {
    0
}

/// Stops where a plan is to run.
pub fn expect(unit: Unit) {
    panic!("a plan for {} on a system without it", unit.name());
}

impl Product {
    /// Stops.
    ///
    /// # Safety
    /// There is nothing to promise.
    pub unsafe fn run(&self, unit: Unit, _: *const u8, _: *const u8, _: *mut u8) {
        expect(unit);
    }
}

/// Not reached.
///
/// # Safety
/// As [`Product::run`].
pub unsafe fn interleave(_: Pixels, _: usize, _: usize, _: &mut [u16]) {
    unreachable!("whoever packs has called `expect`");
}

/// As [`interleave`].
///
/// # Safety
/// As [`Product::run`].
pub unsafe fn transpose(_: Pixels, _: usize, _: usize, _: &mut [u16]) {
    unreachable!("whoever packs has called `expect`");
}
