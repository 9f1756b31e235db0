//! Loop → vector operations: what is computed once for a block of channels, what for each pixel,
//! and which pairs of operations one instruction does.

use super::super::operations::{Test, Two};
use super::ops::{Builder, Fused, Level, Op, Value};
use crate::engine::cpu::loops::{Access, Accumulate, Inst, LoopSpec, LoopStore, Reduction};
use crate::engine::cpu::operand::NumberFormat;

/// Channels of a vector.
pub const LANES: usize = 16;

/// A value that is written for each pixel.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    pub access: Access,
    pub value: Value,
}

/// A value that is accumulated over pixels.
#[derive(Clone, Copy, Debug)]
pub struct Reduced {
    pub kind: Accumulate,
    pub access: Access,
    pub value: Value,
}

/// A loop as vector operations.
#[derive(Debug)]
pub struct Selection {
    pub ops: Vec<Op>,
    /// The same everywhere.
    pub numbers: Vec<Value>,
    /// Computed for each block of channels, in order.
    pub block: Vec<Value>,
    /// Computed for each pixel, in order.
    pub pixel: Vec<Value>,
    /// Whether the last block has fewer channels than the others.
    pub partial: bool,
    /// What memory the pixels' operations touch.
    pub accesses: Vec<Access>,
    /// Elements from a row, and from a column, to the next, for each [`Op::Distance`].
    pub counters: Vec<[usize; 2]>,
    pub stores: Vec<Written>,
    pub reductions: Vec<Reduced>,
}

impl Selection {
    /// Whether a value is the number zero.
    pub fn is_zero(&self, value: Value) -> bool {
        self.ops[value] == Op::Number(0)
    }

    /// Whether a block's channels are counted.
    pub fn counts_channels(&self) -> bool {
        self.partial || self.block.iter().any(|&v| self.ops[v] == Op::Channels)
    }
}

/// The same loop with rows and columns merged or exchanged where that makes the inner loop long.
pub fn normalised(spec: &LoopSpec) -> LoopSpec {
    let mut spec = spec.clone();
    let [rows, columns, _] = spec.extent;
    let exchange = columns == 1;
    let mut flat = true;
    for_all_strides(&mut spec, |strides| flat &= strides[0] == columns * strides[1]);
    if exchange {
        spec.extent.swap(0, 1);
        for_all_strides(&mut spec, |strides| strides.swap(0, 1));
    } else if flat && rows > 1 {
        spec.extent = [1, rows * columns, spec.extent[2]];
        for_all_strides(&mut spec, |strides| strides[0] = 0);
    }
    spec
}

fn for_all_strides(spec: &mut LoopSpec, mut change: impl FnMut(&mut [usize; 3])) {
    for inst in &mut spec.insts {
        match inst {
            Inst::Load(access) => change(&mut access.strides),
            Inst::Random { index, .. } | Inst::Index(index) => change(&mut index.strides),
            Inst::Const(_) | Inst::Unary(..) | Inst::Binary(..) => {}
        }
    }
    spec.stores.iter_mut().for_each(|s| change(&mut s.access.strides));
    spec.reductions.iter_mut().for_each(|r| change(&mut r.access.strides));
}

/// Selects operations; `None` where vectors do not fit the loop.
pub fn select(spec: &LoopSpec) -> Option<Selection> {
    let [_, columns, channels] = spec.extent;
    let reduced =
        |r: &Reduction| r.access.strides == [0, 0, 1] && r.access.format == NumberFormat::F32;
    if columns < 2
        || !spec.reductions.iter().all(reduced)
        || !spec.stores.iter().all(|s| per_pixel(&s.access))
    {
        return None;
    }
    let mut builder = Builder::default();
    let mut values = Vec::new();
    for inst in &spec.insts {
        let value = builder.inst(inst, load_level(inst)?, |at| values[at]);
        values.push(value);
    }
    let write = |s: &LoopStore| Written { access: s.access, value: values[s.value.index()] };
    let stores: Vec<Written> = spec.stores.iter().map(write).collect();
    let reduce = |r: &Reduction| {
        let value = values[r.value.index()];
        Reduced { kind: r.kind, access: r.access, value }
    };
    let reductions: Vec<Reduced> = spec.reductions.iter().map(reduce).collect();
    let roots: Vec<Value> =
        stores.iter().map(|s| s.value).chain(reductions.iter().map(|r| r.value)).collect();
    fuse(&mut builder, &roots);
    let Builder { ops, levels, counters, .. } = builder;
    let order = order(&ops, &roots);
    let of = |level: Level| -> Vec<Value> {
        order.iter().copied().filter(|&v| levels[v] == level).collect()
    };
    let pixel = of(Level::Pixel);
    let accesses = pixel_accesses(&stores, &ops, &pixel);
    let (numbers, block) = (of(Level::Number), of(Level::Block));
    let partial = !channels.is_multiple_of(LANES);
    Some(Selection { ops, numbers, block, pixel, partial, accesses, counters, stores, reductions })
}

