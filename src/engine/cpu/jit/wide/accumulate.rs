//! Accumulators: started at the first pixel, kept in the stack frame while other blocks pass,
//! written at the end.

use super::assembler::*;
use super::frame::NUMBER;
use super::instructions::*;
use super::nest::{INDEX, Nest};
use super::ops::Value;
use super::select::Reduced;
use super::values::Pressure;
use crate::engine::cpu::loops::Accumulate;

impl Nest<'_> {
    /// Nothing added yet.
    pub(super) fn start_accumulators(&mut self) -> Result<(), Pressure> {
        let reductions = &self.selection.reductions;
        if reductions.iter().any(|r| matches!(r.kind, Accumulate::Moments { .. })) {
            self.shifts()?;
        }
        for (number, reduction) in reductions.iter().enumerate() {
            for set in 0..self.accumulators[number].sets.len() {
                self.clear(reduction.kind, self.accumulators[number].sets[set]);
            }
        }
        Ok(())
    }

    /// Moments are taken about the first pixel.
    fn shifts(&mut self) -> Result<(), Pressure> {
        if !self.walks {
            self.asm().zero(INDEX);
        }
        let selection = self.selection;
        let moments = selection.reductions.iter().enumerate();
        let moments: Vec<(usize, Reduced)> = moments
            .filter(|(_, r)| matches!(r.kind, Accumulate::Moments { .. }))
            .map(|(number, r)| (number, *r))
            .collect();
        let mut uses = self.uses(moments.iter().map(|(_, r)| r.value));
        for &value in &selection.pixel {
            if uses[value] > 0 {
                self.pixel_value(value, 0, &mut uses)?;
                self.set_shifts(&moments, value, &mut uses);
            }
        }
        for &value in selection.numbers.iter().chain(&selection.block) {
            self.set_shifts(&moments, value, &mut uses);
        }
        Ok(())
    }

    /// Of the moments of a value.
    fn set_shifts(&mut self, moments: &[(usize, Reduced)], value: Value, uses: &mut [usize]) {
        for (number, reduction) in moments.iter().filter(|(_, r)| r.value == value) {
            if let Some(shift) = self.accumulators[*number].shift {
                let from = self.values.register(value, shift);
                self.asm().copy(shift, from);
                let at = self.channels(&reduction.access, 0);
                self.asm().store_part(shift, at);
                self.used(value, uses);
            }
        }
    }

    /// Of no pixels.
    fn clear(&mut self, kind: Accumulate, set: [Zmm; 2]) {
        for register in set {
            match kind {
                Accumulate::Sum | Accumulate::Moments { .. } => {
                    self.asm().vector(XOR, register, register, Operand::Zmm(register));
                }
                Accumulate::Max => {
                    let lowest = f32::NEG_INFINITY.to_bits() as i32;
                    self.asm().write_number(Mem::at(RSP, NUMBER), lowest);
                    self.asm().broadcast(register, Mem::at(RSP, NUMBER));
                }
            }
        }
    }

    /// Joins what two lots of pixels came to.
    fn join(&mut self, kind: Accumulate, into: Zmm, other: Operand) -> Result<(), Pressure> {
        match kind {
            Accumulate::Sum | Accumulate::Moments { .. } => {
                self.asm().vector(ADD, into, into, other);
                Ok(())
            }
            Accumulate::Max => self.values.larger(into, other),
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
            self.clear(self.selection.reductions[number].kind, self.accumulators[number].sets[0]);
        }
    }

    /// Adds the sums of a few columns to the block's, which loses less than adding every pixel.
    pub(super) fn end_columns(&mut self) -> Result<(), Pressure> {
        for number in 0..self.accumulators.len() {
            for (register, at) in self.waiting_sums(number) {
                let kind = self.selection.reductions[number].kind;
                self.join(kind, register, Operand::Mem(at))?;
                self.asm().store(register, at);
            }
        }
        Ok(())
    }

    /// Joins the sets and writes them.
    pub(super) fn end_accumulators(&mut self) -> Result<(), Pressure> {
        let selection = self.selection;
        for (number, reduction) in selection.reductions.iter().enumerate() {
            let skips = match reduction.kind {
                Accumulate::Sum | Accumulate::Max => vec![0],
                Accumulate::Moments { pitch } => vec![pitch, 2 * pitch],
            };
            let sets = self.accumulators[number].sets.clone();
            for (part, skip) in skips.into_iter().enumerate() {
                let first = sets[0][part];
                for other in &sets[1..] {
                    self.join(reduction.kind, first, Operand::Zmm(other[part]))?;
                }
                let at = self.channels(&reduction.access, skip);
                self.asm().store_part(first, at);
            }
        }
        Ok(())
    }
}
