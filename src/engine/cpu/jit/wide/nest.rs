//! The function around the vector operations: panels of channels, what is computed once for each
//! block of a panel, and the walk over its pixels ([`walk`](super::walk)).
//!
//! With a single block, what does not vary from pixel to pixel stays in registers, and so do
//! accumulators. Where the last block has fewer channels, a mask leaves the others out. With several, they wait in the stack frame while the other blocks of a pixel
//! pass, so that memory is read in order: going over the pixels once for each block takes up to
//! three times as long from memory, since half of every cache line passes by unused.

use super::assembler::*;
use super::frame::{CHANNEL, Frame, IMAGE, NUMBER, TABLE, VECTOR};
use super::instructions::*;
use super::ops::{Op, Value};
use super::select::{LANES, Selection};
use super::values::{Pressure, Values};
use crate::engine::cpu::loops::{Access, Accumulate, LoopSpec};
use crate::engine::cpu::operand::NumberFormat;

/// Bytes of the frame that the values and accumulators of a panel may take, to stay in L1.
const PANEL_BYTES: usize = 16 * 1024;

/// Registers for the addresses of the first accesses; others wait in the frame.
pub(super) const POINTERS: [Gpr; 11] =
    [Gpr(3), Gpr(2), Gpr(6), Gpr(7), Gpr(8), Gpr(9), Gpr(10), Gpr(11), Gpr(12), Gpr(13), Gpr(14)];
const SAVED: [Gpr; 5] = [Gpr(3), Gpr(12), Gpr(13), Gpr(14), Gpr(15)];
/// Channels before the panel, while an address is computed.
const SPARE: Gpr = Gpr(15);
/// The mask register of a block's channels.
const PART: u8 = 2;
/// What the innermost loop counts: bytes along a row, or [`BLOCK_STEP`] a block.
pub(super) const INDEX: Gpr = RCX;
/// Bytes of a block in bf16; in f32 the index counts twice.
pub(super) const BLOCK_STEP: i32 = 2 * LANES as i32;

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
    pub(super) frame: Frame,
    pub(super) values: Values,
    pub(super) accumulators: Vec<Accumulators>,
    /// Bytes that the index counts for one column, where it counts them.
    pub(super) unit: usize,
    pub(super) unroll: usize,
    /// Blocks of sixteen channels in a panel.
    pub(super) blocks: usize,
    /// Whether pointers walk along the rows and the index counts blocks: where there are several,
    /// or where no index scales to all accesses.
    pub(super) walks: bool,
    /// How many numbers and, after them, values of the block stay in registers from pixel to
    /// pixel.
    pub(super) kept: usize,
}

pub(super) fn column_bytes(access: &Access) -> usize {
    access.strides[1] * access.format.bytes()
}

impl<'a> Nest<'a> {
    /// `None` where addresses do not fit the instructions.
    fn new(spec: &'a LoopSpec, selection: &'a Selection) -> Option<Self> {
        let accesses = &selection.accesses;
        let unit = accesses.iter().map(column_bytes).min()?;
        let blocks = blocks_of_panel(spec, selection);
        let scales = |a: &Access| {
            let ratio = column_bytes(a) / unit;
            column_bytes(a).is_multiple_of(unit) && matches!(ratio, 1 | 2 | 4 | 8)
        };
        let walks = blocks > 1 || !accesses.iter().all(scales);
        let largest = accesses.iter().map(|a| a.offset + spec.extent[0] * a.strides[0]).max()?;
        let [rows, columns, channels] = spec.extent;
        let reach = largest.max(columns * unit).max(rows * columns * channels);
        if reach > 1 << 27 {
            return None;
        }
        let unroll = [4, 2, 1].into_iter().find(|u| columns.is_multiple_of(*u))?;
        let zero = selection.numbers.iter().copied().find(|&v| selection.is_zero(v));
        let pointers = accesses.len().saturating_sub(POINTERS.len());
        Some(Self {
            spec,
            selection,
            frame: Frame::new(selection, pointers, blocks),
            values: Values::new(zero, if selection.partial { PART } else { 0 }),
            accumulators: Vec::new(),
            unit,
            unroll,
            blocks,
            walks,
            kept: 0,
        })
    }

    pub(super) fn asm(&mut self) -> &mut Assembler {
        &mut self.values.asm
    }

