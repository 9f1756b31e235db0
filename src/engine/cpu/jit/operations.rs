//! The vector operations that scalar functions are made of: both code generators have them, so
//! that a function is stated once.

/// Operations on one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum One {
    /// √x
    Sqrt,
    /// The nearest whole number, the even one of two; for |x| ≤ 2²².
    Round,
    /// m of x = m·2ᵉ with ¾ ≤ m < 1½, for positive x.
    Mantissa,
    /// e of the same.
    Exponent,
    /// The 32-bit integer of x's bits as a number.
    FromInteger,
    /// The bits of x as a 32-bit integer, towards zero.
    ToInteger,
}

/// Operations on two vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Two {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// a / b
    Div,
    /// a if a < b, else b: b also where one is a NaN.
    Min,
    /// a if a > b, else b: b also where one is a NaN.
    Max,
    /// a · 2ᵇ for a whole b between −160 and 160, rounded once.
    Scale,
    /// The bits that both have.
    And,
    /// The bits that either has.
    Or,
    /// The bits that one has and the other has not.
    Xor,
    /// a + b of 32-bit integers, wrapping.
    AddIntegers,
    /// a · b of 32-bit integers, wrapping.
    MulIntegers,
}

/// Comparisons; with a NaN none holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// a < b
    Below,
    /// a ≤ b
    AtMost,
}

/// A generator of vector code.
pub trait Operations {
    /// A vector.
    type Value: Copy;

    /// The same 32 bits in every lane.
    fn bits(&mut self, bits: u32) -> Self::Value;
    /// An operation on one vector.
    fn one(&mut self, op: One, x: Self::Value) -> Self::Value;
    /// An operation on two vectors.
    fn two(&mut self, op: Two, a: Self::Value, b: Self::Value) -> Self::Value;
    /// The 32-bit integers of x's bits, shifted right, zeroes in front.
    fn shift_right(&mut self, x: Self::Value, by: u8) -> Self::Value;
    /// a·b + c, rounded once where the machine can.
    fn multiply_add(&mut self, a: Self::Value, b: Self::Value, c: Self::Value) -> Self::Value;
    /// x where the test of a and b holds, else y.
    fn choose(
        &mut self,
        test: (Self::Value, Test, Self::Value),
        x: Self::Value,
        y: Self::Value,
    ) -> Self::Value;
    /// 2ⁿ for a whole n from −126 to 127.
    fn power(&mut self, n: Self::Value) -> Self::Value;

    /// The same number in every lane.
    fn number(&mut self, number: f32) -> Self::Value {
        self.bits(number.to_bits())
    }

    /// a + b
    fn add(&mut self, a: Self::Value, b: Self::Value) -> Self::Value {
        self.two(Two::Add, a, b)
    }

    /// a − b
    fn sub(&mut self, a: Self::Value, b: Self::Value) -> Self::Value {
        self.two(Two::Sub, a, b)
    }

    /// a · b
    fn mul(&mut self, a: Self::Value, b: Self::Value) -> Self::Value {
        self.two(Two::Mul, a, b)
    }

    /// x, but not above a number; a NaN stays.
    fn at_most(&mut self, number: f32, x: Self::Value) -> Self::Value {
        let number = self.number(number);
        self.two(Two::Min, number, x)
    }

    /// x, but not below a number; a NaN stays.
    fn at_least(&mut self, number: f32, x: Self::Value) -> Self::Value {
        let number = self.number(number);
        self.two(Two::Max, number, x)
    }

    /// |x|
    fn magnitude(&mut self, x: Self::Value) -> Self::Value {
        let rest = self.bits(!SIGN);
        self.two(Two::And, x, rest)
    }

    /// A number that is not negative, with the sign of x.
    fn with_sign_of(&mut self, magnitude: Self::Value, x: Self::Value) -> Self::Value {
        let sign = self.bits(SIGN);
        let sign = self.two(Two::And, x, sign);
        self.two(Two::Or, magnitude, sign)
    }

    /// A polynomial's value, from the coefficients of its highest power down.
    fn polynomial(&mut self, x: Self::Value, coefficients: &[f32]) -> Self::Value {
        let mut sum = self.number(coefficients[0]);
        for &coefficient in &coefficients[1..] {
            let coefficient = self.number(coefficient);
            sum = self.multiply_add(sum, x, coefficient);
        }
        sum
    }
}

/// The sign's bit of an f32.
pub const SIGN: u32 = 1 << 31;
