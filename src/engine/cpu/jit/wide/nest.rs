//! The loops around the vector operations: groups of rows, blocks of sixteen channels, rows,
//! columns (unrolled).
//!
//! What does not vary from pixel to pixel is loaded once a block and stays in registers, and so
//! do accumulators. A group of rows is small enough to stay in L1 while its blocks pass.

use super::assembler::*;
use super::select::{LANES, Op, Selection, Value};
use super::values::{Pressure, Values};
use crate::schedule::loops::{Access, Accumulate, Format, LoopSpec, Reduction};

/// Bytes of one access that a group of rows may have.
const GROUP_BYTES: usize = 16 * 1024;
/// Pixels that a group has at least, to pay for what is loaded once a block.
const GROUP_PIXELS: usize = 64;
const VECTOR: i32 = 64;

/// Slots of the stack frame that hold loop state; values follow.
const TABLE: i32 = 0;
const GROUP: i32 = 8;
const CHANNEL: i32 = 16;
const ROWS: i32 = 24;
const NUMBER: i32 = 32;
const FIRST_VALUE: i32 = 64;

/// Registers for the addresses of accesses.
const POINTERS: [Gpr; 12] = [
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
const INDEX: Gpr = RCX;

/// The function, with `kept` of the values computed once a block in registers.
pub fn emit(spec: &LoopSpec, selection: &Selection, kept: usize) -> Result<Vec<u8>, Pressure> {
    let mut nest = Nest::new(spec, selection).ok_or(Pressure)?;
    nest.function(kept)?;
    Ok(nest.values.asm.code)
}

/// Accumulators of a reduction, and the shift of moments.
struct Accumulators {
    shift: Option<Zmm>,
    /// For each set, one register, or Σ and Σ².
    sets: Vec<[Zmm; 2]>,
}

struct Nest<'a> {
    spec: &'a LoopSpec,
    selection: &'a Selection,
    values: Values,
    accumulators: Vec<Accumulators>,
    /// Bytes that the index counts for one column.
    unit: usize,
    unroll: usize,
    rows_of_group: usize,
}