    fn function(&mut self, kept: usize) -> Result<(), Pressure> {
        self.reserve(kept)?;
        let vectors = vectors(self.selection) * self.blocks;
        self.enter(self.frame.bytes(vectors));
        self.numbers();
        self.asm().write_number(Mem::at(RSP, CHANNEL), 0);
        let next_panel = self.asm().label();
        self.addresses();
        self.start_counters();
        if !self.walks {
            self.begin_block()?;
            self.rows()?;
            self.end_accumulators()?;
        } else {
            self.each_block(|nest| {
                nest.begin_block()?;
                nest.put_accumulators_down();
                Ok(())
            })?;
            self.rows()?;
            self.each_block(|nest| {
                nest.take_accumulators_up();
                nest.end_accumulators()
            })?;
        }
        let channels = self.spec.extent[2] as i32;
        let panel = (LANES * self.blocks) as i32;
        self.asm().add_in_place(Mem::at(RSP, CHANNEL), panel);
        self.asm().compare_in_place(Mem::at(RSP, CHANNEL), channels);
        self.asm().jump_back(Condition::Below, next_panel);
        self.exit();
        Ok(())
    }

    fn begin_block(&mut self) -> Result<(), Pressure> {
        if self.selection.partial {
            self.set_part()?;
        }
        self.block_values()?;
        self.start_accumulators()
    }

    /// Only channels that there are may be loaded and stored.
    fn set_part(&mut self) -> Result<(), Pressure> {
        let numbers = self.values.take()?;
        self.load_channels(numbers);
        let (end, part) = (self.spec.extent[2] as i32, self.part());
        self.asm().write_number(Mem::at(RSP, NUMBER), end);
        self.asm().set_part(numbers, Mem::at(RSP, NUMBER));
        self.asm().write_part(part);
        self.values.give(numbers);
        Ok(())
    }

    fn part(&self) -> Mem {
        self.frame.part(self.walks.then_some((INDEX, 0)))
    }

    /// Emits a loop over the panel's blocks.
    pub(super) fn each_block(
        &mut self,
        mut body: impl FnMut(&mut Self) -> Result<(), Pressure>,
    ) -> Result<(), Pressure> {
        self.asm().zero(INDEX);
        let next = self.asm().label();
        if self.selection.partial {
            let part = self.part();
            self.asm().read_part(part);
        }
        body(self)?;
        let end = BLOCK_STEP * self.blocks as i32;
        self.asm().add(INDEX, BLOCK_STEP);
        self.asm().compare(INDEX, end);
        self.asm().jump_back(Condition::Below, next);
        Ok(())
    }

    /// Registers for accumulators and for the first `kept` numbers and block values.
    fn reserve(&mut self, kept: usize) -> Result<(), Pressure> {
        self.kept = kept;
        let sets = if !self.walks { self.unroll.min(2) } else { 1 };
        for reduction in &self.selection.reductions {
            let moments = matches!(reduction.kind, Accumulate::Moments { .. });
            let shift = if moments { Some(self.values.take()?) } else { None };
            let mut all = Vec::new();
            for _ in 0..sets {
                let first = self.values.take()?;
                all.push([first, if moments { self.values.take()? } else { first }]);
            }
            self.accumulators.push(Accumulators { shift, sets: all });
        }
        let numbers = &self.selection.numbers;
        for (at, &value) in numbers.iter().enumerate() {
            let home = Operand::Same(self.frame.number(at));
            self.reserve_one(value, at < kept, home)?;
        }
        for (slot, &value) in self.selection.block.iter().enumerate() {
            let home = Operand::Mem(self.waiting(slot));
            self.reserve_one(value, numbers.len() + slot < kept, home)?;
        }
        Ok(())
    }

    fn reserve_one(&mut self, value: Value, kept: bool, home: Operand) -> Result<(), Pressure> {
        let at = if kept { Operand::Zmm(self.values.take()?) } else { home };
        self.values.put(value, at);
        Ok(())
    }

    /// Writes the numbers, and those of the lanes.
    fn numbers(&mut self) {
        for (at, &value) in self.selection.numbers.iter().enumerate() {
            let Op::Number(bits) = self.selection.ops[value] else {
                unreachable!("a number");
            };
            let home = self.frame.number(at);
            self.asm().write_number(home, bits as i32);
            if let Operand::Zmm(register) = self.values.operand(value) {
                self.asm().broadcast(register, home);
            }
        }
        if self.selection.counts_channels() {
            for lane in 0..LANES {
                let at = self.frame.lane(lane);
                self.asm().write_number(at, lane as i32);
            }
        }
    }

    /// Where the frame holds a vector of the block at hand: block values first, then
    /// accumulators.
    pub(super) fn waiting(&self, slot: usize) -> Mem {
        let disp = self.frame.vectors() + (slot * self.blocks * VECTOR) as i32;
        Mem { base: RSP, index: (self.walks).then_some((INDEX, 1)), disp }
    }

