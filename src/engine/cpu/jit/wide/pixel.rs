//! One pixel of the innermost loop: what is computed, stored and accumulated for it.

use super::assembler::*;
use super::frame::Frame;
use super::instructions::*;
use super::nest::{INDEX, Nest, POINTERS, block_scale, column_bytes};
use super::ops::{Op, Value};
use super::values::Pressure;
use crate::engine::cpu::loops::{Access, Accumulate};
use crate::engine::cpu::operand::NumberFormat;

/// Bytes; further ahead, the lines of several tensors would push each other out of L1.
const AHEAD: i32 = 2048;

impl Nest<'_> {
    /// An access at an unrolled column.
    fn at(&mut self, access: &Access, column: usize, skip: usize) -> Mem {
        let number = self.selection.accesses.iter().position(|a| a == access);
        let number = number.expect("the selection lists every access");
        let pointer = POINTERS.get(number).copied().unwrap_or(RAX);
        if pointer == RAX {
            let home = self.frame.pointer(number - POINTERS.len());
            self.asm().read(RAX, home);
        }
        let index = if !self.walks {
            Some((column_bytes(access) / self.unit).trailing_zeros() as u8)
        } else {
            // What is the same for all channels is so for all blocks.
            (access.strides[2] != 0).then(|| block_scale(access))
        };
        let disp = column * column_bytes(access) + skip * access.format.bytes();
        Mem { base: pointer, index: index.map(|scale| (INDEX, scale)), disp: disp as i32 }
    }

    /// Computes one pixel: stores once every load is done, since a result may take the place of
    /// an operand.
    pub(super) fn column(&mut self, column: usize) -> Result<(), Pressure> {
        let order = &self.selection.pixel;
        let is_load = |v: &Value| matches!(self.selection.ops[*v], Op::Load(_));
        let last_load = order.iter().rposition(is_load).map_or(0, |at| at + 1);
        let stored = self.selection.stores.iter().map(|s| s.value);
        let mut uses = self.uses(stored.chain(self.selection.reductions.iter().map(|r| r.value)));
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
        for &value in self.selection.numbers.iter().chain(&self.selection.block) {
            self.reduce(value, column, &mut uses)?;
            self.store(value, column, &mut uses)?;
        }
        Ok(())
    }

    /// How often each value is read where these are wanted of a pixel, once for each time that
    /// they are listed.
    pub(super) fn uses(&self, roots: impl Iterator<Item = Value>) -> Vec<usize> {
        let mut uses = vec![0; self.selection.ops.len()];
        roots.for_each(|root| uses[root] += 1);
        for &value in self.selection.pixel.iter().rev() {
            if uses[value] > 0 {
                self.selection.ops[value].operands().into_iter().for_each(|v| uses[v] += 1);
            }
        }
        // The others stay.
        let lasting = self.selection.numbers.iter().chain(&self.selection.block);
        lasting.for_each(|&v| uses[v] = usize::MAX);
        uses
    }

    pub(super) fn used(&mut self, value: Value, uses: &mut [usize]) {
        if uses[value] == usize::MAX {
            return;
        }
        uses[value] -= 1;
        if uses[value] == 0 {
            self.values.forget(value);
        }
    }

    pub(super) fn pixel_value(
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
                self.ask_ahead(from);
                self.load(&access, to, from);
            }
            Op::Distance(counter) => self.asm().broadcast(to, Frame::counter(counter)),
            op => self.values.compute(op, to)?,
        }
        self.values.put(value, Operand::Zmm(to));
        op.operands().into_iter().for_each(|v| self.used(v, uses));
        Ok(())
    }

    /// Asks for what the same access touches a little later: the machine foresees no more than a
    /// page, and waits for memory at the start of each.
    fn ask_ahead(&mut self, at: Mem) {
        self.asm().prefetch(Mem { disp: at.disp + AHEAD, ..at });
    }

    fn store(&mut self, value: Value, column: usize, uses: &mut [usize]) -> Result<(), Pressure> {
        let selection = self.selection;
        for store in selection.stores.iter().filter(|s| s.value == value) {
            let spare = self.values.take()?;
            let from = self.values.register(value, spare);
            let to = self.at(&store.access, column, 0);
            self.ask_ahead(to);
            match store.access.format {
                NumberFormat::F32 => self.asm().store_part(from, to),
                NumberFormat::Bf16 => {
                    self.asm().narrow(spare, from);
                    self.asm().store_half(spare, to);
                }
                NumberFormat::Split { distance } => {
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
        let selection = self.selection;
        for (number, reduction) in selection.reductions.iter().enumerate() {
            if reduction.value != value {
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
                (Accumulate::Max, _) => self.values.larger(first, operand)?,
                (Accumulate::Sum | Accumulate::Moments { .. }, _) => {
                    self.asm().vector(ADD, first, first, operand);
                }
            }
            self.used(value, uses);
        }
        Ok(())
    }
}
