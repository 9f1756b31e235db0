//! The stack frame of a loop: its state, numbers, and what waits while other blocks pass.

use super::assembler::{Gpr, Mem, RSP};
use super::nest::BLOCK_STEP;
use super::select::{LANES, Selection};

/// Bytes of a vector.
pub const VECTOR: usize = 64;

/// The table of pointers.
pub const TABLE: i32 = 0;
/// The panel's first channel.
pub const CHANNEL: i32 = 8;
/// Rows that are left.
pub const ROWS: i32 = 16;
/// Groups of columns that are left.
pub const COLUMNS: i32 = 24;
/// A number on its way to a register.
pub const NUMBER: i32 = 32;
/// The image's number.
pub const IMAGE: i32 = 40;
const LISTS: i32 = 48;

/// Where the lists in the frame begin, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pointers: i32,
    numbers: i32,
    parts: i32,
    lanes: i32,
    vectors: i32,
}

impl Frame {
    /// With room for so many pointers, and for which channels so many blocks have.
    pub fn new(selection: &Selection, pointers: usize, blocks: usize) -> Self {
        let vector = VECTOR as i32;
        let after_counters = LISTS + 8 * selection.counters.len() as i32;
        let numbers = after_counters + 8 * pointers as i32;
        // Numbers are written by eights.
        let parts = numbers + 4 * (selection.numbers.len() as i32 + 1);
        let after_parts = parts + BLOCK_STEP * blocks as i32;
        let lanes = (after_parts + vector - 1) / vector * vector;
        let vectors = if selection.counts_channels() { lanes + 2 * vector } else { lanes };
        Self { pointers: after_counters, numbers, parts, lanes, vectors }
    }

    /// The number of a counter.
    pub fn counter(counter: usize) -> Mem {
        Mem::at(RSP, LISTS + 8 * counter as i32)
    }

    /// A pointer that has no register.
    pub fn pointer(&self, number: usize) -> Mem {
        Mem::at(RSP, self.pointers + 8 * number as i32)
    }

    /// The `at`th number that is the same everywhere.
    pub fn number(&self, at: usize) -> Mem {
        Mem::at(RSP, self.numbers + 4 * at as i32)
    }

    /// Which channels the block at hand of a panel has, where the index counts blocks.
    pub fn part(&self, index: Option<(Gpr, u8)>) -> Mem {
        Mem { base: RSP, index, disp: self.parts }
    }

    /// A lane of the vector 0, 1, …, 15.
    pub fn lane(&self, lane: usize) -> Mem {
        debug_assert!(lane < LANES);
        Mem::at(RSP, self.lanes + 4 * lane as i32)
    }

    /// The first byte of the vectors that wait.
    pub fn vectors(&self) -> i32 {
        self.vectors
    }

    /// All of it.
    pub fn bytes(&self, vectors: usize) -> i32 {
        self.vectors + (vectors * VECTOR) as i32
    }
}
