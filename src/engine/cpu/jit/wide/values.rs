//! Where values are while code is emitted, and the instructions that compute them.

use std::collections::HashMap;

use super::super::operations::{One, Test, Two};
use super::assembler::*;
use super::instructions::*;
use super::ops::{Fused, Op, Value};

/// There were too few registers.
pub struct Pressure;

/// Registers and stack slots of the values that exist.
pub struct Values {
    pub asm: Assembler,
    /// The number zero, if there is one.
    zero: Option<Value>,
    at: HashMap<Value, Operand>,
    /// Bit `i` is set while register `i` is free.
    free: u32,
}

impl Values {
    /// All registers free; `part` as in [`Assembler`].
    pub fn new(zero: Option<Value>, part: u8) -> Self {
        let asm = Assembler { part, ..Assembler::default() };
        Self { asm, zero, at: HashMap::new(), free: u32::MAX }
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
            elsewhere @ (Operand::Mem(_) | Operand::Same(_)) => {
                self.asm.take(spare, elsewhere);
                spare
            }
        }
    }

    fn in_register(&self, value: Value) -> Option<Zmm> {
        match self.operand(value) {
            Operand::Zmm(register) => Some(register),
            Operand::Mem(_) | Operand::Same(_) => None,
        }
    }

    /// Computes an operation on values into `to`, which holds none of its operands.
    pub fn compute(&mut self, op: Op, to: Zmm) -> Result<(), Pressure> {
        match op {
            Op::Load(_) | Op::Number(_) | Op::Image | Op::Channels | Op::Distance(_) => {
                unreachable!("the nest addresses memory")
            }
            Op::One(op, x) => return self.one(op, x, to),
            Op::Two(op, [x, y]) => self.two(op, x, y, to),
            Op::ShiftRight(x, by) => {
                let x = self.operand(x);
                self.asm.shift_right(to, x, by);
            }
            Op::Fused(kind, values) => return self.fused(kind, values, to),
            Op::Choose { test, values } => self.choose(test, values, to),
        }
        Ok(())
    }

    fn one(&mut self, op: One, x: Value, to: Zmm) -> Result<(), Pressure> {
        let x = self.operand(x);
        match op {
            One::Sqrt => self.asm.vector(SQRT, to, Zmm(0), x),
            One::Round => self.asm.vector_with(ROUND, to, x),
            One::Mantissa => self.asm.vector_with(MANTISSA, to, x),
            One::Exponent => {
                // The machine's exponents are those of mantissas between 1 and 2.
                let mantissas = self.take()?;
                self.asm.vector_with(MANTISSA, mantissas, x);
                self.asm.vector(EXPONENT, mantissas, Zmm(0), Operand::Zmm(mantissas));
                self.asm.vector(EXPONENT, to, Zmm(0), x);
                self.asm.vector(SUB, to, to, Operand::Zmm(mantissas));
                self.give(mantissas);
            }
            One::FromInteger => self.asm.vector(FROM_INTEGER, to, Zmm(0), x),
            One::ToInteger => self.asm.vector(TO_INTEGER, to, Zmm(0), x),
        }
        Ok(())
    }

    fn two(&mut self, op: Two, x: Value, y: Value, to: Zmm) {
        let (op, commutes) = match op {
            Two::Add => (ADD, true),
            Two::Sub => (SUB, false),
            Two::Mul => (MUL, true),
            Two::Div => (DIV, false),
            Two::Min => (MIN, false),
            Two::Max => (MAX, false),
            Two::Scale => (SCALE, false),
            Two::And => (AND, true),
            Two::Or => (OR, true),
            Two::Xor => (XOR, true),
            Two::AddIntegers => (ADD_INTEGERS, true),
            Two::MulIntegers => (MUL_INTEGERS, true),
        };
        let swap = commutes && self.in_register(x).is_none();
        let (x, y) = if swap { (y, x) } else { (x, y) };
        let x = self.register(x, to);
        let y = self.operand(y);
        self.asm.vector(op, to, x, y);
    }

    fn choose(&mut self, (a, test, b): (Value, Test, Value), [x, y]: [Value; 2], to: Zmm) {
        let (holds, fails) = match test {
            Test::Below => (Predicate::Below, Predicate::NotBelow),
            Test::AtMost => (Predicate::AtMost, Predicate::NotAtMost),
        };
        let a = self.register(a, to);
        let b = self.operand(b);
        let (when, value) = match self.zero {
            Some(zero) if x == zero => (fails, y),
            _ => (holds, x),
        };
        self.asm.compare_vectors(when, a, b);
        if self.zero.is_some_and(|zero| x == zero || y == zero) {
            let value = self.register(value, to);
            self.asm.masked_copy(to, value);
        } else {
            let y = self.register(y, to);
            let x = self.operand(x);
            self.asm.blend(to, x, y);
        }
    }

    /// The larger of two, in place; a NaN of either stays.
    pub fn larger(&mut self, into: Zmm, other: Operand) -> Result<(), Pressure> {
        let spare = self.take()?;
        self.asm.take(spare, other);
        self.asm.compare_vectors(Predicate::Unordered, spare, Operand::Zmm(spare));
        // Without order, it is the last operand.
        self.asm.vector(MAX, into, spare, Operand::Zmm(into));
        self.asm.merge(into, spare);
        self.give(spare);
        Ok(())
    }

    /// The term goes to `to`, and the product is added to it.
    fn fused(&mut self, kind: Fused, [a, b, c]: [Value; 3], to: Zmm) -> Result<(), Pressure> {
        let term = self.operand(c);
        self.asm.take(to, term);
        let (a, b) = if self.in_register(a).is_none() { (b, a) } else { (a, b) };
        let op = of_kind(FMADD_231, kind);
        let factor = self.operand(b);
        match self.operand(a) {
            Operand::Zmm(a) => self.asm.vector(op, to, a, factor),
            elsewhere @ (Operand::Mem(_) | Operand::Same(_)) => {
                let spare = self.take()?;
                self.asm.take(spare, elsewhere);
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
        let own = |v: Value| self.in_register(v).filter(|_| dies(v));
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
            (Operand::Mem(_) | Operand::Same(_), Operand::Mem(_) | Operand::Same(_)) => {
                return None;
            }
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
