//! Where values are while code is emitted, and the instructions that compute them.

use std::collections::HashMap;

use super::assembler::*;
use super::select::{Arithmetic, Fused, Numbers, Op, Simple, Value};

/// There were too few registers.
pub struct Pressure;

/// Registers and stack slots of the values that exist.
pub struct Values {
    pub asm: Assembler,
    pub numbers: Numbers,
    at: HashMap<Value, Operand>,
    /// Bit `i` is set while register `i` is free.
    free: u32,
}

impl Values {
    /// All registers free.
    pub fn new(numbers: Numbers) -> Self {
        Self { asm: Assembler::default(), numbers, at: HashMap::new(), free: u32::MAX }
    }

    /// A free register.
    pub fn take(&mut self) -> Result<Zmm, Pressure> {
        if self.free == 0 {
            return Err(Pressure);
        }
        let register = self.free.trailing_zeros();
        self.free &= !(1 << register);
        Ok(Zmm(register as u8))
    }

    /// Gives a register back.
    pub fn give(&mut self, register: Zmm) {
        self.free |= 1 << register.0;
    }

    /// Where a value is.
    pub fn operand(&self, value: Value) -> Operand {
        self.at[&value]
    }

    /// Says where a value is.
    pub fn put(&mut self, value: Value, at: Operand) {
        self.at.insert(value, at);
    }

    /// Forgets a value, whose register becomes free.
    pub fn forget(&mut self, value: Value) {
        if let Some(Operand::Zmm(register)) = self.at.remove(&value) {
            self.give(register);
        }
    }

    /// Forgets a value whose register now holds another.
    pub fn moved(&mut self, value: Value) {
        self.at.remove(&value);
    }

    /// A register that holds a value: its own, or `spare` after loading it there.
    pub fn register(&mut self, value: Value, spare: Zmm) -> Zmm {
        match self.operand(value) {
            Operand::Zmm(register) => register,
            Operand::Mem(at) => {
                self.asm.load(spare, at);
                spare
            }
        }
    }

    /// Computes an operation on values into `to`, which holds none of its operands.
    pub fn compute(&mut self, op: Op, to: Zmm) -> Result<(), Pressure> {
        match op {
            Op::Load(_) | Op::Number(_) => unreachable!("the nest addresses memory"),
            Op::Unary(op, x) => self.unary(op, x, to),
            Op::Binary(op, x, y) => self.binary(op, x, y, to),
            Op::Fused(kind, values) => return self.fused(kind, values, to),
            Op::Gate { x, v } => {
                self.positive(x, to);
                let v = self.register(v, to);
                self.asm.masked_copy(to, v);
            }
        }
        Ok(())
    }

    /// Sets the mask where a value is positive or a NaN.
    fn positive(&mut self, x: Value, spare: Zmm) {
        let zero = self.register(self.numbers.zero, spare);
        let x = self.operand(x);
        self.asm.not_at_least(zero, x);
    }

    fn unary(&mut self, op: Simple, x: Value, to: Zmm) {
        match op {
            Simple::Neg => self.two(XOR, self.numbers.sign, x, to),
            // A NaN in the second operand stays.
            Simple::Relu => self.two(MAX, self.numbers.zero, x, to),
            Simple::Recip => self.two(DIV, self.numbers.one, x, to),
            Simple::Sqrt => {
                let x = self.operand(x);
                self.asm.vector(SQRT, to, Zmm(0), x);
            }
            Simple::Step => {
                self.positive(x, to);
                let one = self.register(self.numbers.one, to);
                self.asm.masked_copy(to, one);
            }
        }
    }

    fn binary(&mut self, op: Arithmetic, x: Value, y: Value, to: Zmm) {
        let in_memory = |v: Value| matches!(self.operand(v), Operand::Mem(_));
        let (x, y) = match op {
            Arithmetic::Add | Arithmetic::Mul if in_memory(x) => (y, x),
            Arithmetic::Add | Arithmetic::Mul | Arithmetic::Sub | Arithmetic::Div => (x, y),
        };
        let op = match op {
            Arithmetic::Add => ADD,
            Arithmetic::Sub => SUB,
            Arithmetic::Mul => MUL,
            Arithmetic::Div => DIV,
        };
        self.two(op, x, y, to);
    }

    fn two(&mut self, op: Vector, x: Value, y: Value, to: Zmm) {
        let x = self.register(x, to);
        let y = self.operand(y);
        self.asm.vector(op, to, x, y);
    }

    /// The term goes to `to`, and the product is added to it.
    fn fused(&mut self, kind: Fused, [a, b, c]: [Value; 3], to: Zmm) -> Result<(), Pressure> {
        match self.operand(c) {
            Operand::Zmm(c) => self.asm.copy(to, c),
            Operand::Mem(c) => self.asm.load(to, c),
        }
        let in_memory = matches!(self.operand(a), Operand::Mem(_));
        let (a, b) = if in_memory { (b, a) } else { (a, b) };
        let op = of_kind(FMADD_231, kind);
        let factor = self.operand(b);
        match self.operand(a) {
            Operand::Zmm(a) => self.asm.vector(op, to, a, factor),
            Operand::Mem(a) => {
                let spare = self.take()?;
                self.asm.load(spare, a);
                self.asm.vector(op, to, spare, factor);
                self.give(spare);
            }
        }
        Ok(())
    }

    /// The same into the register of an operand that nothing reads afterwards, if there is one.
    pub fn fused_in_place(
        &mut self,
        kind: Fused,
        [a, b, c]: [Value; 3],
        dies: impl Fn(Value) -> bool,
    ) -> Option<(Value, Zmm)> {
        if a == b || b == c || a == c {
            return None;
        }
        let own = |v: Value| match self.operand(v) {
            Operand::Zmm(register) if dies(v) => Some(register),
            Operand::Zmm(_) | Operand::Mem(_) => None,
        };
        let (pa, pb, pc) = (self.operand(a), self.operand(b), self.operand(c));
        if let Some(to) = own(c) {
            let ((Operand::Zmm(first), last) | (last, Operand::Zmm(first))) = (pa, pb) else {
                return None;
            };
            self.asm.vector(of_kind(FMADD_231, kind), to, first, last);
            return Some((c, to));
        }
        let (value, to, other) = match (own(a), own(b)) {
            (Some(to), _) => (a, to, pb),
            (None, Some(to)) => (b, to, pa),
            (None, None) => return None,
        };
        match (other, pc) {
            (Operand::Zmm(factor), term) => {
                self.asm.vector(of_kind(FMADD_213, kind), to, factor, term);
            }
            (factor, Operand::Zmm(term)) => {
                self.asm.vector(of_kind(FMADD_132, kind), to, term, factor);
            }
            (Operand::Mem(_), Operand::Mem(_)) => return None,
        }
        Some((value, to))
    }
}

fn of_kind(op: Vector, kind: Fused) -> Vector {
    match kind {
        Fused::Plus => op,
        Fused::Minus => op.subtracting(),
        Fused::Negated => op.negated(),
    }
}
