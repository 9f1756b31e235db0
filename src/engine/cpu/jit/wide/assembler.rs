//! Machine code for x86-64 with AVX-512: the few instructions that fused loops need.
//!
//! Encodings follow the Intel manual, volume 2, sections 2.1 (REX) and 2.7 (EVEX).

use super::instructions::*;

/// A vector register of sixteen f32, 0…31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Zmm(pub u8);

/// A general register by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gpr(pub u8);

pub const RAX: Gpr = Gpr(0);
pub const RCX: Gpr = Gpr(1);
pub const RSP: Gpr = Gpr(4);
pub const RBP: Gpr = Gpr(5);
pub const RSI: Gpr = Gpr(6);
pub const RDI: Gpr = Gpr(7);

/// `base + index · 2^scale + displacement`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mem {
    pub base: Gpr,
    pub index: Option<(Gpr, u8)>,
    pub disp: i32,
}

impl Mem {
    /// An address without index.
    pub fn at(base: Gpr, disp: i32) -> Self {
        Self { base, index: None, disp }
    }
}

/// The last operand of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    Zmm(Zmm),
    /// Sixteen numbers in memory.
    Mem(Mem),
    /// One number in memory, for every lane.
    Same(Mem),
}

/// Vector lengths and masks.
#[derive(Clone, Copy)]
struct Form {
    /// 2 for 512 bits, 1 for 256.
    length: u8,
    /// Mask register; 0 for none.
    mask: u8,
    /// Whether what the mask leaves out becomes zero, or stays.
    zeroing: bool,
    /// Bytes that an 8-bit displacement counts in.
    unit: i32,
}

const FULL: Form = Form { length: 2, mask: 0, zeroing: false, unit: 64 };

/// A position to jump to.
#[derive(Clone, Copy, Debug)]
pub struct Label(usize);

/// When to jump.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    Below = 2,
    NotEqual = 5,
}

/// Bytes of one function.
#[derive(Default)]
pub struct Assembler {
    pub code: Vec<u8>,
    /// Mask register of what tensors' elements are loaded and stored, 2 or 0 for all.
    pub part: u8,
}

impl Assembler {
    /// `first ← second op last`; `second` is ignored by instructions of two operands when zero.
    pub fn vector(&mut self, op: Vector, first: Zmm, second: Zmm, last: Operand) {
        self.evex(op, first.0, second.0, last, FULL);
    }

    /// `to` gets what `from` holds.
    pub fn copy(&mut self, to: Zmm, from: Zmm) {
        self.vector(MOVE, to, Zmm(0), Operand::Zmm(from));
    }

    /// `to` gets `from` where mask 1 is set, else zero.
    pub fn masked_copy(&mut self, to: Zmm, from: Zmm) {
        self.evex(MOVE, to.0, 0, Operand::Zmm(from), Form { mask: 1, zeroing: true, ..FULL });
    }

    /// `to` gets `from` where mask 1 is set, else stays.
    pub fn merge(&mut self, to: Zmm, from: Zmm) {
        self.evex(MOVE, to.0, 0, Operand::Zmm(from), Form { mask: 1, ..FULL });
    }

    /// `to` gets `x` where mask 1 is set, else `y`.
    pub fn blend(&mut self, to: Zmm, x: Operand, y: Zmm) {
        self.evex(BLEND, to.0, y.0, x, Form { mask: 1, ..FULL });
    }

    /// Mask 1 is set where a comparison holds.
    pub fn compare_vectors(&mut self, how: Predicate, a: Zmm, b: Operand) {
        self.evex(COMPARE, 1, a.0, b, FULL);
        self.code.push(how as u8);
    }

    /// An instruction of two operands and a byte that says how.
    pub fn vector_with(&mut self, (op, how): (Vector, u8), to: Zmm, from: Operand) {
        self.evex(op, to.0, 0, from, FULL);
        self.code.push(how);
    }

    /// What an operand holds.
    pub fn take(&mut self, to: Zmm, from: Operand) {
        match from {
            Operand::Zmm(from) => self.copy(to, from),
            Operand::Mem(from) => self.load(to, from),
            Operand::Same(from) => self.broadcast(to, from),
        }
    }

    /// Each lane's bits, as an integer, moved to lower places.
    pub fn shift_right(&mut self, to: Zmm, from: Operand, by: u8) {
        const RIGHT: u8 = 2;
        self.evex(SHIFT, RIGHT, to.0, from, FULL);
        self.code.push(by);
    }

    /// Sixteen f32.
    pub fn load(&mut self, to: Zmm, from: Mem) {
        self.vector(LOAD, to, Zmm(0), Operand::Mem(from));
    }

