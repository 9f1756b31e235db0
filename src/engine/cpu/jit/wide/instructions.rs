//! Vector instructions of AVX-512, as the Intel manual's volume 2 names their encodings.

/// A vector instruction: `[map, prefix, opcode]`, as in `EVEX.512.66.0F38.W0 A8` →
/// `Vector(2, 1, 0xA8)`.
#[derive(Clone, Copy, Debug)]
pub struct Vector(pub u8, pub u8, pub u8);

pub const ADD: Vector = Vector(1, 0, 0x58);
pub const MUL: Vector = Vector(1, 0, 0x59);
pub const SUB: Vector = Vector(1, 0, 0x5C);
pub const DIV: Vector = Vector(1, 0, 0x5E);
pub const MAX: Vector = Vector(1, 0, 0x5F);
pub const SQRT: Vector = Vector(1, 0, 0x51);
pub const MOVE: Vector = Vector(1, 0, 0x28);
pub const LOAD: Vector = Vector(1, 0, 0x10);
pub const MIN: Vector = Vector(1, 0, 0x5D);
pub const AND: Vector = Vector(1, 1, 0xDB);
pub const OR: Vector = Vector(1, 1, 0xEB);
pub const XOR: Vector = Vector(1, 1, 0xEF);
pub const ADD_INTEGERS: Vector = Vector(1, 1, 0xFE);
pub const MUL_INTEGERS: Vector = Vector(2, 1, 0x40);
/// An integer as a number.
pub const FROM_INTEGER: Vector = Vector(1, 0, 0x5B);
/// A number as an integer, towards zero.
pub const TO_INTEGER: Vector = Vector(1, 2, 0x5B);
/// first ← second · 2^last
pub const SCALE: Vector = Vector(2, 1, 0x2C);
/// The exponent of 1 ≤ |x| / 2ᵉ < 2, also of subnormal numbers.
pub const EXPONENT: Vector = Vector(2, 1, 0x42);
/// To the nearest whole number, the even one of two.
pub const ROUND: (Vector, u8) = (Vector(3, 1, 0x08), 8);
/// |x| / 2ᵉ between ¾ and 1½, with the sign of x.
pub const MANTISSA: (Vector, u8) = (Vector(3, 1, 0x26), 3);
/// first ← first · last + second
pub const FMADD_132: Vector = Vector(2, 1, 0x98);
/// first ← second · first + last
pub const FMADD_213: Vector = Vector(2, 1, 0xA8);
/// first ← second · last + first
pub const FMADD_231: Vector = Vector(2, 1, 0xB8);
/// Marks a prefix: elements of twice the size.
pub const WIDE: u8 = 0x80;
/// Of elements of two bytes.
pub const STORE_16: Vector = Vector(1, 3 | WIDE, 0x7F);
pub const COMPARE_INTEGERS: Vector = Vector(3, 1, 0x1F);
pub const STORE: Vector = Vector(1, 0, 0x11);
pub const BROADCAST: Vector = Vector(2, 1, 0x18);
pub const BLEND: Vector = Vector(2, 1, 0x65);
pub const COMPARE: Vector = Vector(1, 0, 0xC2);
pub const WIDEN_16: Vector = Vector(2, 1, 0x33);
pub const SHIFT: Vector = Vector(1, 1, 0x72);
pub const TO_BF16: Vector = Vector(2, 2, 0x72);

impl Vector {
    /// For a fused multiply-add: the product minus instead of plus.
    pub fn subtracting(self) -> Self {
        Vector(self.0, self.1, self.2 + 2)
    }

    /// For a fused multiply-add: the product negated.
    pub fn negated(self) -> Self {
        Vector(self.0, self.1, self.2 + 4)
    }
}

/// Which comparison; quiet about NaNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// One of the two is a NaN.
    Unordered = 0x03,
    Below = 0x11,
    AtMost = 0x12,
    /// Or unordered.
    NotBelow = 0x15,
    /// Or unordered.
    NotAtMost = 0x16,
}
