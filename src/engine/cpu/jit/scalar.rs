//! Scalar operations on the channel vector of one column.

use cranelift::prelude::*;

use super::lanes::{Lanes, bytes, constant, load_same, load_same_bf16};
use super::operations::{One, Operations, Two};
use super::vectors::{Vectors, as_floats};
use super::{functions, random};
use crate::engine::cpu::loops::{Access, Index, Inst, LoopSpec, Scalar};
use crate::engine::cpu::operand::NumberFormat;

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

    /// Linear index of the first channel in a tensor.
    fn linear(&self, b: &mut FunctionBuilder, at: Index, column: usize) -> Value {
        let Index { strides, image } = at;
        let mut index = b.ins().imul_imm_s(self.image, image as i64);
        for (at, stride) in self.index.iter().zip(strides) {
            let at = b.ins().ireduce(types::I32, *at);
            let part = b.ins().imul_imm_s(at, stride as i64);
            index = b.ins().iadd(index, part);
        }
        b.ins().iadd_imm_s(index, (column * strides[1]) as i64)
    }
}

/// Values of the instructions at one point, computed when first wanted.
pub struct Scalars<'a> {
    spec: &'a LoopSpec,
    lanes: Lanes,
    fused: bool,
    point: &'a Point<'a>,
    varies: Vec<bool>,
    values: Vec<Vec<Option<Value>>>,
}

impl<'a> Scalars<'a> {
    /// Nothing computed yet; `fused` as in [`Vectors`].
    pub fn new(spec: &'a LoopSpec, lanes: Lanes, fused: bool, point: &'a Point<'a>) -> Self {
        let mut varies: Vec<bool> = Vec::with_capacity(spec.insts.len());
        for inst in &spec.insts {
            varies.push(match *inst {
                Inst::Load(access) => access.strides[1] != 0,
                Inst::Const(_) => false,
                Inst::Unary(_, x) => varies[x.index()],
                Inst::Binary(_, x, y) => varies[x.index()] || varies[y.index()],
                Inst::Random { index, .. } | Inst::Index(index) => index.strides[1] != 0,
            });
        }
        let values = vec![Vec::new(); spec.insts.len()];
        Self { spec, lanes, fused, point, varies, values }
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
        let fused = self.fused;
        let value = match self.spec.insts[at.index()] {
            Inst::Load(access) => self.load(b, &access, column),
            Inst::Const(bits) => constant(b, f32::from_bits(bits)),
            Inst::Unary(function, x) => {
                let x = self.value(b, x, column);
                functions::unary(&mut Vectors { builder: b, fused }, function, x)
            }
            Inst::Binary(function, x, y) => {
                let (x, y) = (self.value(b, x, column), self.value(b, y, column));
                functions::binary(&mut Vectors { builder: b, fused }, function, x, y)
            }
            Inst::Random { stream, seed, index } => {
                let seed = self.value(b, seed, column);
                let index = self.indices(b, index, column);
                let mut vectors = Vectors { builder: b, fused };
                let key = random::key(&mut vectors, seed, stream);
                random::uniform(&mut vectors, key, index)
            }
            Inst::Index(index) => {
                let index = self.indices(b, index, column);
                Vectors { builder: b, fused }.one(One::FromInteger, index)
            }
        };
        self.values[at.index()][column] = Some(value);
        value
    }

    fn load(&self, b: &mut FunctionBuilder, access: &Access, column: usize) -> Value {
        let at = self.point.address(access);
        let skip = bytes(access, column * access.strides[1]);
        match (access.format, access.strides[2]) {
            (NumberFormat::F32, 0) => load_same(b, at, skip),
            (NumberFormat::F32, _) => self.lanes.load(b, at, skip),
            (NumberFormat::Bf16 | NumberFormat::Split { .. }, 0) => load_same_bf16(b, at, skip),
            (NumberFormat::Bf16 | NumberFormat::Split { .. }, _) => {
                self.lanes.load_bf16(b, at, skip)
            }
        }
    }

    /// Integers, one a lane.
    fn indices(&self, b: &mut FunctionBuilder, index: Index, column: usize) -> Value {
        let first = self.point.linear(b, index, column);
        let stride = index.strides[2];
        let all = b.ins().splat(types::I32X4, first);
        let all = as_floats(b, all);
        if self.lanes == Lanes::One || stride == 0 {
            return all;
        }
        let lanes = (0..4u32).flat_map(|lane| (lane * stride as u32).to_le_bytes()).collect();
        let lanes = b.func.dfg.constants.insert(lanes);
        let lanes = b.ins().vconst(types::I32X4, lanes);
        let lanes = as_floats(b, lanes);
        Vectors { builder: b, fused: self.fused }.two(Two::AddIntegers, all, lanes)
    }
}
