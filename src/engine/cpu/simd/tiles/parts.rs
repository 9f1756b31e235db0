//! f32 numbers as one bf16 or the sum of two.

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
pub fn halves(value: f32) -> [u16; 2] {
    let high = nearest(value);
    [high, nearest(value - f32::from_bits(u32::from(high) << 16))]
}

/// Two numbers' nearest bf16, the first in the lower half.
pub fn pair(first: f32, second: f32) -> u32 {
    u32::from(nearest(first)) | u32::from(nearest(second)) << 16
}
