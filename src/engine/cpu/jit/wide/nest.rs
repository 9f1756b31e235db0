//! The loops around the vector operations: groups of rows, blocks of sixteen channels, rows,
//! columns (unrolled).
//!
//! What does not vary from pixel to pixel is loaded once a block and stays in registers, and so
//! do accumulators. A group of rows is small enough to stay in L1 while its blocks pass.

use super::assembler::*;
use super::select::{LANES, Op, Selection};
use super::values::{Pressure, Values};
use crate::schedule::loops::{Access, Accumulate, LoopSpec};

/// Bytes of one access that a group of rows may have.
const GROUP_BYTES: usize = 16 * 1024;
/// Pixels that a group has at least, to pay for what is loaded once a block.
const GROUP_PIXELS: usize = 64;
const VECTOR: i32 = 64;

/// Slots of the stack frame that hold loop state; values follow.
const TABLE: i32 = 0;
pub(super) const GROUP: i32 = 8;
const CHANNEL: i32 = 16;
const ROWS: i32 = 24;
const NUMBER: i32 = 32;
const FIRST_VALUE: i32 = 64;

/// Registers for the addresses of accesses.
pub(super) const POINTERS: [Gpr; 12] = [
    Gpr(3),
    Gpr(2),
    Gpr(6),
    Gpr(7),
    Gpr(8),
    Gpr(9),
    Gpr(10),
    Gpr(11),
    Gpr(12),
    Gpr(13),
    Gpr(14),
    Gpr(15),
];
const SAVED: [Gpr; 5] = [Gpr(3), Gpr(12), Gpr(13), Gpr(14), Gpr(15)];
/// Counts bytes along a row.
pub(super) const INDEX: Gpr = RCX;

/// The function, with `kept` of the values computed once a block in registers.
pub fn emit(spec: &LoopSpec, selection: &Selection, kept: usize) -> Result<Vec<u8>, Pressure> {
    let mut nest = Nest::new(spec, selection).ok_or(Pressure)?;
    nest.function(kept)?;
    Ok(nest.values.asm.code)
}

/// Accumulators of a reduction, and the shift of moments.
pub(super) struct Accumulators {
    pub(super) shift: Option<Zmm>,
    /// For each set, one register, or Σ and Σ².
    pub(super) sets: Vec<[Zmm; 2]>,
}

pub(super) struct Nest<'a> {
    pub(super) spec: &'a LoopSpec,
    pub(super) selection: &'a Selection,
    pub(super) values: Values,
    pub(super) accumulators: Vec<Accumulators>,
    /// Bytes that the index counts for one column.
    pub(super) unit: usize,
    unroll: usize,
    pub(super) rows_of_group: usize,
}

pub(super) fn column_bytes(access: &Access) -> usize {
    access.strides[1] * access.format.bytes()
}

impl<'a> Nest<'a> {
    /// `None` where addresses do not fit the instructions.
    fn new(spec: &'a LoopSpec, selection: &'a Selection) -> Option<Self> {
        let accesses = &selection.accesses;
        let unit = accesses.iter().map(column_bytes).min()?;
        let scales = |a: &Access| {
            let ratio = column_bytes(a) / unit;
            column_bytes(a).is_multiple_of(unit) && matches!(ratio, 1 | 2 | 4 | 8)
        };
        let largest = accesses.iter().map(|a| a.offset + spec.extent[0] * a.strides[0]).max()?;
        let [rows, columns, channels] = spec.extent;
        let reach = largest.max(columns * unit).max(rows * columns * channels);
        if accesses.len() > POINTERS.len() || !accesses.iter().all(scales) || reach > 1 << 27 {
            return None;
        }
        let unroll = [4, 2, 1].into_iter().find(|u| columns.is_multiple_of(*u))?;
        let fits = GROUP_BYTES / (columns * channels * 4).max(1);
        let rows_of_group = fits.max(GROUP_PIXELS.div_ceil(columns)).clamp(1, rows);
        let rows_of_group = if channels == LANES { rows } else { rows_of_group };
        let values = Values::new(selection.numbers);
        let accumulators = Vec::new();
        Some(Self { spec, selection, values, accumulators, unit, unroll, rows_of_group })
    }

    pub(super) fn asm(&mut self) -> &mut Assembler {
        &mut self.values.asm
    }

    fn function(&mut self, kept: usize) -> Result<(), Pressure> {
        self.reserve(kept)?;
        let slots = self.selection.block.len() as i32;
        self.enter(FIRST_VALUE + slots * VECTOR);
        let [rows, _, channels] = self.spec.extent.map(|n| n as i32);
        let group = self.rows_of_group as i32;
        self.asm().write_number(Mem::at(RSP, GROUP), 0);
        let next_group = self.asm().label();
        self.asm().write_number(Mem::at(RSP, CHANNEL), 0);
        let next_block = self.asm().label();
        self.block_values()?;
        self.begin_accumulators()?;
        self.addresses();
        self.rows()?;
        self.end_accumulators();
        self.asm().add_in_place(Mem::at(RSP, CHANNEL), LANES as i32);
        self.asm().compare_in_place(Mem::at(RSP, CHANNEL), channels);
        self.asm().jump_back(Condition::Below, next_block);
        if group < rows {
            self.asm().add_in_place(Mem::at(RSP, GROUP), group);
            self.asm().compare_in_place(Mem::at(RSP, GROUP), rows);
            self.asm().jump_back(Condition::Below, next_group);
        }
        self.exit();
        Ok(())
    }

