//! The loop nest around the scalar operations: rows, columns (unrolled), channels (in vectors).

use cranelift::codegen::ir::BlockArg;
use cranelift::prelude::*;

use super::lanes::{Lanes, bytes, constant};
use super::scalar::{Point, Scalars};
use crate::engine::cpu::loops::{Access, Accumulate, Inst, LoopSpec, Reduction, Scalar};

/// Emits the whole function, with fused multiply-adds where the machine has them.
pub fn emit(spec: &LoopSpec, b: &mut FunctionBuilder, fused: bool) {
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let (table, image) = (b.block_params(entry)[0], b.block_params(entry)[1]);
    let slots = (0..spec.slots)
        .map(|slot| b.ins().load(types::I64, MemFlagsData::trusted(), table, (slot * 8) as i32))
        .collect();
    let emitter = Emitter { spec, slots, image, lanes: lanes(spec), fused };
    for reduction in &spec.reductions {
        emitter.initialise(b, reduction);
    }
    emitter.main(b);
    b.ins().return_(&[]);
}

/// Vectors where channels come in fours and lie next to each other (or broadcast).
fn lanes(spec: &LoopSpec) -> Lanes {
    let adjacent = |a: &Access| a.strides[2] == 1;
    let vector = spec.extent[2].is_multiple_of(4)
        && spec.stores.iter().all(|s| adjacent(&s.access))
        && spec.reductions.iter().all(|r| adjacent(&r.access));
    if vector { Lanes::Four } else { Lanes::One }
}

struct Emitter<'a> {
    spec: &'a LoopSpec,
    slots: Vec<Value>,
    image: Value,
    lanes: Lanes,
    fused: bool,
}

/// One loop while it is being emitted.
struct Counter {
    header: Block,
    exit: Block,
    index: Value,
    step: usize,
}

fn open(b: &mut FunctionBuilder, extent: usize, step: usize) -> Counter {
    let (header, body, exit) = (b.create_block(), b.create_block(), b.create_block());
    let index = b.append_block_param(header, types::I64);
    let zero = b.ins().iconst(types::I64, 0);
    b.ins().jump(header, &[BlockArg::Value(zero)]);
    b.switch_to_block(header);
    let more = b.ins().icmp_imm_s(IntCC::UnsignedLessThan, index, extent as i64);
    b.ins().brif(more, body, &[], exit, &[]);
    b.switch_to_block(body);
    Counter { header, exit, index, step }
}

fn close(b: &mut FunctionBuilder, counter: Counter) {
    let next = b.ins().iadd_imm_s(counter.index, counter.step as i64);
    b.ins().jump(counter.header, &[BlockArg::Value(next)]);
    b.switch_to_block(counter.exit);
}

