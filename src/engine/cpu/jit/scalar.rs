//! Scalar operations on one channel vector (or one element) of one column.

use cranelift::codegen::ir::{Endianness, FuncRef, Function};
use cranelift::jit::{JITBuilder, JITModule};
use cranelift::module::{FuncId, Linkage, Module, ModuleError};
use cranelift::prelude::*;

use crate::graph::random::{MUL_1, MUL_2};
use crate::graph::{Binary, Unary};
use crate::schedule::loops::{Access, Format, Inst, LoopSpec, Scalar};

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

    fn float(self) -> Type {
        match self {
            Lanes::One => types::F32,
            Lanes::Four => types::F32X4,
        }
    }

    fn int(self) -> Type {
        match self {
            Lanes::One => types::I32,
            Lanes::Four => types::I32X4,
        }
    }

    fn splat(self, b: &mut FunctionBuilder, value: Value, ty: Type) -> Value {
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

    fn integer(self, b: &mut FunctionBuilder, value: u32) -> Value {
        let value = b.ins().iconst(types::I32, i64::from(value));
        self.splat(b, value, self.int())
    }

    /// Reads adjacent channels.
    pub fn load(self, b: &mut FunctionBuilder, at: Value, skip: i32) -> Value {
        b.ins().load(self.float(), flags(), at, skip)
    }

    fn load_same(self, b: &mut FunctionBuilder, at: Value, skip: i32) -> Value {
        let value = b.ins().load(types::F32, flags(), at, skip);
        self.splat(b, value, self.float())
    }

    /// Writes adjacent channels.
    pub fn store(self, b: &mut FunctionBuilder, value: Value, at: Value, skip: i32) {
        b.ins().store(flags(), value, at, skip);
    }

    /// Reads adjacent bf16.
    fn load_bf16(self, b: &mut FunctionBuilder, at: Value, skip: i32) -> Value {
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

    /// Bits of the nearest bf16, ties to even, in the lower half of each lane.
    fn to_bf16(self, b: &mut FunctionBuilder, value: Value) -> Value {
        let little = MemFlagsData::new().with_endianness(Endianness::Little);
        let bits = b.ins().bitcast(self.int(), little, value);
        let (half, one) = (self.integer(b, 0x7FFF), self.integer(b, 1));
        let high = b.ins().ushr_imm_s(bits, 16);
        let odd = b.ins().band(high, one);
        let bits = b.ins().iadd(bits, half);
        let bits = b.ins().iadd(bits, odd);
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
            Format::F32 => self.store(b, value, at, skip),
            Format::Bf16 => {
                let bits = self.to_bf16(b, value);
                self.store_lower_halves(b, bits, at, skip);
            }
            Format::Split { distance } => {
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

    /// x where `a < c`, else y; a comparison with NaN is false.
    fn where_less(self, b: &mut FunctionBuilder, [a, c]: [Value; 2], [x, y]: [Value; 2]) -> Value {
        let less = b.ins().fcmp(FloatCC::LessThan, a, c);
        match self {
            Lanes::One => b.ins().select(less, x, y),
            Lanes::Four => {
                let little = MemFlagsData::new().with_endianness(Endianness::Little);
                let mask = b.ins().bitcast(types::F32X4, little, less);
                b.ins().bitselect(mask, x, y)
            }
        }
    }

    /// The larger; NaN in `y` stays.
    pub fn max(self, b: &mut FunctionBuilder, x: Value, y: Value) -> Value {
        self.where_less(b, [y, x], [x, y])
    }
}

/// Bytes of so many elements of an access.
pub fn bytes(access: &Access, elements: usize) -> i32 {
    (elements * access.format.bytes()) as i32
}

/// Where the emitted code stands: addresses of every access, and loop indices.
pub struct Point<'a> {
    /// Every access of the loop.
    pub accesses: &'a [Access],
    /// Its address at the first unrolled column.
    pub addresses: &'a [Value],
    /// Row, column, channel.
    pub index: [Value; 3],
    /// The image's number.
    pub image: Value,
}

impl Point<'_> {
    /// Address of an access at the first unrolled column.
    pub fn address(&self, access: &Access) -> Value {
        let at = self.accesses.iter().position(|a| a == access);
        self.addresses[at.expect("the nest lists every access")]
    }
}

/// Values of the instructions at one point, computed when first wanted.
pub struct Scalars<'a> {
    spec: &'a LoopSpec,
    lanes: Lanes,
    math: &'a MathRefs,
    point: &'a Point<'a>,
    varies: Vec<bool>,
    values: Vec<Vec<Option<Value>>>,
}

