//! Four channels or one, in the first lane, of a vector: loads, stores and the formats in memory.

use cranelift::codegen::ir::Endianness;
use cranelift::prelude::*;

use super::vectors::{as_floats, as_integers};
use crate::engine::cpu::loops::Access;
use crate::engine::cpu::operand::NumberFormat;

/// How many channels a vector holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// The first lane counts.
    One,
    /// All do.
    Four,
}

fn flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

/// The same number in every lane.
pub fn constant(b: &mut FunctionBuilder, value: f32) -> Value {
    let value = b.ins().f32const(value);
    b.ins().splat(types::F32X4, value)
}

fn integer(b: &mut FunctionBuilder, value: u32) -> Value {
    let value = b.ins().iconst(types::I32, i64::from(value));
    b.ins().splat(types::I32X4, value)
}

/// Reads one f32 for all lanes.
pub fn load_same(b: &mut FunctionBuilder, at: Value, skip: i32) -> Value {
    let value = b.ins().load(types::F32, flags(), at, skip);
    b.ins().splat(types::F32X4, value)
}

/// Reads one bf16 for all lanes.
pub fn load_same_bf16(b: &mut FunctionBuilder, at: Value, skip: i32) -> Value {
    let bits = b.ins().uload16(types::I32, flags(), at, skip);
    let bits = b.ins().ishl_imm_s(bits, 16);
    let bits = b.ins().splat(types::I32X4, bits);
    as_floats(b, bits)
}

/// Bits of the nearest bf16, ties to even, in the lower half of each lane; all of them of a
/// NaN, which rounding could carry over to a number.
fn to_bf16(b: &mut FunctionBuilder, value: Value) -> Value {
    let bits = as_integers(b, value);
    let (half, one) = (integer(b, 0x7FFF), integer(b, 1));
    let high = b.ins().ushr_imm_s(bits, 16);
    let odd = b.ins().band(high, one);
    let bits = b.ins().iadd(bits, half);
    let bits = b.ins().iadd(bits, odd);
    let nan = b.ins().fcmp(FloatCC::Unordered, value, value);
    let bits = b.ins().bor(bits, nan);
    b.ins().ushr_imm_s(bits, 16)
}

impl Lanes {
    /// Channels.
    pub fn count(self) -> usize {
        match self {
            Lanes::One => 1,
            Lanes::Four => 4,
        }
    }

    /// Reads adjacent channels.
    pub fn load(self, b: &mut FunctionBuilder, at: Value, skip: i32) -> Value {
        match self {
            Lanes::One => {
                let value = b.ins().load(types::F32, flags(), at, skip);
                b.ins().scalar_to_vector(types::F32X4, value)
            }
            Lanes::Four => b.ins().load(types::F32X4, flags(), at, skip),
        }
    }

    /// Writes adjacent channels.
    pub fn store(self, b: &mut FunctionBuilder, value: Value, at: Value, skip: i32) {
        let value = match self {
            Lanes::One => b.ins().extractlane(value, 0),
            Lanes::Four => value,
        };
        b.ins().store(flags(), value, at, skip);
    }

    /// Reads adjacent bf16.
    pub fn load_bf16(self, b: &mut FunctionBuilder, at: Value, skip: i32) -> Value {
        match self {
            Lanes::One => load_same_bf16(b, at, skip),
            Lanes::Four => {
                let bits = b.ins().uload16x4(flags(), at, skip);
                let bits = b.ins().ishl_imm_s(bits, 16);
                as_floats(b, bits)
            }
        }
    }

    fn store_lower_halves(self, b: &mut FunctionBuilder, bits: Value, at: Value, skip: i32) {
        match self {
            Lanes::One => {
                let bits = b.ins().extractlane(bits, 0);
                b.ins().istore16(flags(), bits, at, skip)
            }
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
                let bits = to_bf16(b, value);
                self.store_lower_halves(b, bits, at, skip);
            }
            NumberFormat::Split { distance } => {
                let bits = to_bf16(b, value);
                self.store_lower_halves(b, bits, at, skip);
                let widened = b.ins().ishl_imm_s(bits, 16);
                let high = as_floats(b, widened);
                let rest = b.ins().fsub(value, high);
                let bits = to_bf16(b, rest);
                self.store_lower_halves(b, bits, at, skip + bytes(access, distance));
            }
        }
    }
}

/// Bytes of so many elements of an access.
pub fn bytes(access: &Access, elements: usize) -> i32 {
    (elements * access.format.bytes()) as i32
}
