//! Where buffers lie: one arena for everything that outlives an image, one scratch a thread.
//!
//! [`leaves`] divides the batch, [`live`] says when each buffer is needed, [`in_place`] which tensors are written over others,
//! [`offsets`] places blocks of memory; [`arena`] is such memory.

mod arena;
mod in_place;
mod leaves;
mod live;
mod offsets;
mod text;

use std::collections::HashMap;

use super::plan::{Buffer, Schedule};
use crate::graph::Program;

pub use arena::Arena;
pub use leaves::{Leaves, paired};

/// A buffer with its place.
#[derive(Clone, Copy, Debug)]
pub struct Allocation {
    /// Which.
    pub buffer: Buffer,
    /// Bytes from the start of the arena or, for a tile, of a thread's scratch.
    pub offset: usize,
    /// What it needs there, and when: in [`live::Moments`]s or, for a tile, in steps of its phase.
    pub block: offsets::Block,
    /// The tensor whose place it takes.
    pub over: Option<Buffer>,
}

/// All buffers of a program.
#[derive(Debug, Default)]
pub struct MemoryPlan {
    /// Bytes of the arena.
    pub arena: usize,
    /// Bytes of a thread's scratch.
    pub scratch: usize,
    /// In the order of their first use; tiles last.
    pub allocations: Vec<Allocation>,
    by_buffer: HashMap<Buffer, usize>,
}

impl MemoryPlan {
    /// Plans memory for a program whose batch is divided so.
    pub fn new(program: &Program, schedule: &Schedule, leaves: Leaves) -> Self {
        let moments = live::Moments::new(&schedule.steps);
        let mut live = live::in_arena(program, schedule, leaves, &moments);
        let over = in_place::aliases(program, schedule, &live, &moments);
        for (into, from) in over.pairs() {
            live.extend(from, into);
        }
        let mut plan = Self::default();
        let apart: Vec<Buffer> =
            live.order.iter().copied().filter(|&b| over.base(b) == b).collect();
        plan.arena = plan.place(&live, &apart);
        for &buffer in live.order.iter().filter(|&&b| over.base(b) != b) {
            let base = over.base(buffer);
            let (offset, block) = (plan.offset(base), live.blocks[&buffer]);
            plan.put(Allocation { buffer, offset, block, over: Some(base) });
        }
        for phase in &schedule.steps.phases {
            let tiles = live::in_scratch(phase);
            let size = plan.place(&tiles, &tiles.order);
            plan.scratch = plan.scratch.max(size);
        }
        plan
    }

    /// Bytes to a buffer.
    pub fn offset(&self, buffer: Buffer) -> usize {
        self.allocations[self.by_buffer[&buffer]].offset
    }

    fn put(&mut self, allocation: Allocation) {
        self.by_buffer.insert(allocation.buffer, self.allocations.len());
        self.allocations.push(allocation);
    }

    /// Places some live buffers; the bytes that they take together.
    fn place(&mut self, live: &live::Live, buffers: &[Buffer]) -> usize {
        let blocks: Vec<_> = buffers.iter().map(|b| live.blocks[b]).collect();
        let placed = offsets::place(&blocks);
        for ((&buffer, block), offset) in buffers.iter().zip(blocks).zip(placed.offsets) {
            self.put(Allocation { buffer, offset, block, over: None });
        }
        placed.size
    }
}