impl<'a> Scalars<'a> {
    /// Nothing computed yet.
    pub fn new(spec: &'a LoopSpec, lanes: Lanes, math: &'a MathRefs, point: &'a Point<'a>) -> Self {
        let mut varies: Vec<bool> = Vec::with_capacity(spec.insts.len());
        for inst in &spec.insts {
            varies.push(match *inst {
                Inst::Load(access) => access.strides[1] != 0,
                Inst::Const(_) => false,
                Inst::Unary(_, x) => varies[x.index()],
                Inst::Binary(_, x, y) => varies[x.index()] || varies[y.index()],
                Inst::Random { strides, .. } => strides[1] != 0,
            });
        }
        let values = vec![Vec::new(); spec.insts.len()];
        Self { spec, lanes, math, point, varies, values }
    }

    /// The value of an instruction at an unrolled column; what does not vary along columns is
    /// computed once.
    pub fn value(&mut self, b: &mut FunctionBuilder, at: Scalar, column: usize) -> Value {
        let column = if self.varies[at.index()] { column } else { 0 };
        let known = &mut self.values[at.index()];
        if known.len() <= column {
            known.resize(column + 1, None);
        }
        if let Some(value) = known[column] {
            return value;
        }
        let value = match self.spec.insts[at.index()] {
            Inst::Load(access) => self.load(b, &access, column),
            Inst::Const(bits) => self.lanes.constant(b, f32::from_bits(bits)),
            Inst::Unary(op, x) => {
                let x = self.value(b, x, column);
                self.unary(b, op, x)
            }
            Inst::Binary(op, x, y) => self.binary(b, op, x, y, column),
            Inst::Random { stream, seed, strides, image } => {
                let seed = self.value(b, seed, column);
                self.random(b, stream, seed, strides, image, column)
            }
        };
        self.values[at.index()][column] = Some(value);
        value
    }

    fn load(&self, b: &mut FunctionBuilder, access: &Access, column: usize) -> Value {
        let at = self.point.address(access);
        let skip = bytes(access, column * access.strides[1]);
        match (access.format, access.strides[2]) {
            (Format::F32, 0) => self.lanes.load_same(b, at, skip),
            (Format::F32, _) => self.lanes.load(b, at, skip),
            (Format::Bf16 | Format::Split { .. }, 0) => {
                let value = Lanes::One.load_bf16(b, at, skip);
                self.lanes.splat(b, value, self.lanes.float())
            }
            (Format::Bf16 | Format::Split { .. }, _) => self.lanes.load_bf16(b, at, skip),
        }
    }

    fn unary(&self, b: &mut FunctionBuilder, op: Unary, x: Value) -> Value {
        let number = |b: &mut FunctionBuilder, v: f32| self.lanes.constant(b, v);
        match op {
            Unary::Neg => b.ins().fneg(x),
            Unary::Relu => {
                let zero = number(b, 0.0);
                self.lanes.max(b, zero, x)
            }
            Unary::Step => {
                let (zero, one) = (number(b, 0.0), number(b, 1.0));
                self.lanes.where_less(b, [zero, x], [one, zero])
            }
            Unary::Sqrt => b.ins().sqrt(x),
            Unary::Recip => {
                let one = number(b, 1.0);
                b.ins().fdiv(one, x)
            }
            Unary::Exp => self.call(b, self.math.exp, x),
            Unary::Log => self.call(b, self.math.log, x),
            Unary::Tanh => self.call(b, self.math.tanh, x),
            Unary::Sigmoid => self.call(b, self.math.sigmoid, x),
        }
    }

    fn call(&self, b: &mut FunctionBuilder, function: FuncRef, x: Value) -> Value {
        let one = |b: &mut FunctionBuilder, x: Value| {
            let call = b.ins().call(function, &[x]);
            b.inst_results(call)[0]
        };
        match self.lanes {
            Lanes::One => one(b, x),
            Lanes::Four => {
                let mut result = x;
                for lane in 0..4 {
                    let element = b.ins().extractlane(x, lane);
                    let element = one(b, element);
                    result = b.ins().insertlane(result, element, lane);
                }
                result
            }
        }
    }

    fn binary(
        &mut self,
        b: &mut FunctionBuilder,
        op: Binary,
        x: Scalar,
        y: Scalar,
        column: usize,
    ) -> Value {
        let (p, q) = (self.value(b, x, column), self.value(b, y, column));
        match op {
            Binary::Add => b.ins().fadd(p, q),
            Binary::Sub => b.ins().fsub(p, q),
            Binary::Mul => b.ins().fmul(p, q),
            Binary::Div => b.ins().fdiv(p, q),
            Binary::Max => self.lanes.max(b, p, q),
        }
    }

