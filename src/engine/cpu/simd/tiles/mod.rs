//! Contractions of bf16 added up in f32, on tiles of 16 × 32 by 32 × 16.
//!
//! AMX multiplies a tile in one instruction; AVX512-BF16 in 256, from the same packed operands
//! ([`Unit`]).
//! All three contractions of a convolution are one loop over lists of offsets ([`product`]), and so
//! data that any machine can plan; what runs it is [`hardware`].
//! Forward and input gradient read sixteen pixels as the rows of A ([`sweep`]); the weight
//! gradient reads sixteen channels along 32 pixels, for which g is transposed ([`gradient`]).
//!
//! An f32 operand in two parts, x = h + l with h = bf16(x) and l = bf16(x − h), gives the product
//! h·h' + h·l' + l·h' with a relative error near 2⁻¹⁶: three products of bf16 for one of f32.

mod gradient;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod hardware;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[path = "absent.rs"]
mod hardware;
mod parts;
mod plan;
mod product;
mod sweep;
mod unit;

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests;

pub use hardware::{configure, products};
pub use parts::Parts;
pub use plan::TilePlan;
pub use unit::Unit;
