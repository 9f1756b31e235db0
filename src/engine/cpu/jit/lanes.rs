//! One value or four channels of it: loads, stores, constants and the formats in memory.

use cranelift::codegen::ir::Endianness;
use cranelift::prelude::*;

use crate::engine::cpu::loops::Access;
use crate::engine::cpu::operand::NumberFormat;

/// How many channels a value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// A scalar.
    One,
    /// A 128-bit vector.
    Four,
}

fn flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

impl Lanes {
    /// Channels.
    pub fn count(self) -> usize {
        match self {
            Lanes::One => 1,
            Lanes::Four => 4,
        }
    }

    pub(super) fn float(self) -> Type {
        match self {
            Lanes::One => types::F32,
            Lanes::Four => types::F32X4,
        }
    }

    pub(super) fn int(self) -> Type {
        match self {
            Lanes::One => types::I32,
            Lanes::Four => types::I32X4,
        }
    }

    pub(super) fn splat(self, b: &mut FunctionBuilder, value: Value, ty: Type) -> Value {
        match self {
            Lanes::One => value,
            Lanes::Four => b.ins().splat(ty, value),
        }
    }

    /// The same number in every lane.
    pub fn constant(self, b: &mut FunctionBuilder, value: f32) -> Value {
        let value = b.ins().f32const(value);
        self.splat(b, value, self.float())
    }

    pub(super) fn integer(self, b: &mut FunctionBuilder, value: u32) -> Value {
        let value = b.ins().iconst(types::I32, i64::from(value));
        self.splat(b, value, self.int())
    }

    /// Reads adjacent channels.
    pub fn load(self, b: &mut FunctionBuilder, at: Value, skip: i32) -> Value {
        b.ins().load(self.float(), flags(), at, skip)
    }

    pub(super) fn load_same(self, b: &mut FunctionBuilder, at: Value, skip: i32) -> Value {
        let value = b.ins().load(types::F32, flags(), at, skip);
        self.splat(b, value, self.float())
    }

    /// Writes adjacent channels.
    pub fn store(self, b: &mut FunctionBuilder, value: Value, at: Value, skip: i32) {
        b.ins().store(flags(), value, at, skip);
    }

    /// Reads adjacent bf16.
    pub(super) fn load_bf16(self, b: &mut FunctionBuilder, at: Value, skip: i32) -> Value {
        let bits = match self {
            Lanes::One => b.ins().uload16(types::I32, flags(), at, skip),
            Lanes::Four => b.ins().uload16x4(flags(), at, skip),
        };
        let bits = b.ins().ishl_imm_s(bits, 16);
        self.as_float(b, bits)
    }

    fn as_float(self, b: &mut FunctionBuilder, bits: Value) -> Value {
        let little = MemFlagsData::new().with_endianness(Endianness::Little);
        b.ins().bitcast(self.float(), little, bits)
    }

    /// Bits of the nearest bf16, ties to even, in the lower half of each lane; all of them of a
    /// NaN, which rounding could carry over to a number.
    fn to_bf16(self, b: &mut FunctionBuilder, value: Value) -> Value {
        let little = MemFlagsData::new().with_endianness(Endianness::Little);
        let bits = b.ins().bitcast(self.int(), little, value);
        let (half, one) = (self.integer(b, 0x7FFF), self.integer(b, 1));
        let high = b.ins().ushr_imm_s(bits, 16);
        let odd = b.ins().band(high, one);
        let bits = b.ins().iadd(bits, half);
        let bits = b.ins().iadd(bits, odd);
        let nan = b.ins().fcmp(FloatCC::Unordered, value, value);
        let nan = match self {
            Lanes::One => b.ins().bmask(types::I32, nan),
            Lanes::Four => nan,
        };
        let bits = b.ins().bor(bits, nan);
        b.ins().ushr_imm_s(bits, 16)
    }

    fn store_lower_halves(self, b: &mut FunctionBuilder, bits: Value, at: Value, skip: i32) {
        match self {
            Lanes::One => b.ins().istore16(flags(), bits, at, skip),
            Lanes::Four => {
                let packed = b.ins().unarrow(bits, bits);
                let little = MemFlagsData::new().with_endianness(Endianness::Little);
                let packed = b.ins().bitcast(types::I64X2, little, packed);
                let packed = b.ins().extractlane(packed, 0);
                b.ins().store(flags(), packed, at, skip)
            }
        };
    }

    /// Writes an access at an unrolled column, in its format.
    pub fn store_as(
        self,
        b: &mut FunctionBuilder,
        value: Value,
        at: Value,
        access: &Access,
        column: usize,
    ) {
        let skip = bytes(access, column * access.strides[1]);
        match access.format {
            NumberFormat::F32 => self.store(b, value, at, skip),
            NumberFormat::Bf16 => {
                let bits = self.to_bf16(b, value);
                self.store_lower_halves(b, bits, at, skip);
            }
            NumberFormat::Split { distance } => {
                let bits = self.to_bf16(b, value);
                self.store_lower_halves(b, bits, at, skip);
                let widened = b.ins().ishl_imm_s(bits, 16);
                let high = self.as_float(b, widened);
                let rest = b.ins().fsub(value, high);
                let bits = self.to_bf16(b, rest);
                self.store_lower_halves(b, bits, at, skip + bytes(access, distance));
            }
        }
    }

    /// x where `a` and `c` compare so, else y; a comparison with NaN is false.
    pub(super) fn choose(
        self,
        b: &mut FunctionBuilder,
        (a, so, c): (Value, FloatCC, Value),
        [x, y]: [Value; 2],
    ) -> Value {
        let so = b.ins().fcmp(so, a, c);
        match self {
            Lanes::One => b.ins().select(so, x, y),
            Lanes::Four => {
                let little = MemFlagsData::new().with_endianness(Endianness::Little);
                let mask = b.ins().bitcast(types::F32X4, little, so);
                b.ins().bitselect(mask, x, y)
            }
        }
    }
}

/// Bytes of so many elements of an access.
pub fn bytes(access: &Access, elements: usize) -> i32 {
    (elements * access.format.bytes()) as i32
}