    /// `graph::random` on the element's index in the whole tensor.
    fn random(
        &self,
        b: &mut FunctionBuilder,
        stream: u32,
        seed: Value,
        strides: [usize; 3],
        image: usize,
        column: usize,
    ) -> Value {
        let ty = self.lanes.int();
        let seed = b.ins().fcvt_to_sint_sat(ty, seed);
        let seed = self.mix(b, seed);
        let stream = self.lanes.integer(b, stream);
        let key = b.ins().bxor(seed, stream);
        let key = self.mix(b, key);
        let mut index = b.ins().imul_imm_s(self.point.image, image as i64);
        for (at, stride) in self.point.index.iter().zip(strides) {
            let at = b.ins().ireduce(types::I32, *at);
            let part = b.ins().imul_imm_s(at, stride as i64);
            index = b.ins().iadd(index, part);
        }
        index = b.ins().iadd_imm_s(index, (column * strides[1]) as i64);
        let index = self.lane_indices(b, index, strides[2]);
        let mixed = b.ins().bxor(index, key);
        let mixed = self.mix(b, mixed);
        let top = b.ins().ushr_imm_s(mixed, 8);
        let top = b.ins().fcvt_from_sint(self.lanes.float(), top);
        let scale = self.lanes.constant(b, 1.0 / (1u32 << 24) as f32);
        b.ins().fmul(top, scale)
    }

    fn lane_indices(&self, b: &mut FunctionBuilder, first: Value, stride: usize) -> Value {
        match self.lanes {
            Lanes::One => first,
            Lanes::Four => {
                let mut all = b.ins().splat(types::I32X4, first);
                for lane in 1..4u8 {
                    let at = b.ins().iadd_imm_s(first, (usize::from(lane) * stride) as i64);
                    all = b.ins().insertlane(all, at, lane);
                }
                all
            }
        }
    }

    fn mix(&self, b: &mut FunctionBuilder, mut x: Value) -> Value {
        for (shift, multiplier) in [(16, MUL_1), (15, MUL_2)] {
            let high = b.ins().ushr_imm_s(x, shift);
            x = b.ins().bxor(x, high);
            let multiplier = self.lanes.integer(b, multiplier);
            x = b.ins().imul(x, multiplier);
        }
        let high = b.ins().ushr_imm_s(x, 16);
        b.ins().bxor(x, high)
    }
}

/// Transcendental functions that loops call, as declared in the module.
#[derive(Clone, Copy)]
pub struct Math([FuncId; 4]);

/// The same, as referred to from one function.
pub struct MathRefs {
    exp: FuncRef,
    log: FuncRef,
    tanh: FuncRef,
    sigmoid: FuncRef,
}

extern "C" fn exp(x: f32) -> f32 {
    x.exp()
}

extern "C" fn log(x: f32) -> f32 {
    x.ln()
}

extern "C" fn tanh(x: f32) -> f32 {
    x.tanh()
}

extern "C" fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

type MathFn = extern "C" fn(f32) -> f32;

const FUNCTIONS: [(&str, MathFn); 4] =
    [("rnetc_exp", exp), ("rnetc_log", log), ("rnetc_tanh", tanh), ("rnetc_sigmoid", sigmoid)];

impl Math {
    /// Tells the linker where the functions are.
    pub fn symbols(builder: &mut JITBuilder) {
        for (name, function) in FUNCTIONS {
            builder.symbol(name, function as *const u8);
        }
    }

    /// Declares them.
    pub fn declare(module: &mut JITModule) -> Result<Self, Box<ModuleError>> {
        let mut signature = module.make_signature();
        signature.params.push(AbiParam::new(types::F32));
        signature.returns.push(AbiParam::new(types::F32));
        let mut ids = Vec::new();
        for (name, _) in FUNCTIONS {
            ids.push(module.declare_function(name, Linkage::Import, &signature)?);
        }
        Ok(Self([ids[0], ids[1], ids[2], ids[3]]))
    }

    /// Makes them callable from a function.
    pub fn refer(&self, module: &mut JITModule, function: &mut Function) -> MathRefs {
        let [exp, log, tanh, sigmoid] = self.0.map(|id| module.declare_func_in_func(id, function));
        MathRefs { exp, log, tanh, sigmoid }
    }
}
