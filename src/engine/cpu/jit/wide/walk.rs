//! The loops over rows, columns (unrolled) and, where a panel has several, blocks of channels.

use super::assembler::*;
use super::frame::{COLUMNS, Frame, ROWS};
use super::nest::{INDEX, Nest, POINTERS, column_bytes};
use super::values::Pressure;
use crate::engine::cpu::loops::Access;

impl Nest<'_> {
    /// All pixels of a panel.
    pub(super) fn rows(&mut self) -> Result<(), Pressure> {
        let [rows, columns, _] = self.spec.extent;
        self.asm().write_number(Mem::at(RSP, ROWS), rows as i32);
        let next_row = self.asm().label();
        if !self.walks {
            self.row_of_a_block()?;
        } else {
            self.row_of_blocks()?;
        }
        if rows > 1 {
            let walked = if !self.walks { 0 } else { columns };
            self.advance(|a| row_bytes(a) - (walked * column_bytes(a)) as i32);
            self.count(|[row, column]| row as i64 - (columns * column) as i64);
            self.asm().add_in_place(Mem::at(RSP, ROWS), -1);
            self.asm().jump_back(Condition::NotEqual, next_row);
        }
        Ok(())
    }

    /// The index counts along the row.
    fn row_of_a_block(&mut self) -> Result<(), Pressure> {
        self.asm().zero(INDEX);
        let next = self.asm().label();
        self.columns()?;
        let [step, end] = [self.unroll, self.spec.extent[1]].map(|n| (n * self.unit) as i32);
        self.asm().add(INDEX, step);
        self.asm().compare(INDEX, end);
        self.asm().jump_back(Condition::Below, next);
        Ok(())
    }

    /// The index counts the blocks, the pointers walk along the row.
    fn row_of_blocks(&mut self) -> Result<(), Pressure> {
        let groups = self.spec.extent[1] / self.unroll;
        self.asm().write_number(Mem::at(RSP, COLUMNS), groups as i32);
        let next = self.asm().label();
        self.each_block(|nest| {
            nest.take_values_up();
            nest.begin_columns();
            nest.columns()?;
            // The next block begins at the same pixel.
            let unroll = nest.unroll;
            nest.count(|[_, column]| -((unroll * column) as i64));
            nest.end_columns()
        })?;
        let unroll = self.unroll;
        self.advance(|a| (unroll * column_bytes(a)) as i32);
        self.count(|[_, column]| (unroll * column) as i64);
        self.asm().add_in_place(Mem::at(RSP, COLUMNS), -1);
        self.asm().jump_back(Condition::NotEqual, next);
        Ok(())
    }

    fn columns(&mut self) -> Result<(), Pressure> {
        (0..self.unroll).try_for_each(|column| {
            self.column(column)?;
            self.count(|[_, column]| column as i64);
            Ok(())
        })
    }

    /// Counters are zero at a panel's first pixel.
    pub(super) fn start_counters(&mut self) {
        for counter in 0..self.selection.counters.len() {
            self.asm().write_number(Frame::counter(counter), 0);
        }
    }

    /// Moves every counter, whose strides by rows and columns decide how far; they wrap.
    fn count(&mut self, by: impl Fn([usize; 2]) -> i64) {
        for (counter, &strides) in self.selection.counters.iter().enumerate() {
            let by = by(strides) as i32;
            if by != 0 {
                self.values.asm.add_in_place(Frame::counter(counter), by);
            }
        }
    }

    fn take_values_up(&mut self) {
        let kept = self.kept.saturating_sub(self.selection.numbers.len());
        for (slot, value) in self.selection.block.iter().enumerate().take(kept) {
            if let Operand::Zmm(register) = self.values.operand(*value) {
                let at = self.waiting(slot);
                self.asm().load(register, at);
            }
        }
    }

    fn advance(&mut self, bytes: impl Fn(&Access) -> i32) {
        for (number, access) in self.selection.accesses.iter().enumerate() {
            let by = bytes(access);
            match POINTERS.get(number) {
                _ if by == 0 => {}
                Some(&pointer) => self.values.asm.add(pointer, by),
                None => {
                    let home = self.frame.pointer(number - POINTERS.len());
                    self.values.asm.add_in_place(home, by);
                }
            }
        }
    }
}

fn row_bytes(access: &Access) -> i32 {
    (access.strides[0] * access.format.bytes()) as i32
}
