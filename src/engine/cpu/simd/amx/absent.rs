//! Stands in for tiles on systems without them: contractions are planned and not run.

use super::product::{Pixels, Product};

/// There are none.
pub fn available() -> bool {
    false
}

/// Nothing to set up.
pub fn configure() {}

/// Nothing to measure.
pub fn products(_: usize) {}

/// Stops where a plan for tiles is to run.
pub fn expect() {
    panic!("a plan for AMX tiles on a machine without them");
}

impl Product {
    /// Stops.
    ///
    /// # Safety
    /// There is nothing to promise.
    pub unsafe fn run(&self, _: *const u8, _: *const u8, _: *mut u8) {
        expect();
    }
}

/// Stops.
///
/// # Safety
/// As [`Product::run`].
pub unsafe fn interleave(_: Pixels, _: usize, _: &mut [u16]) {
    expect();
}

/// Stops.
///
/// # Safety
/// As [`Product::run`].
pub unsafe fn transpose(_: Pixels, _: usize, _: &mut [u16]) {
    expect();
}
