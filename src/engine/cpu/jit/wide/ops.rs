//! Vector operations of a loop, and how its instructions become them.

use std::collections::HashMap;

use super::super::operations::{One, Operations, Test, Two};
use super::super::{functions, random};
use crate::engine::cpu::loops::{Access, Index, Inst};

/// Position of a value among the operations.
pub type Value = usize;

/// How a fused multiply-add combines a·b and c.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fused {
    /// a·b + c
    Plus,
    /// a·b − c
    Minus,
    /// c − a·b
    Negated,
}

/// A vector operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Load(Access),
    /// The same 32 bits in every lane.
    Number(u32),
    /// The image's number, an integer.
    Image,
    /// The block's channels, integers.
    Channels,
    /// How many elements the pixel is from the first one: a counter's number.
    Distance(usize),
    One(One, Value),
    Two(Two, [Value; 2]),
    ShiftRight(Value, u8),
    /// Factors, then the term.
    Fused(Fused, [Value; 3]),
    /// The first value where the test holds, else the second.
    Choose {
        test: (Value, Test, Value),
        values: [Value; 2],
    },
}

impl Op {
    /// Values it reads.
    pub fn operands(&self) -> Vec<Value> {
        match *self {
            Op::Load(_) | Op::Number(_) | Op::Image | Op::Channels | Op::Distance(_) => Vec::new(),
            Op::One(_, x) | Op::ShiftRight(x, _) => vec![x],
            Op::Two(_, values) => values.to_vec(),
            Op::Fused(_, values) => values.to_vec(),
            Op::Choose { test: (a, _, b), values: [x, y] } => vec![a, b, x, y],
        }
    }
}

/// How often a value changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Never.
    Number,
    /// From block to block of channels.
    Block,
    /// From pixel to pixel.
    Pixel,
}

/// Operations, equal ones shared.
#[derive(Default)]
pub struct Builder {
    pub ops: Vec<Op>,
    pub levels: Vec<Level>,
    /// Elements from a row, and from a column, to the next, for each [`Op::Distance`].
    pub counters: Vec<[usize; 2]>,
    known: HashMap<Op, Value>,
}

impl Builder {
    /// Appends an operation that changes at least as often as `level` says.
    pub fn push(&mut self, op: Op, level: Level) -> Value {
        if let Some(&known) = self.known.get(&op) {
            return known;
        }
        let least = op.operands().into_iter().map(|v| self.levels[v]).max();
        self.levels.push(level.max(least.unwrap_or(level)));
        self.ops.push(op);
        self.known.insert(op, self.ops.len() - 1);
        self.ops.len() - 1
    }

    /// An instruction whose operands are these values, a load at its level.
    pub fn inst(&mut self, inst: &Inst, load: Level, value: impl Fn(usize) -> Value) -> Value {
        match *inst {
            Inst::Load(access) => self.push(Op::Load(access), load),
            Inst::Const(bits) => self.bits(bits),
            Inst::Unary(function, x) => functions::unary(self, function, value(x.index())),
            Inst::Binary(function, x, y) => {
                functions::binary(self, function, value(x.index()), value(y.index()))
            }
            Inst::Random { stream, seed, index } => {
                let key = random::key(self, value(seed.index()), stream);
                let index = self.linear_index(index);
                random::uniform(self, key, index)
            }
            Inst::Index(index) => {
                let index = self.linear_index(index);
                self.one(One::FromInteger, index)
            }
        }
    }

    /// Of the elements at hand in a tensor, whose channels lie next to each other.
    fn linear_index(&mut self, index: Index) -> Value {
        let Index { strides: [row, column, channel], image } = index;
        let number = self.push(Op::Image, Level::Block);
        let elements = self.bits(image as u32);
        let mut index = self.two(Two::MulIntegers, number, elements);
        if channel != 0 {
            let channels = self.push(Op::Channels, Level::Block);
            index = self.two(Two::AddIntegers, index, channels);
        }
        if [row, column] != [0, 0] {
            let known = self.counters.iter().position(|&c| c == [row, column]);
            let counter = known.unwrap_or(self.counters.len());
            if known.is_none() {
                self.counters.push([row, column]);
            }
            let distance = self.push(Op::Distance(counter), Level::Pixel);
            index = self.two(Two::AddIntegers, index, distance);
        }
        index
    }
}

impl Operations for Builder {
    type Value = Value;

    fn bits(&mut self, bits: u32) -> Value {
        self.push(Op::Number(bits), Level::Number)
    }

    fn one(&mut self, op: One, x: Value) -> Value {
        self.push(Op::One(op, x), Level::Block)
    }

    fn two(&mut self, op: Two, a: Value, b: Value) -> Value {
        self.push(Op::Two(op, [a, b]), Level::Block)
    }

    fn shift_right(&mut self, x: Value, by: u8) -> Value {
        self.push(Op::ShiftRight(x, by), Level::Block)
    }

    fn multiply_add(&mut self, a: Value, b: Value, c: Value) -> Value {
        self.push(Op::Fused(Fused::Plus, [a, b, c]), Level::Block)
    }

    fn choose(&mut self, test: (Value, Test, Value), x: Value, y: Value) -> Value {
        self.push(Op::Choose { test, values: [x, y] }, Level::Block)
    }

    fn power(&mut self, n: Value) -> Value {
        let one = self.number(1.0);
        self.two(Two::Scale, one, n)
    }
}