    fn enter(&mut self, frame: i32) {
        self.asm().push(RBP);
        self.asm().set(RBP, RSP);
        SAVED.iter().for_each(|&r| self.values.asm.push(r));
        self.asm().add(RSP, -frame);
        self.asm().align_stack();
        self.asm().write(Mem::at(RSP, TABLE), RDI);
        self.asm().write(Mem::at(RSP, IMAGE), RSI);
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
        for (slot, &value) in self.selection.block.iter().enumerate() {
            let home = self.values.operand(value);
            let to = match home {
                Operand::Zmm(register) => register,
                Operand::Mem(_) | Operand::Same(_) => self.values.take()?,
            };
            match self.selection.ops[value] {
                Op::Load(access) => self.load_block(&access, to),
                Op::Image => self.asm().broadcast(to, Mem::at(RSP, IMAGE)),
                Op::Channels => self.load_channels(to),
                op => self.values.compute(op, to)?,
            }
            if self.walks || matches!(home, Operand::Mem(_)) {
                let at = self.waiting(slot);
                self.asm().store(to, at);
            }
            if matches!(home, Operand::Mem(_)) {
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
            self.load(access, to, at);
        }
    }

    /// An access's numbers for a block's channels.
    pub(super) fn load(&mut self, access: &Access, to: Zmm, from: Mem) {
        match access.format {
            NumberFormat::F32 if access.strides[2] == 0 => self.asm().broadcast(to, from),
            NumberFormat::F32 => self.asm().load_part(to, from),
            NumberFormat::Bf16 => self.asm().load_bf16(to, from),
            NumberFormat::Split { .. } => unreachable!("only written"),
        }
    }

    /// The numbers of the block's channels.
    fn load_channels(&mut self, to: Zmm) {
        let (channel, number) = (Mem::at(RSP, CHANNEL), Mem::at(RSP, NUMBER));
        self.asm().read(SPARE, channel);
        if self.walks {
            // Both terms twice: the index counts two for a channel.
            self.asm().address_of(SPARE, Mem { base: INDEX, index: Some((SPARE, 1)), disp: 0 });
        }
        self.asm().write(number, SPARE);
        self.asm().broadcast(to, number);
        if self.walks {
            self.asm().shift_right(to, Operand::Zmm(to), 1);
        }
        let lanes = self.frame.lane(0);
        self.asm().vector(ADD_INTEGERS, to, to, Operand::Mem(lanes));
    }

    /// The first element of a slot, `skip` elements on.
    fn slot(&mut self, access: &Access, skip: usize) -> Mem {
        self.asm().read(RAX, Mem::at(RSP, TABLE));
        self.asm().read(RAX, Mem::at(RAX, 8 * access.slot as i32));
        Mem::at(RAX, ((access.offset + skip) * access.format.bytes()) as i32)
    }

    /// The panel's first channel of a slot.
    fn panel(&mut self, access: &Access, skip: usize) -> Mem {
        let at = self.slot(access, skip);
        self.asm().read(SPARE, Mem::at(RSP, CHANNEL));
        let scale = access.format.bytes().trailing_zeros() as u8;
        Mem { index: Some((SPARE, scale)), ..at }
    }

    /// The block's channels of a slot.
    pub(super) fn channels(&mut self, access: &Access, skip: usize) -> Mem {
        let at = self.panel(access, skip);
        if !self.walks {
            return at;
        }
        self.asm().address_of(RAX, at);
        Mem { base: RAX, index: Some((INDEX, block_scale(access))), disp: 0 }
    }

    /// Points every access at the panel's first pixel.
    fn addresses(&mut self) {
        for (number, access) in self.selection.accesses.iter().enumerate() {
            let same = access.strides[2] == 0;
            let at = if same { self.slot(access, 0) } else { self.panel(access, 0) };
            match POINTERS.get(number) {
                Some(&pointer) => self.asm().address_of(pointer, at),
                None => {
                    let home = self.frame.pointer(number - POINTERS.len());
                    self.asm().address_of(RAX, at);
                    self.asm().write(home, RAX);
                }
            }
        }
    }
}

/// How the index scales to the bytes of an access where it counts blocks.
pub(super) fn block_scale(access: &Access) -> u8 {
    access.format.bytes().trailing_zeros() as u8 - 1
}

/// Vectors that the frame holds for a block: values, then shift, Σ and Σ² of each reduction.
fn vectors(selection: &Selection) -> usize {
    selection.block.len() + 3 * selection.reductions.len()
}

/// Blocks of a panel: all of them, or the largest part whose values stay in L1.
fn blocks_of_panel(spec: &LoopSpec, selection: &Selection) -> usize {
    let blocks = spec.extent[2].div_ceil(LANES);
    let most = PANEL_BYTES / VECTOR / vectors(selection).max(1);
    (1..=blocks).rev().find(|n| blocks.is_multiple_of(*n) && *n <= most).unwrap_or(1)
}
