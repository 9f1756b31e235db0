//! The operations of functions in Cranelift's vectors of four.

use cranelift::codegen::ir::Endianness;
use cranelift::prelude::*;

use super::operations::{One, Operations, Test, Two};

/// Emits operations on vectors of four f32.
pub struct Vectors<'a, 'f> {
    /// Where code goes.
    pub builder: &'a mut FunctionBuilder<'f>,
    /// Whether the machine has fused multiply-adds: a library's, lane by lane, takes long.
    pub fused: bool,
}

/// Added to a number between ±2²² and taken away again, it rounds it to a whole one.
const ROUND: f32 = 12_582_912.0;
/// The same in whose last bits a whole n then stands as 127 + n, an f32's exponent.
const ROUND_TO_EXPONENT: f32 = ROUND + 127.0;
const MANTISSA_BITS: u8 = 23;
const SMALLEST_NORMAL: f32 = f32::MIN_POSITIVE;
/// ¾, where mantissas begin.
const FIRST: f32 = 0.75;

/// The same bits as integers.
pub fn as_integers(b: &mut FunctionBuilder, x: Value) -> Value {
    b.ins().bitcast(types::I32X4, MemFlagsData::new().with_endianness(Endianness::Little), x)
}

/// The same bits as numbers.
pub fn as_floats(b: &mut FunctionBuilder, x: Value) -> Value {
    b.ins().bitcast(types::F32X4, MemFlagsData::new().with_endianness(Endianness::Little), x)
}

impl Vectors<'_, '_> {
    /// An operation on the bits as integers.
    fn integers(
        &mut self,
        a: Value,
        c: Value,
        op: impl FnOnce(&mut FunctionBuilder, Value, Value) -> Value,
    ) -> Value {
        let (a, c) = (as_integers(self.builder, a), as_integers(self.builder, c));
        let result = op(self.builder, a, c);
        as_floats(self.builder, result)
    }

    /// The bits of x, as much larger as makes it normal, less those of ¾; and that factor's
    /// exponent.
    fn normal_bits(&mut self, x: Value) -> [Value; 2] {
        let smallest = self.number(SMALLEST_NORMAL);
        let factor = self.number((1 << MANTISSA_BITS) as f32);
        let larger = self.mul(x, factor);
        let (zero, exponent) = (self.number(0.0), self.number(f32::from(MANTISSA_BITS)));
        let exponent = self.choose((x, Test::Below, smallest), exponent, zero);
        let x = self.choose((x, Test::Below, smallest), larger, x);
        let (x, first) = (as_integers(self.builder, x), self.number(FIRST));
        let first = as_integers(self.builder, first);
        [self.builder.ins().isub(x, first), exponent]
    }

    fn mantissa(&mut self, x: Value) -> Value {
        let [bits, _] = self.normal_bits(x);
        let (mask, first) = (self.bits((1 << MANTISSA_BITS) - 1), self.number(FIRST));
        let (mask, first) = (as_integers(self.builder, mask), as_integers(self.builder, first));
        let bits = self.builder.ins().band(bits, mask);
        let bits = self.builder.ins().iadd(bits, first);
        as_floats(self.builder, bits)
    }

    fn exponent(&mut self, x: Value) -> Value {
        let [bits, less] = self.normal_bits(x);
        let exponent = self.builder.ins().sshr_imm_s(bits, i64::from(MANTISSA_BITS));
        let exponent = self.builder.ins().fcvt_from_sint(types::F32X4, exponent);
        self.sub(exponent, less)
    }

    /// In two steps, since 2ⁿ may be no normal number; only the second one rounds.
    fn scale(&mut self, x: Value, n: Value) -> Value {
        let half = self.number(0.5);
        let first = self.mul(n, half);
        let first = self.one(One::Round, first);
        let second = self.sub(n, first);
        [first, second].into_iter().fold(x, |x, n| {
            let power = self.power(n);
            self.mul(x, power)
        })
    }
}

impl Operations for Vectors<'_, '_> {
    type Value = Value;

    fn bits(&mut self, bits: u32) -> Value {
        let number = self.builder.ins().f32const(f32::from_bits(bits));
        self.builder.ins().splat(types::F32X4, number)
    }

    fn one(&mut self, op: One, x: Value) -> Value {
        match op {
            One::Sqrt => self.builder.ins().sqrt(x),
            One::Round => {
                let large = self.number(ROUND);
                let sum = self.add(x, large);
                self.sub(sum, large)
            }
            One::Mantissa => self.mantissa(x),
            One::Exponent => self.exponent(x),
            One::FromInteger => {
                let x = as_integers(self.builder, x);
                self.builder.ins().fcvt_from_sint(types::F32X4, x)
            }
            One::ToInteger => {
                let x = self.builder.ins().fcvt_to_sint_sat(types::I32X4, x);
                as_floats(self.builder, x)
            }
        }
    }

    fn two(&mut self, op: Two, a: Value, c: Value) -> Value {
        match op {
            Two::Add => self.builder.ins().fadd(a, c),
            Two::Sub => self.builder.ins().fsub(a, c),
            Two::Mul => self.builder.ins().fmul(a, c),
            Two::Div => self.builder.ins().fdiv(a, c),
            // In these forms each becomes one instruction.
            Two::Min => self.choose((a, Test::Below, c), a, c),
            Two::Max => self.choose((c, Test::Below, a), a, c),
            Two::Scale => self.scale(a, c),
            Two::And => self.integers(a, c, |b, a, c| b.ins().band(a, c)),
            Two::Or => self.integers(a, c, |b, a, c| b.ins().bor(a, c)),
            Two::Xor => self.integers(a, c, |b, a, c| b.ins().bxor(a, c)),
            Two::AddIntegers => self.integers(a, c, |b, a, c| b.ins().iadd(a, c)),
            Two::MulIntegers => self.integers(a, c, |b, a, c| b.ins().imul(a, c)),
        }
    }

    fn shift_right(&mut self, x: Value, by: u8) -> Value {
        let x = as_integers(self.builder, x);
        let x = self.builder.ins().ushr_imm_s(x, i64::from(by));
        as_floats(self.builder, x)
    }

    fn multiply_add(&mut self, a: Value, c: Value, d: Value) -> Value {
        if self.fused {
            return self.builder.ins().fma(a, c, d);
        }
        let product = self.mul(a, c);
        self.add(product, d)
    }

    fn choose(&mut self, (a, test, c): (Value, Test, Value), x: Value, y: Value) -> Value {
        let code = match test {
            Test::Below => FloatCC::LessThan,
            Test::AtMost => FloatCC::LessThanOrEqual,
        };
        let mask = self.builder.ins().fcmp(code, a, c);
        let mask = as_floats(self.builder, mask);
        self.builder.ins().bitselect(mask, x, y)
    }

    fn power(&mut self, n: Value) -> Value {
        let large = self.number(ROUND_TO_EXPONENT);
        let sum = self.add(n, large);
        let bits = as_integers(self.builder, sum);
        let bits = self.builder.ins().ishl_imm_s(bits, i64::from(MANTISSA_BITS));
        as_floats(self.builder, bits)
    }
}
