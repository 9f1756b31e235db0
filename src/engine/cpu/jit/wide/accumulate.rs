//! Accumulators: started at the first pixel, kept in the stack frame while other blocks pass,
//! written at the end.

use super::assembler::*;
use super::nest::{INDEX, Nest};
use super::values::Pressure;
use crate::engine::cpu::loops::Accumulate;

impl Nest<'_> {
    /// Nothing added yet.
    pub(super) fn start_accumulators(&mut self) -> Result<(), Pressure> {
        let spec = self.spec;
        if spec.reductions.iter().any(|r| matches!(r.kind, Accumulate::Moments { .. })) {
            self.shifts()?;
        }
        for number in 0..spec.reductions.len() {
            for set in 0..self.accumulators[number].sets.len() {
                self.clear(self.accumulators[number].sets[set]);
            }
        }
        Ok(())
    }

    /// Moments are taken about the first pixel.
    fn shifts(&mut self) -> Result<(), Pressure> {
        if self.blocks == 1 {
            self.asm().zero(INDEX);
        }
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
            }
        }
        for &value in &self.selection.pixel {
            self.values.forget(value);
        }
        Ok(())
    }

    fn clear(&mut self, set: [Zmm; 2]) {
        for register in set {
            self.asm().vector(XOR, register, register, Operand::Zmm(register));
        }
    }

    /// Where a reduction's accumulators wait in the frame.
    fn waiting_sums(&self, number: usize) -> Vec<(Zmm, Mem)> {
        let own = &self.accumulators[number];
        // Σ² is a register of its own for moments only.
        let parts = if own.shift.is_some() { 2 } else { 1 };
        let slots = self.waiting_place(number)..;
        own.sets[0].into_iter().take(parts).zip(slots.map(|slot| self.waiting(slot))).collect()
    }

    /// The same for the shift of moments.
    fn waiting_shift(&self, number: usize) -> Option<(Zmm, Mem)> {
        let shift = self.accumulators[number].shift?;
        Some((shift, self.waiting(self.waiting_place(number) + 2)))
    }

    fn waiting_place(&self, number: usize) -> usize {
        self.selection.block.len() + 3 * number
    }

    /// Leaves the block's accumulators in the frame.
    pub(super) fn put_accumulators_down(&mut self) {
        for number in 0..self.accumulators.len() {
            for (register, at) in
                self.waiting_sums(number).into_iter().chain(self.waiting_shift(number))
            {
                self.asm().store(register, at);
            }
        }
    }

    /// Takes the block's accumulators up again.
    pub(super) fn take_accumulators_up(&mut self) {
        for number in 0..self.accumulators.len() {
            for (register, at) in self.waiting_sums(number) {
                self.asm().load(register, at);
            }
        }
    }

    /// Begins sums of a few columns, about the block's shift.
    pub(super) fn begin_columns(&mut self) {
        for number in 0..self.accumulators.len() {
            if let Some((shift, at)) = self.waiting_shift(number) {
                self.asm().load(shift, at);
            }
            self.clear(self.accumulators[number].sets[0]);
        }
    }

    /// Adds the sums of a few columns to the block's, which loses less than adding every pixel.
    pub(super) fn end_columns(&mut self) {
        for number in 0..self.accumulators.len() {
            for (register, at) in self.waiting_sums(number) {
                self.asm().vector(ADD, register, register, Operand::Mem(at));
                self.asm().store(register, at);
            }
        }
    }

    /// Joins the sets and writes them.
    pub(super) fn end_accumulators(&mut self) {
        let spec = self.spec;
        for (number, reduction) in spec.reductions.iter().enumerate() {
            let skips = match reduction.kind {
                Accumulate::Sum | Accumulate::Max => vec![0],
                Accumulate::Moments { pitch } => vec![pitch, 2 * pitch],
            };
            let sets = self.accumulators[number].sets.clone();
            for (part, skip) in skips.into_iter().enumerate() {
                let first = sets[0][part];
                for other in &sets[1..] {
                    self.asm().vector(ADD, first, first, Operand::Zmm(other[part]));
                }
                let at = self.channels(&reduction.access, skip);
                self.asm().store(first, at);
            }
        }
    }
}
