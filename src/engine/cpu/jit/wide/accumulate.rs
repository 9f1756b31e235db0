//! Accumulators: started in the first group of rows, taken up again in the others, written at the
//! end of each.

use super::assembler::*;
use super::nest::{GROUP, INDEX, Nest};
use super::values::Pressure;
use crate::schedule::loops::{Accumulate, Reduction};

impl Nest<'_> {
    /// Starts accumulators in the first group, and takes them up again in the others.
    pub(super) fn begin_accumulators(&mut self) -> Result<(), Pressure> {
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
    pub(super) fn end_accumulators(&mut self) {
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