    /// Registers for accumulators and for the first `kept` block values; slots for the others.
    fn reserve(&mut self, kept: usize) -> Result<(), Pressure> {
        let sets = self.unroll.min(2);
        for reduction in &self.spec.reductions {
            let moments = matches!(reduction.kind, Accumulate::Moments { .. });
            let shift = if moments { Some(self.values.take()?) } else { None };
            let mut all = Vec::new();
            for _ in 0..sets {
                let first = self.values.take()?;
                all.push([first, if moments { self.values.take()? } else { first }]);
            }
            self.accumulators.push(Accumulators { shift, sets: all });
        }
        for (slot, &value) in self.selection.block.iter().enumerate() {
            let at = if slot < kept {
                Operand::Zmm(self.values.take()?)
            } else {
                Operand::Mem(Mem::at(RSP, FIRST_VALUE + slot as i32 * VECTOR))
            };
            self.values.put(value, at);
        }
        Ok(())
    }

    fn enter(&mut self, frame: i32) {
        self.asm().push(RBP);
        self.asm().set(RBP, RSP);
        SAVED.iter().for_each(|&r| self.values.asm.push(r));
        self.asm().add(RSP, -frame);
        self.asm().align_stack();
        self.asm().write(Mem::at(RSP, TABLE), RDI);
    }

    fn exit(&mut self) {
        let saved = 8 * SAVED.len() as i32;
        self.asm().address_of(RSP, Mem::at(RBP, -saved));
        SAVED.iter().rev().for_each(|&r| self.values.asm.pop(r));
        self.asm().pop(RBP);
        self.asm().leave();
    }

    /// Loads and computes what stays the same within a block.
    fn block_values(&mut self) -> Result<(), Pressure> {
        for &value in &self.selection.block {
            let home = self.values.operand(value);
            let to = match home {
                Operand::Zmm(register) => register,
                Operand::Mem(_) => self.values.take()?,
            };
            match self.selection.ops[value] {
                Op::Load(access) => self.load_block(&access, to),
                Op::Number(bits) => {
                    let at = Mem::at(RSP, NUMBER);
                    self.asm().write_number(at, bits as i32);
                    self.asm().broadcast(to, at);
                }
                op => self.values.compute(op, to)?,
            }
            if let Operand::Mem(at) = home {
                self.asm().store(to, at);
                self.values.give(to);
            }
        }
        Ok(())
    }

    fn load_block(&mut self, access: &Access, to: Zmm) {
        if access.strides[2] == 0 {
            let at = self.slot(access, 0);
            self.asm().broadcast(to, at);
        } else {
            let at = self.channels(access, 0);
            self.asm().load(to, at);
        }
    }

    /// The first element of a slot, `skip` elements on.
    fn slot(&mut self, access: &Access, skip: usize) -> Mem {
        self.asm().read(RAX, Mem::at(RSP, TABLE));
        self.asm().read(RAX, Mem::at(RAX, 8 * access.slot as i32));
        Mem::at(RAX, ((access.offset + skip) * access.format.bytes()) as i32)
    }

    /// The block's channels of a slot; clobbers the index.
    pub(super) fn channels(&mut self, access: &Access, skip: usize) -> Mem {
        let at = self.slot(access, skip);
        self.asm().read(INDEX, Mem::at(RSP, CHANNEL));
        let scale = access.format.bytes().trailing_zeros() as u8;
        Mem { index: Some((INDEX, scale)), ..at }
    }

    /// Points every access at the group's first row.
    pub(super) fn addresses(&mut self) {
        for (access, &pointer) in self.selection.accesses.iter().zip(&POINTERS) {
            let at = self.channels(access, 0);
            self.asm().address_of(pointer, at);
            let row = (access.strides[0] * access.format.bytes()) as i32;
            if self.rows_of_group < self.spec.extent[0] && row != 0 {
                self.asm().read(RAX, Mem::at(RSP, GROUP));
                self.asm().multiply(RAX, row);
                self.asm()
                    .address_of(pointer, Mem { base: pointer, index: Some((RAX, 0)), disp: 0 });
            }
        }
    }

    fn rows(&mut self) -> Result<(), Pressure> {
        let [rows, columns, _] = self.spec.extent;
        let group = self.rows_of_group as i32;
        self.asm().write_number(Mem::at(RSP, ROWS), group);
        if !rows.is_multiple_of(self.rows_of_group) {
            // The last group has fewer.
            let rest = rows % self.rows_of_group;
            self.asm().compare_in_place(Mem::at(RSP, GROUP), (rows - rest) as i32);
            let whole = self.asm().jump(Condition::Below);
            self.asm().write_number(Mem::at(RSP, ROWS), rest as i32);
            self.asm().land(whole);
        }
        let next_row = self.asm().label();
        self.asm().zero(INDEX);
        let next = self.asm().label();
        for column in 0..self.unroll {
            self.column(column)?;
        }
        let [step, end] = [self.unroll, columns].map(|n| (n * self.unit) as i32);
        self.asm().add(INDEX, step);
        self.asm().compare(INDEX, end);
        self.asm().jump_back(Condition::Below, next);
        if rows > 1 {
            for (access, &pointer) in self.selection.accesses.iter().zip(&POINTERS) {
                let row = (access.strides[0] * access.format.bytes()) as i32;
                self.values.asm.add(pointer, row);
            }
            self.asm().add_in_place(Mem::at(RSP, ROWS), -1);
            self.asm().jump_back(Condition::NotEqual, next_row);
        }
        Ok(())
    }
}
