//! Loop → vector operations: what is computed once for a block of channels, what for each pixel,
//! and which pairs of operations one instruction does.

use crate::engine::cpu::loops::{Access, Accumulate, Inst, LoopSpec, Reduction};
use crate::engine::cpu::operand::NumberFormat;
use crate::graph::{Binary, Unary};

/// Channels of a vector.
pub const LANES: usize = 16;

/// Position of a value in [`Selection::ops`].
pub type Value = usize;

/// How a fused multiply-add combines a·b and c.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fused {
    /// a·b + c
    Plus,
    /// a·b − c
    Minus,
    /// c − a·b
    Negated,
}

/// The functions of one argument that are a few instructions.
#[derive(Clone, Copy, Debug)]
pub enum Simple {
    Neg,
    Relu,
    Step,
    Sqrt,
    Recip,
}

impl Simple {
    fn of(function: Unary) -> Option<Self> {
        match function {
            Unary::Neg => Some(Simple::Neg),
            Unary::Relu => Some(Simple::Relu),
            Unary::Step => Some(Simple::Step),
            Unary::Sqrt => Some(Simple::Sqrt),
            Unary::Recip => Some(Simple::Recip),
            Unary::Exp | Unary::Log | Unary::Tanh | Unary::Sigmoid | Unary::Erf | Unary::Finite => {
                None
            }
        }
    }
}

/// The functions of two arguments that are one instruction; the one for a maximum loses the first
/// operand's NaN.
#[derive(Clone, Copy, Debug)]
pub enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

impl Arithmetic {
    fn of(function: Binary) -> Option<Self> {
        match function {
            Binary::Add => Some(Arithmetic::Add),
            Binary::Sub => Some(Arithmetic::Sub),
            Binary::Mul => Some(Arithmetic::Mul),
            Binary::Div => Some(Arithmetic::Div),
            Binary::Max => None,
        }
    }
}

/// A vector operation.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    Load(Access),
    Number(u32),
    Unary(Simple, Value),
    Binary(Arithmetic, Value, Value),
    /// Factors, then the term.
    Fused(Fused, [Value; 3]),
    /// `v` where `x` is positive or a NaN, else 0.
    Gate {
        x: Value,
        v: Value,
    },
}

impl Op {
    /// Values it reads.
    pub fn operands(&self) -> Vec<Value> {
        match *self {
            Op::Load(_) | Op::Number(_) => Vec::new(),
            Op::Unary(_, x) => vec![x],
            Op::Binary(_, x, y) => vec![x, y],
            Op::Fused(_, values) => values.to_vec(),
            Op::Gate { x, v } => vec![x, v],
        }
    }
}

/// Numbers that instructions need as operands.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    pub zero: Value,
    pub one: Value,
    pub sign: Value,
}

/// A loop as vector operations.
#[derive(Debug)]
pub struct Selection {
    pub ops: Vec<Op>,
    pub numbers: Numbers,
    /// Computed for each block of channels, in order.
    pub block: Vec<Value>,
    /// Computed for each pixel, in order.
    pub pixel: Vec<Value>,
    /// What memory the pixels' operations touch.
    pub accesses: Vec<Access>,
}

/// The same loop with rows and columns merged or exchanged where that makes the inner loop long.
pub fn normalised(spec: &LoopSpec) -> LoopSpec {
    let mut spec = spec.clone();
    let [rows, columns, _] = spec.extent;
    let exchange = columns == 1;
    let flat = |a: &Access| a.strides[0] == columns * a.strides[1];
    let merge = !exchange && rows > 1 && accesses(&spec).iter().all(flat);
    if exchange {
        spec.extent.swap(0, 1);
        for_each_access(&mut spec, |a| a.strides.swap(0, 1));
    } else if merge {
        spec.extent = [1, rows * columns, spec.extent[2]];
        for_each_access(&mut spec, |a| a.strides[0] = 0);
    }
    spec
}

fn for_each_access(spec: &mut LoopSpec, mut change: impl FnMut(&mut Access)) {
    for inst in &mut spec.insts {
        if let Inst::Load(access) = inst {
            change(access);
        }
    }
    spec.stores.iter_mut().for_each(|s| change(&mut s.access));
    spec.reductions.iter_mut().for_each(|r| change(&mut r.access));
}

fn accesses(spec: &LoopSpec) -> Vec<Access> {
    let mut all = Vec::new();
    for_each_access(&mut spec.clone(), |a| all.push(*a));
    all
}

/// Selects operations; `None` where vectors do not fit the loop.
pub fn select(spec: &LoopSpec) -> Option<Selection> {
    let [_, columns, channels] = spec.extent;
    let reduced = |r: &Reduction| {
        let adds = r.kind != Accumulate::Max;
        adds && r.access.strides == [0, 0, 1] && r.access.format == NumberFormat::F32
    };
    let per_pixel = |a: &Access| a.strides[1] != 0 && a.strides[2] == 1;
    if columns < 2
        || !channels.is_multiple_of(LANES)
        || !spec.reductions.iter().all(reduced)
        || !spec.stores.iter().all(|s| per_pixel(&s.access))
    {
        return None;
    }
    let mut levels = Vec::new();
    for inst in &spec.insts {
        levels.push(level(inst, &levels, &per_pixel)?);
    }
    let mut ops: Vec<Op> = spec.insts.iter().map(plain).collect::<Option<_>>()?;
    fuse(spec, &levels, &mut ops);
    let numbers = numbers(&mut ops);
    levels.resize(ops.len(), Level::Block);
    let order = order(spec, &ops, numbers);
    let of = |level: Level| order.iter().copied().filter(|&v| levels[v] == level).collect();
    let (block, pixel): (Vec<Value>, Vec<Value>) = (of(Level::Block), of(Level::Pixel));
    let accesses = pixel_accesses(spec, &ops, &pixel);
    Some(Selection { ops, numbers, block, pixel, accesses })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Block,
    Pixel,
}

