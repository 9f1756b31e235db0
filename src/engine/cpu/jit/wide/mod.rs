//! Loops in vectors of sixteen channels, four times as wide as Cranelift's: fused loops are
//! straight lines of a few dozen vector operations, which this module selects ([`ops`],
//! [`select`]), gives registers ([`values`]), surrounds with loops ([`nest`], [`walk`], [`pixel`],
//! [`accumulate`], [`frame`]) and encodes ([`assembler`], [`instructions`]).
//!
//! What does not fit (sums over channels, single pixels, what is the same for a row) is left to
//! Cranelift.

mod accumulate;
mod assembler;
mod frame;
mod instructions;
mod nest;
mod ops;
mod pixel;
mod select;
mod values;
mod walk;

#[cfg(test)]
mod encodings;
#[cfg(test)]
mod tests;

use crate::engine::cpu::loops::LoopSpec;

/// Machine code for a loop, callable as [`super::LoopFn`]; `None` where Cranelift has to do it.
pub fn compile(spec: &LoopSpec) -> Option<Vec<u8>> {
    let spec = select::normalised(spec);
    let selection = select::select(&spec)?;
    // As many values in registers as leave enough for the pixels.
    let most = (selection.numbers.len() + selection.block.len()).min(30);
    (0..=most).rev().find_map(|kept| nest::emit(&spec, &selection, kept).ok())
}