    /// Sixteen f32.
    pub fn store(&mut self, from: Zmm, to: Mem) {
        self.evex(STORE, from.0, 0, Operand::Mem(to), FULL);
    }

    /// A tensor's f32, zero where the part leaves them out.
    pub fn load_part(&mut self, to: Zmm, from: Mem) {
        self.evex(LOAD, to.0, 0, Operand::Mem(from), self.of_part(FULL));
    }

    /// A tensor's f32, those of the part.
    pub fn store_part(&mut self, from: Zmm, to: Mem) {
        self.evex(STORE, from.0, 0, Operand::Mem(to), Form { mask: self.part, ..FULL });
    }

    fn of_part(&self, form: Form) -> Form {
        Form { mask: self.part, zeroing: self.part != 0, ..form }
    }

    /// The part is where integers are below one in memory.
    pub fn set_part(&mut self, integers: Zmm, below: Mem) {
        const LESS: u8 = 1;
        self.evex(COMPARE_INTEGERS, self.part, integers.0, Operand::Same(below), FULL);
        self.code.push(LESS);
    }

    /// The part as it has been written.
    pub fn read_part(&mut self, from: Mem) {
        self.code.extend([0xC5, 0xF8, 0x90]);
        self.address(self.part, from, 1);
    }

    /// Writes which elements are the part.
    pub fn write_part(&mut self, to: Mem) {
        self.code.extend([0xC5, 0xF8, 0x91]);
        self.address(self.part, to, 1);
    }

    /// One f32 in every lane.
    pub fn broadcast(&mut self, to: Zmm, from: Mem) {
        self.evex(BROADCAST, to.0, 0, Operand::Mem(from), Form { unit: 4, ..FULL });
    }

    /// A tensor's bf16 as f32, zero where the part leaves them out.
    pub fn load_bf16(&mut self, to: Zmm, from: Mem) {
        let form = self.of_part(Form { unit: 32, ..FULL });
        self.evex(WIDEN_16, to.0, 0, Operand::Mem(from), form);
        self.shift_left_16(to);
    }

    /// Rounds to nearest; the low half of `to` gets sixteen bf16.
    pub fn narrow(&mut self, to: Zmm, from: Zmm) {
        self.evex(TO_BF16, to.0, 0, Operand::Zmm(from), FULL);
    }

    /// The low half of `from`, sixteen bf16, as f32.
    pub fn widen(&mut self, to: Zmm, from: Zmm) {
        self.evex(WIDEN_16, to.0, 0, Operand::Zmm(from), FULL);
        self.shift_left_16(to);
    }

    fn shift_left_16(&mut self, to: Zmm) {
        const LEFT: u8 = 6;
        self.evex(SHIFT, LEFT, to.0, Operand::Zmm(to), FULL);
        self.code.push(16);
    }

    /// The low half of `from`, sixteen bf16 or those of the part.
    pub fn store_half(&mut self, from: Zmm, to: Mem) {
        let op = if self.part == 0 { STORE } else { STORE_16 };
        let form = Form { length: 1, unit: 32, mask: self.part, ..FULL };
        self.evex(op, from.0, 0, Operand::Mem(to), form);
    }

    fn evex(&mut self, op: Vector, first: u8, second: u8, last: Operand, form: Form) {
        let Vector(map, prefix, opcode) = op;
        let (x, b) = match last {
            Operand::Zmm(Zmm(r)) => (r >> 4, r >> 3),
            Operand::Mem(m) | Operand::Same(m) => {
                (m.index.map_or(0, |(i, _)| i.0 >> 3), m.base.0 >> 3)
            }
        };
        let inverted = |bit: u8, at: u8| (!bit & 1) << at;
        let p0 = inverted(first >> 3, 7)
            | inverted(x, 6)
            | inverted(b, 5)
            | inverted(first >> 4, 4)
            | map;
        let p1 = (!second & 15) << 3 | 1 << 2 | prefix;
        let zeroing = u8::from(form.zeroing) << 7;
        let same = u8::from(matches!(last, Operand::Same(_))) << 4;
        let p2 = zeroing | form.length << 5 | same | inverted(second >> 4, 3) | form.mask;
        self.code.extend([0x62, p0, p1, p2, opcode]);
        match last {
            Operand::Zmm(Zmm(r)) => self.code.push(0xC0 | (first & 7) << 3 | r & 7),
            Operand::Mem(m) => self.address(first, m, form.unit),
            Operand::Same(m) => self.address(first, m, 4),
        }
    }

