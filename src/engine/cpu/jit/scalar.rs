//! Scalar operations on one channel vector (or one element) of one column.

use cranelift::codegen::ir::FuncRef;
use cranelift::prelude::*;

use super::lanes::{Lanes, bytes};
use super::math::MathRefs;
use crate::engine::cpu::loops::{Access, Inst, LoopSpec, Scalar};
use crate::engine::cpu::operand::NumberFormat;
use crate::graph::{Binary, Unary};

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
    pub(super) lanes: Lanes,
    math: &'a MathRefs,
    pub(super) point: &'a Point<'a>,
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
            (NumberFormat::F32, 0) => self.lanes.load_same(b, at, skip),
            (NumberFormat::F32, _) => self.lanes.load(b, at, skip),
            (NumberFormat::Bf16 | NumberFormat::Split { .. }, 0) => {
                let value = Lanes::One.load_bf16(b, at, skip);
                self.lanes.splat(b, value, self.lanes.float())
            }
            (NumberFormat::Bf16 | NumberFormat::Split { .. }, _) => {
                self.lanes.load_bf16(b, at, skip)
            }
        }
    }

    fn unary(&self, b: &mut FunctionBuilder, op: Unary, x: Value) -> Value {
        let number = |b: &mut FunctionBuilder, v: f32| self.lanes.constant(b, v);
        match op {
            Unary::Neg => b.ins().fneg(x),
            Unary::Relu => {
                let zero = number(b, 0.0);
                // In this form it becomes one instruction.
                self.lanes.choose(b, (x, FloatCC::LessThan, zero), [zero, x])
            }
            Unary::Step => {
                let (zero, one) = (number(b, 0.0), number(b, 1.0));
                self.lanes.choose(b, (x, FloatCC::LessThanOrEqual, zero), [zero, one])
            }
            Unary::Sqrt => b.ins().sqrt(x),
            Unary::Recip => {
                let one = number(b, 1.0);
                b.ins().fdiv(one, x)
            }
            Unary::Finite => {
                let (zero, infinity) = (number(b, 0.0), number(b, f32::INFINITY));
                let size = b.ins().fabs(x);
                self.lanes.choose(b, (size, FloatCC::LessThan, infinity), [x, zero])
            }
            Unary::Exp | Unary::Log | Unary::Tanh | Unary::Sigmoid | Unary::Erf => {
                self.call(b, self.math.of(op), x)
            }
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
            // A NaN of either stays.
            Binary::Max => b.ins().fmax(p, q),
        }
    }
}