fn level(inst: &Inst, levels: &[Level], per_pixel: &impl Fn(&Access) -> bool) -> Option<Level> {
    match inst {
        Inst::Load(a) if per_pixel(a) => Some(Level::Pixel),
        Inst::Load(a) => {
            let constant = a.strides[..2] == [0, 0] && a.format == NumberFormat::F32;
            constant.then_some(Level::Block)
        }
        Inst::Const(_) => Some(Level::Block),
        Inst::Unary(_, x) => Some(levels[x.index()]),
        Inst::Binary(_, x, y) => Some(levels[x.index()].max(levels[y.index()])),
        Inst::Random { .. } => None,
    }
}

fn plain(inst: &Inst) -> Option<Op> {
    match *inst {
        Inst::Load(access) => Some(Op::Load(access)),
        Inst::Const(bits) => Some(Op::Number(bits)),
        Inst::Unary(function, x) => Simple::of(function).map(|op| Op::Unary(op, x.index())),
        Inst::Binary(function, x, y) => {
            Arithmetic::of(function).map(|op| Op::Binary(op, x.index(), y.index()))
        }
        Inst::Random { .. } => None,
    }
}

/// Products that only a sum reads become one instruction with it, and so do products with a step.
fn fuse(spec: &LoopSpec, levels: &[Level], ops: &mut [Op]) {
    let mut uses = vec![0; ops.len()];
    ops.iter().flat_map(Op::operands).for_each(|v| uses[v] += 1);
    spec.stores.iter().for_each(|s| uses[s.value.index()] += 1);
    spec.reductions.iter().for_each(|r| uses[r.value.index()] += 1);
    for at in 0..ops.len() {
        let product = |v: Value| match ops[v] {
            Op::Binary(Arithmetic::Mul, a, b) if uses[v] == 1 && levels[v] == levels[at] => {
                Some((a, b))
            }
            _ => None,
        };
        let step = |v: Value| match ops[v] {
            Op::Unary(Simple::Step, x) => Some(x),
            _ => None,
        };
        let fused = |kind, (a, b), c| Some(Op::Fused(kind, [a, b, c]));
        let better = match ops[at] {
            Op::Binary(Arithmetic::Add, x, y) => match (product(y), product(x)) {
                (Some(p), _) => fused(Fused::Plus, p, x),
                (None, Some(p)) => fused(Fused::Plus, p, y),
                (None, None) => None,
            },
            Op::Binary(Arithmetic::Sub, x, y) => match (product(y), product(x)) {
                (Some(p), _) => fused(Fused::Negated, p, x),
                (None, Some(p)) => fused(Fused::Minus, p, y),
                (None, None) => None,
            },
            Op::Binary(Arithmetic::Mul, x, y) => match (step(x), step(y)) {
                (Some(x), _) => Some(Op::Gate { x, v: y }),
                (None, Some(y)) => Some(Op::Gate { x: y, v: x }),
                (None, None) => None,
            },
            _ => None,
        };
        if let Some(better) = better {
            ops[at] = better;
        }
    }
}

fn numbers(ops: &mut Vec<Op>) -> Numbers {
    let mut number = |value: f32| {
        ops.push(Op::Number(value.to_bits()));
        ops.len() - 1
    };
    Numbers { zero: number(0.0), one: number(1.0), sign: number(-0.0) }
}

/// Every value that a store or a reduction needs, operands first.
fn order(spec: &LoopSpec, ops: &[Op], numbers: Numbers) -> Vec<Value> {
    let mut order = Vec::new();
    let mut seen = vec![false; ops.len()];
    let stored = spec.stores.iter().map(|s| s.value);
    let roots = stored.chain(spec.reductions.iter().map(|r| r.value));
    for root in roots {
        visit(ops, root.index(), &mut seen, &mut order);
    }
    let mut first = Vec::new();
    for &value in &order {
        first.extend(implied(&ops[value], numbers));
    }
    first.sort_unstable();
    first.dedup();
    first.extend(order);
    first
}

/// Numbers that an operation's instructions read besides its operands.
fn implied(op: &Op, numbers: Numbers) -> Vec<Value> {
    match op {
        Op::Unary(Simple::Relu, _) | Op::Gate { .. } => vec![numbers.zero],
        Op::Unary(Simple::Step, _) => vec![numbers.zero, numbers.one],
        Op::Unary(Simple::Recip, _) => vec![numbers.one],
        Op::Unary(Simple::Neg, _) => vec![numbers.sign],
        Op::Unary(..) | Op::Load(_) | Op::Number(_) | Op::Binary(..) | Op::Fused(..) => Vec::new(),
    }
}

fn visit(ops: &[Op], value: Value, seen: &mut [bool], order: &mut Vec<Value>) {
    // Iterative: expressions may be deep.
    let mut stack = vec![(value, false)];
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

fn pixel_accesses(spec: &LoopSpec, ops: &[Op], pixel: &[Value]) -> Vec<Access> {
    let loads = pixel.iter().filter_map(|&v| match ops[v] {
        Op::Load(access) => Some(access),
        Op::Number(_) | Op::Unary(..) | Op::Binary(..) | Op::Fused(..) | Op::Gate { .. } => None,
    });
    let mut all: Vec<Access> = Vec::new();
    for access in loads.chain(spec.stores.iter().map(|s| s.access)) {
        if !all.contains(&access) {
            all.push(access);
        }
    }
    all
}