impl Emitter<'_> {
    fn accesses(&self) -> Vec<Access> {
        let loads = self.spec.insts.iter().filter_map(|i| match i {
            Inst::Load(access) => Some(*access),
            Inst::Const(_)
            | Inst::Unary(..)
            | Inst::Binary(..)
            | Inst::Random { .. }
            | Inst::Index(_) => None,
        });
        let stores = self.spec.stores.iter().map(|s| s.access);
        let reductions = self.spec.reductions.iter().map(|r| r.access);
        let mut all: Vec<Access> = Vec::new();
        for access in loads.chain(stores).chain(reductions) {
            if !all.contains(&access) {
                all.push(access);
            }
        }
        all
    }

    /// Emits `body` once for each channel vector of each column group of each row, with the
    /// address of every access.
    fn nest(
        &self,
        b: &mut FunctionBuilder,
        extent: [usize; 3],
        unroll: usize,
        mut body: impl FnMut(&mut FunctionBuilder, &Point),
    ) {
        let accesses = self.accesses();
        let start: Vec<Value> = accesses
            .iter()
            .map(|a| b.ins().iadd_imm_s(self.slots[a.slot], i64::from(bytes(a, a.offset))))
            .collect();
        let row = open(b, extent[0], 1);
        let rows = advance(b, &accesses, &start, row.index, 0);
        let column = open(b, extent[1], unroll);
        let columns = advance(b, &accesses, &rows, column.index, 1);
        let channel = open(b, extent[2], self.lanes.count());
        let addresses = advance(b, &accesses, &columns, channel.index, 2);
        let point = Point {
            accesses: &accesses,
            addresses: &addresses,
            index: [row.index, column.index, channel.index],
            image: self.image,
        };
        body(b, &point);
        close(b, channel);
        close(b, column);
        close(b, row);
    }

    /// Sets an accumulator before anything is added; moments are taken about the first element.
    fn initialise(&self, b: &mut FunctionBuilder, reduction: &Reduction) {
        let strides = reduction.access.strides;
        let kept = |axis: usize| if strides[axis] == 0 { 1 } else { self.spec.extent[axis] };
        // Channel vectors are whole even where there is a single one.
        let extent = [kept(0), kept(1), kept(2)];
        self.nest(b, extent, 1, |b, point| {
            let at = point.address(&reduction.access);
            match reduction.kind {
                Accumulate::Sum => {
                    let zero = constant(b, 0.0);
                    self.lanes.store(b, zero, at, 0);
                }
                Accumulate::Max => {
                    let lowest = constant(b, f32::NEG_INFINITY);
                    self.lanes.store(b, lowest, at, 0);
                }
                Accumulate::Moments { pitch } => {
                    let mut scalars = Scalars::new(self.spec, self.lanes, self.fused, point);
                    let shift = scalars.value(b, reduction.value, 0);
                    self.lanes.store(b, shift, at, 0);
                    let zero = constant(b, 0.0);
                    self.lanes.store(b, zero, at, f32_bytes(pitch));
                    self.lanes.store(b, zero, at, f32_bytes(2 * pitch));
                }
            }
        });
    }

    fn main(&self, b: &mut FunctionBuilder) {
        let unroll = [4, 2, 1].into_iter().find(|u| self.spec.extent[1].is_multiple_of(*u));
        let unroll = unroll.unwrap_or(1);
        self.nest(b, self.spec.extent, unroll, |b, point| {
            let mut scalars = Scalars::new(self.spec, self.lanes, self.fused, point);
            // A result may take an operand's place: everything is computed before it is stored.
            let mut all = |b: &mut FunctionBuilder, value: Scalar| -> Vec<Value> {
                (0..unroll).map(|column| scalars.value(b, value, column)).collect()
            };
            let stored: Vec<_> = self.spec.stores.iter().map(|s| all(b, s.value)).collect();
            let reduced: Vec<_> = self.spec.reductions.iter().map(|r| all(b, r.value)).collect();
            for (store, values) in self.spec.stores.iter().zip(&stored) {
                let at = point.address(&store.access);
                for (column, &value) in values.iter().enumerate() {
                    self.lanes.store_as(b, value, at, &store.access, column);
                }
            }
            for (reduction, values) in self.spec.reductions.iter().zip(&reduced) {
                self.accumulate(b, reduction, values, point.address(&reduction.access));
            }
        });
    }

    fn accumulate(&self, b: &mut FunctionBuilder, r: &Reduction, values: &[Value], at: Value) {
        if r.access.strides[1] != 0 {
            for (column, value) in values.iter().enumerate() {
                self.add(b, r.kind, &[*value], at, column * r.access.strides[1]);
            }
        } else {
            self.add(b, r.kind, values, at, 0);
        }
    }

    fn add(
        &self,
        b: &mut FunctionBuilder,
        kind: Accumulate,
        values: &[Value],
        at: Value,
        skip: usize,
    ) {
        let lanes = self.lanes;
        let into = |b: &mut FunctionBuilder, part: Value, skip: usize, max: bool| {
            let old = lanes.load(b, at, f32_bytes(skip));
            let new = if max { b.ins().fmax(old, part) } else { b.ins().fadd(old, part) };
            lanes.store(b, new, at, f32_bytes(skip));
        };
        match kind {
            Accumulate::Sum => {
                let part = pairwise(values, &mut |x, y| b.ins().fadd(x, y));
                into(b, part, skip, false);
            }
            Accumulate::Max => {
                let part = pairwise(values, &mut |x, y| b.ins().fmax(x, y));
                into(b, part, skip, true);
            }
            Accumulate::Moments { pitch } => {
                let shift = lanes.load(b, at, f32_bytes(skip));
                let shifted: Vec<Value> = values.iter().map(|&v| b.ins().fsub(v, shift)).collect();
                let squares: Vec<Value> = shifted.iter().map(|&v| b.ins().fmul(v, v)).collect();
                let first = pairwise(&shifted, &mut |x, y| b.ins().fadd(x, y));
                let second = pairwise(&squares, &mut |x, y| b.ins().fadd(x, y));
                into(b, first, skip + pitch, false);
                into(b, second, skip + 2 * pitch, false);
            }
        }
    }
}

/// Accumulators are f32.
fn f32_bytes(elements: usize) -> i32 {
    (elements * size_of::<f32>()) as i32
}

fn advance(
    b: &mut FunctionBuilder,
    accesses: &[Access],
    from: &[Value],
    index: Value,
    axis: usize,
) -> Vec<Value> {
    let step = |b: &mut FunctionBuilder, a: &Access, &base: &Value| match a.strides[axis] {
        0 => base,
        stride => {
            let skip = b.ins().imul_imm_s(index, i64::from(bytes(a, stride)));
            b.ins().iadd(base, skip)
        }
    };
    accesses.iter().zip(from).map(|(a, base)| step(b, a, base)).collect()
}

/// Combines values as a balanced tree.
fn pairwise(values: &[Value], join: &mut impl FnMut(Value, Value) -> Value) -> Value {
    match values {
        [one] => *one,
        _ => {
            let (left, right) = values.split_at(values.len() / 2);
            let (left, right) = (pairwise(left, join), pairwise(right, join));
            join(left, right)
        }
    }
}