    /// ModRM, SIB and displacement.
    fn address(&mut self, first: u8, m: Mem, unit: i32) {
        let short = m.disp % unit == 0 && i8::try_from(m.disp / unit).is_ok();
        let mode = if short { 0x40 } else { 0x80 };
        let reg = (first & 7) << 3;
        let base = m.base.0 & 7;
        match m.index {
            Some((index, scale)) => {
                self.code.extend([mode | reg | 4, scale << 6 | (index.0 & 7) << 3 | base]);
            }
            // The register numbers of rsp and r12 announce a SIB byte.
            None if base == RSP.0 => self.code.extend([mode | reg | 4, 0x24]),
            None => self.code.push(mode | reg | base),
        }
        if short {
            self.code.push((m.disp / unit) as i8 as u8);
        } else {
            self.code.extend(m.disp.to_le_bytes());
        }
    }

    fn rex(&mut self, reg: u8, index: u8, base: u8) {
        self.code.push(0x48 | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3);
    }

    fn with_memory(&mut self, opcode: u8, reg: u8, m: Mem) {
        self.rex(reg, m.index.map_or(0, |(i, _)| i.0), m.base.0);
        self.code.push(opcode);
        self.address(reg, m, 1);
    }

    fn with_register(&mut self, opcode: u8, reg: u8, rm: Gpr) {
        self.rex(reg, 0, rm.0);
        self.code.extend([opcode, 0xC0 | (reg & 7) << 3 | rm.0 & 7]);
    }

    /// Asks for a cache line ahead of its use.
    pub fn prefetch(&mut self, at: Mem) {
        const NEAR: u8 = 1;
        let index = at.index.map_or(0, |(i, _)| i.0);
        self.code.extend([0x40 | (index >> 3) << 1 | at.base.0 >> 3, 0x0F, 0x18]);
        self.address(NEAR, at, 1);
    }

    /// Reads 64 bits.
    pub fn read(&mut self, to: Gpr, from: Mem) {
        self.with_memory(0x8B, to.0, from);
    }

    /// Writes 64 bits.
    pub fn write(&mut self, to: Mem, from: Gpr) {
        self.with_memory(0x89, from.0, to);
    }

    /// Computes an address.
    pub fn address_of(&mut self, to: Gpr, of: Mem) {
        self.with_memory(0x8D, to.0, of);
    }

    /// Writes a number of 32 bits, extended to 64.
    pub fn write_number(&mut self, to: Mem, number: i32) {
        self.with_memory(0xC7, 0, to);
        self.code.extend(number.to_le_bytes());
    }

    /// Adds to 64 bits in memory.
    pub fn add_in_place(&mut self, to: Mem, number: i32) {
        self.with_memory(0x81, 0, to);
        self.code.extend(number.to_le_bytes());
    }

    /// Compares 64 bits in memory.
    pub fn compare_in_place(&mut self, at: Mem, number: i32) {
        self.with_memory(0x81, 7, at);
        self.code.extend(number.to_le_bytes());
    }

    /// `to += number`
    pub fn add(&mut self, to: Gpr, number: i32) {
        self.with_register(0x81, 0, to);
        self.code.extend(number.to_le_bytes());
    }

    /// Compares with a number.
    pub fn compare(&mut self, with: Gpr, number: i32) {
        self.with_register(0x81, 7, with);
        self.code.extend(number.to_le_bytes());
    }

    /// `to ← from`
    pub fn set(&mut self, to: Gpr, from: Gpr) {
        self.with_register(0x89, from.0, to);
    }

    /// `to ← 0`
    pub fn zero(&mut self, to: Gpr) {
        self.with_register(0x31, to.0, to);
    }

    /// `rsp` rounded down to 64 bytes.
    pub fn align_stack(&mut self) {
        self.with_register(0x83, 4, RSP);
        self.code.push(0xC0);
    }

    /// Pushes.
    pub fn push(&mut self, register: Gpr) {
        self.short(0x50, register);
    }

    /// Pops.
    pub fn pop(&mut self, register: Gpr) {
        self.short(0x58, register);
    }

    fn short(&mut self, opcode: u8, register: Gpr) {
        const EXTENDED: u8 = 0x41;
        if register.0 > 7 {
            self.code.push(EXTENDED);
        }
        self.code.push(opcode | register.0 & 7);
    }

    /// Clears the upper vector halves, which code without AVX wants, and returns.
    pub fn leave(&mut self) {
        self.code.extend([0xC5, 0xF8, 0x77, 0xC3]);
    }

    /// Here.
    pub fn label(&self) -> Label {
        Label(self.code.len())
    }

    /// Jumps back.
    pub fn jump_back(&mut self, condition: Condition, to: Label) {
        let after = self.code.len() + 6;
        let distance = (to.0 as i64 - after as i64) as i32;
        self.code.extend([0x0F, 0x80 | condition as u8]);
        self.code.extend(distance.to_le_bytes());
    }
}
