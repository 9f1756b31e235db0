//! Products of bf16 where there are instructions for them: whether they may be used, and the one
//! loop of all contractions on each.

mod amx;
mod dots;
mod matrices;
mod transpose;

pub use amx::configure;
pub use transpose::{interleave, transpose};

use super::product::Product;
use super::unit::Unit;

/// Whether this machine has it and the system lets this process use it.
pub fn has(unit: Unit) -> bool {
    match unit {
        Unit::Dots => dots::available(),
        Unit::Matrices => amx::available(),
    }
}

/// Stops where a plan is to run on a machine without its unit: all that keeps its instructions from
/// such a machine. (Tests compute what AMX does number by number, but for transposing, which takes
/// AVX-512.)
pub fn expect(unit: Unit) {
    let tested = || cfg!(test) && transposes();
    assert!(has(unit) || tested(), "a plan for {} on a machine without it", unit.name());
}

/// Whether pixels can be packed here.
fn transposes() -> bool {
    is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl")
}

/// Repeats independent products in registers, for their speed; how many operations that was. Where
/// this machine has the unit, and this thread has configured it.
pub fn products(unit: Unit, repeats: usize) -> usize {
    assert!(has(unit), "{} is not here", unit.name());
    match unit {
        // SAFETY: the machine has it, as just checked.
        Unit::Dots => unsafe { dots::products(repeats) },
        // SAFETY: likewise, and threads of the engine configure it.
        Unit::Matrices => unsafe { matrices::products(repeats) },
    }
}

impl Product {
    /// Multiplies.
    ///
    /// # Safety
    /// The machine has the unit and this thread has configured it. `a`, `b` and `c` are valid for
    /// as many bytes as [`Product::a_end`] and its likes say, and nothing else touches `c`.
    pub unsafe fn run(&self, unit: Unit, a: *const u8, b: *const u8, c: *mut u8) {
        #[cfg(test)]
        if !has(unit) {
            // SAFETY: the caller's promise.
            return unsafe { super::tests::multiply(self, a, b, c) };
        }
        // SAFETY: the caller's promise.
        unsafe {
            match unit {
                Unit::Dots => self.run_dots(a, b, c),
                Unit::Matrices => self.run_matrices(a, b, c),
            }
        }
    }
}