fn column_bytes(access: &Access) -> usize {
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

    fn asm(&mut self) -> &mut Assembler {
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
    fn channels(&mut self, access: &Access, skip: usize) -> Mem {
        let at = self.slot(access, skip);
        self.asm().read(INDEX, Mem::at(RSP, CHANNEL));
        let scale = access.format.bytes().trailing_zeros() as u8;
        Mem { index: Some((INDEX, scale)), ..at }
    }

    /// Points every access at the group's first row.
    fn addresses(&mut self) {
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

    /// An access at an unrolled column.
    fn at(&self, access: &Access, column: usize, skip: usize) -> Mem {
        let number = self.selection.accesses.iter().position(|a| a == access);
        let pointer = POINTERS[number.expect("the selection lists every access")];
        let scale = (column_bytes(access) / self.unit).trailing_zeros() as u8;
        let disp = column * column_bytes(access) + skip * access.format.bytes();
        Mem { base: pointer, index: Some((INDEX, scale)), disp: disp as i32 }
    }

    /// Computes one pixel: stores once every load is done, since a result may take the place of
    /// an operand.
    fn column(&mut self, column: usize) -> Result<(), Pressure> {
        let order = &self.selection.pixel;
        let is_load = |v: &Value| matches!(self.selection.ops[*v], Op::Load(_));
        let last_load = order.iter().rposition(is_load).map_or(0, |at| at + 1);
        let mut uses = self.uses();
        for (position, &value) in order.iter().enumerate() {
            self.pixel_value(value, column, &mut uses)?;
            self.reduce(value, column, &mut uses)?;
            if position + 1 >= last_load {
                let ready = if position + 1 == last_load { &order[..last_load] } else { &[value] };
                for &value in ready {
                    self.store(value, column, &mut uses)?;
                }
            }
        }
        self.constants(column)
    }

    /// Stores and reductions of what is the same for every pixel.
    fn constants(&mut self, column: usize) -> Result<(), Pressure> {
        let mut uses = vec![usize::MAX; self.selection.ops.len()];
        for &value in &self.selection.block {
            self.reduce(value, column, &mut uses)?;
            self.store(value, column, &mut uses)?;
        }
        Ok(())
    }

    /// How often each value is read for one pixel.
    fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.selection.ops.len()];
        for &value in &self.selection.pixel {
            self.selection.ops[value].operands().into_iter().for_each(|v| uses[v] += 1);
        }
        self.spec.stores.iter().for_each(|s| uses[s.value.index()] += 1);
        self.spec.reductions.iter().for_each(|r| uses[r.value.index()] += 1);
        // Block values stay.
        self.selection.block.iter().for_each(|&v| uses[v] = usize::MAX);
        uses
    }

    fn used(&mut self, value: Value, uses: &mut [usize]) {
        if uses[value] == usize::MAX {
            return;
        }
        uses[value] -= 1;
        if uses[value] == 0 {
            self.values.forget(value);
        }
    }

    fn pixel_value(
        &mut self,
        value: Value,
        column: usize,
        uses: &mut [usize],
    ) -> Result<(), Pressure> {
        let op = self.selection.ops[value];
        if let Op::Fused(kind, operands) = op {
            let dies = |v: Value| uses[v] == 1;
            if let Some((dead, to)) = self.values.fused_in_place(kind, operands, dies) {
                self.values.put(value, Operand::Zmm(to));
                for operand in operands {
                    if operand == dead {
                        uses[dead] = 0;
                        self.values.moved(dead);
                    } else {
                        self.used(operand, uses);
                    }
                }
                return Ok(());
            }
        }
        let to = self.values.take()?;
        match op {
            Op::Load(access) => {
                let from = self.at(&access, column, 0);
                match access.format {
                    Format::F32 => self.asm().load(to, from),
                    Format::Bf16 => self.asm().load_bf16(to, from),
                    Format::Split { .. } => unreachable!("only written"),
                }
            }
            op => self.values.compute(op, to)?,
        }
        self.values.put(value, Operand::Zmm(to));
        op.operands().into_iter().for_each(|v| self.used(v, uses));
        Ok(())
    }

    fn store(&mut self, value: Value, column: usize, uses: &mut [usize]) -> Result<(), Pressure> {
        let spec = self.spec;
        for store in spec.stores.iter().filter(|s| s.value.index() == value) {
            let spare = self.values.take()?;
            let from = self.values.register(value, spare);
            let to = self.at(&store.access, column, 0);
            match store.access.format {
                Format::F32 => self.asm().store(from, to),
                Format::Bf16 => {
                    self.asm().narrow(spare, from);
                    self.asm().store_half(spare, to);
                }
                Format::Split { distance } => {
                    let rest = self.values.take()?;
                    let low = self.at(&store.access, column, distance);
                    self.asm().narrow(rest, from);
                    self.asm().store_half(rest, to);
                    self.asm().widen(rest, rest);
                    self.asm().vector(SUB, rest, from, Operand::Zmm(rest));
                    self.asm().narrow(rest, rest);
                    self.asm().store_half(rest, low);
                    self.values.give(rest);
                }
            }
            self.values.give(spare);
            self.used(value, uses);
        }
        Ok(())
    }

    fn reduce(&mut self, value: Value, column: usize, uses: &mut [usize]) -> Result<(), Pressure> {
        let spec = self.spec;
        for (number, reduction) in spec.reductions.iter().enumerate() {
            if reduction.value.index() != value {
                continue;
            }
            let own = &self.accumulators[number];
            let [first, second] = own.sets[column % own.sets.len()];
            let shift = own.shift;
            let operand = self.values.operand(value);
            match (reduction.kind, shift) {
                (Accumulate::Moments { .. }, Some(shift)) => {
                    let spare = self.values.take()?;
                    let from = self.values.register(value, spare);
                    self.asm().vector(SUB, spare, from, Operand::Zmm(shift));
                    self.asm().vector(ADD, first, first, Operand::Zmm(spare));
                    self.asm().vector(FMADD_231, second, spare, Operand::Zmm(spare));
                    self.values.give(spare);
                }
                (Accumulate::Max, _) => self.asm().vector(MAX, first, first, operand),
                (Accumulate::Sum | Accumulate::Moments { .. }, _) => {
                    self.asm().vector(ADD, first, first, operand);
                }
            }
            self.used(value, uses);
        }
        Ok(())
    }

    /// Starts accumulators in the first group, and takes them up again in the others.
    fn begin_accumulators(&mut self) -> Result<(), Pressure> {
        if self.accumulators.is_empty() {
            return Ok(());
        }
        let several = self.rows_of_group < self.spec.extent[0];
        if !several {
            return self.start_accumulators();
        }
        self.asm().compare_in_place(Mem::at(RSP, GROUP), 0);
        let later = self.asm().jump(Condition::NotEqual);
        self.start_accumulators()?;
        let begun = self.asm().jump_always();
        self.asm().land(later);
        self.resume_accumulators();
        self.asm().land(begun);
        Ok(())
    }

    fn start_accumulators(&mut self) -> Result<(), Pressure> {
        let spec = self.spec;
        if spec.reductions.iter().any(|r| matches!(r.kind, Accumulate::Moments { .. })) {
            self.shifts()?;
        }
        for (number, reduction) in spec.reductions.iter().enumerate() {
            for set in 0..self.accumulators[number].sets.len() {
                self.clear(reduction, self.accumulators[number].sets[set]);
            }
        }
        Ok(())
    }

    /// Moments are taken about the first pixel.
    fn shifts(&mut self) -> Result<(), Pressure> {
        self.addresses();
        self.asm().zero(INDEX);
        let mut uses = vec![usize::MAX; self.selection.ops.len()];
        for &value in &self.selection.pixel {
            self.pixel_value(value, 0, &mut uses)?;
        }
        let spec = self.spec;
        for (number, reduction) in spec.reductions.iter().enumerate() {
            if let Some(shift) = self.accumulators[number].shift {
                let value = reduction.value.index();
                let from = self.values.register(value, shift);
                self.asm().copy(shift, from);
                let at = self.channels(&reduction.access, 0);
                self.asm().store(shift, at);
                self.asm().zero(INDEX);
            }
        }
        for &value in &self.selection.pixel {
            self.values.forget(value);
        }
        Ok(())
    }

    fn clear(&mut self, reduction: &Reduction, set: [Zmm; 2]) {
        for register in set {
            match reduction.kind {
                Accumulate::Sum | Accumulate::Moments { .. } => {
                    self.asm().vector(XOR, register, register, Operand::Zmm(register));
                }
                Accumulate::Max => {
                    let lowest = self.values.register(self.selection.numbers.lowest, register);
                    self.asm().copy(register, lowest);
                }
            }
        }
    }

    /// Distances between the vectors of a reduction's result, in elements.
    fn vectors(reduction: &Reduction) -> [usize; 2] {
        match reduction.kind {
            Accumulate::Sum | Accumulate::Max => [0, 0],
            Accumulate::Moments { pitch } => [pitch, 2 * pitch],
        }
    }

    fn resume_accumulators(&mut self) {
        let spec = self.spec;
        for (number, reduction) in spec.reductions.iter().enumerate() {
            if let Some(shift) = self.accumulators[number].shift {
                let at = self.channels(&reduction.access, 0);
                self.asm().load(shift, at);
            }
            for set in 1..self.accumulators[number].sets.len() {
                self.clear(reduction, self.accumulators[number].sets[set]);
            }
            let first = self.accumulators[number].sets[0];
            for (register, skip) in first.into_iter().zip(Self::vectors(reduction)) {
                let at = self.channels(&reduction.access, skip);
                self.asm().load(register, at);
            }
        }
    }

    /// Joins the sets and writes them.
    fn end_accumulators(&mut self) {
        let spec = self.spec;
        for (number, reduction) in spec.reductions.iter().enumerate() {
            let join = match reduction.kind {
                Accumulate::Sum | Accumulate::Moments { .. } => ADD,
                Accumulate::Max => MAX,
            };
            let parts = match reduction.kind {
                Accumulate::Sum | Accumulate::Max => 1,
                Accumulate::Moments { .. } => 2,
            };
            let sets = self.accumulators[number].sets.clone();
            for (part, skip) in Self::vectors(reduction).into_iter().enumerate().take(parts) {
                let first = sets[0][part];
                for other in &sets[1..] {
                    self.asm().vector(join, first, first, Operand::Zmm(other[part]));
                }
                let at = self.channels(&reduction.access, skip);
                self.asm().store(first, at);
            }
        }
    }
}