fn per_pixel(access: &Access) -> bool {
    access.strides[1] != 0 && access.strides[2] == 1
}

/// Of an instruction that is a load, or draws numbers; `None` where vectors do not fit it.
fn load_level(inst: &Inst) -> Option<Level> {
    match inst {
        Inst::Load(a) if per_pixel(a) => Some(Level::Pixel),
        Inst::Load(a) if a.strides[1] != 0 => {
            (a.strides[2] == 0 && a.format == NumberFormat::F32).then_some(Level::Pixel)
        }
        Inst::Load(a) => {
            let constant = a.strides[..2] == [0, 0];
            let fits = a.format == NumberFormat::F32 || a.strides[2] == 1;
            (constant && fits).then_some(Level::Block)
        }
        Inst::Random { index, .. } | Inst::Index(index) => {
            (index.strides[2] < 2).then_some(Level::Block)
        }
        Inst::Const(_) | Inst::Unary(..) | Inst::Binary(..) => Some(Level::Block),
    }
}

/// Products that only a sum reads become one instruction with it, and so do products with a step.
fn fuse(builder: &mut Builder, roots: &[Value]) {
    let Builder { ops, levels, .. } = builder;
    let mut uses = vec![0; ops.len()];
    ops.iter().flat_map(Op::operands).chain(roots.iter().copied()).for_each(|v| uses[v] += 1);
    for at in 0..ops.len() {
        let product = |v: Value| match ops[v] {
            Op::Two(Two::Mul, factors) if uses[v] == 1 && levels[v] == levels[at] => Some(factors),
            _ => None,
        };
        let step = |v: Value| match ops[v] {
            Op::Choose { test: test @ (_, Test::AtMost, zero), values: [x, y] } => {
                let is = |v: Value, number: f32| ops[v] == Op::Number(number.to_bits());
                (is(zero, 0.0) && x == zero && is(y, 1.0)).then_some((test, zero))
            }
            _ => None,
        };
        let fused = |kind, [a, b]: [Value; 2], c| Some(Op::Fused(kind, [a, b, c]));
        let gate = |(test, zero), v| Some(Op::Choose { test, values: [zero, v] });
        let better = match ops[at] {
            Op::Two(Two::Add, [x, y]) => match (product(y), product(x)) {
                (Some(p), _) => fused(Fused::Plus, p, x),
                (None, Some(p)) => fused(Fused::Plus, p, y),
                (None, None) => None,
            },
            Op::Two(Two::Sub, [x, y]) => match (product(y), product(x)) {
                (Some(p), _) => fused(Fused::Negated, p, x),
                (None, Some(p)) => fused(Fused::Minus, p, y),
                (None, None) => None,
            },
            Op::Two(Two::Mul, [x, y]) => match (step(x), step(y)) {
                (Some(s), _) => gate(s, y),
                (None, Some(s)) => gate(s, x),
                (None, None) => None,
            },
            _ => None,
        };
        if let Some(better) = better {
            ops[at] = better;
        }
    }
}

/// Every value that the roots need, operands first.
fn order(ops: &[Op], roots: &[Value]) -> Vec<Value> {
    let mut order = Vec::new();
    let mut seen = vec![false; ops.len()];
    roots.iter().for_each(|&root| visit(ops, root, &mut seen, &mut order));
    order
}

fn visit(ops: &[Op], root: Value, seen: &mut [bool], order: &mut Vec<Value>) {
    // Iterative: expressions may be deep.
    let mut stack = vec![(root, false)];
    while let Some((value, expanded)) = stack.pop() {
        if expanded {
            order.push(value);
        } else if !seen[value] {
            seen[value] = true;
            stack.push((value, true));
            stack.extend(ops[value].operands().into_iter().rev().map(|v| (v, false)));
        }
    }
}

fn pixel_accesses(stores: &[Written], ops: &[Op], pixel: &[Value]) -> Vec<Access> {
    let loads = pixel.iter().filter_map(|&v| match ops[v] {
        Op::Load(access) => Some(access),
        Op::Number(_)
        | Op::Image
        | Op::Channels
        | Op::Distance(_)
        | Op::One(..)
        | Op::Two(..)
        | Op::ShiftRight(..)
        | Op::Fused(..)
        | Op::Choose { .. } => None,
    });
    let mut all: Vec<Access> = Vec::new();
    for access in loads.chain(stores.iter().map(|s| s.access)) {
        if !all.contains(&access) {
            all.push(access);
        }
    }
    all
}
