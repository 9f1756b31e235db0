//! Contractions on AMX tiles: products of bf16 added up in f32, 16 × 32 by 32 × 16 at a time.
//!
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
mod plan;
mod product;
mod sweep;

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests;

pub use hardware::{available, configure, products};
pub use plan::TilePlan;

/// How many bf16 numbers stand for one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parts {
    /// The nearest.
    One,
    /// The nearest, and the nearest to what it leaves.
    Two,
}

impl Parts {
    /// bf16 numbers an operand.
    pub fn count(self) -> usize {
        match self {
            Parts::One => 1,
            Parts::Two => 2,
        }
    }
}

/// The nearest bf16, ties to even.
fn nearest(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        // Rounding could carry a NaN over to infinity.
        return (bits >> 16) as u16 | 0x40;
    }
    (bits.wrapping_add(0x7FFF + (bits >> 16 & 1)) >> 16) as u16
}

/// A number's two parts.
fn halves(value: f32) -> [u16; 2] {
    let high = nearest(value);
    [high, nearest(value - f32::from_bits(u32::from(high) << 16))]
}
