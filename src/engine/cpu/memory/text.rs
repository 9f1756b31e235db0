//! A memory plan as text: each buffer's bytes, and when they are needed.

use std::fmt::Write;

use super::live::{self, Moments, Part};
use super::{Allocation, MemoryPlan};
use crate::engine::cpu::plan::{Buffer, Schedule};

impl MemoryPlan {
    /// The arena's buffers in the order of their offsets, then each phase's tiles.
    pub fn text(&self, schedule: &Schedule) -> String {
        let mut out = format!("arena: {} bytes\n", self.arena);
        let moments = Moments::new(&schedule.steps);
        let tile = |allocation: &&Allocation| matches!(allocation.buffer, Buffer::Tile(_));
        let mut arena: Vec<_> = self.allocations.iter().filter(|a| !tile(a)).collect();
        arena.sort_by_key(|allocation| (allocation.offset, allocation.block.from));
        for allocation in arena {
            line(&mut out, allocation, |moment| match moments.part(moment) {
                (phase, Some(Part::Before(0))) => format!("{phase}.before"),
                (phase, Some(Part::Before(run))) => format!("{phase}.before {run}"),
                (phase, Some(Part::Images)) => format!("{phase}.images"),
                (phase, Some(Part::Merges) | None) => format!("{phase}.merges"),
            });
        }
        // Writing to a String cannot fail.
        let _ = writeln!(out, "scratch: {} bytes a thread", self.scratch);
        for (number, phase) in schedule.steps.phases.iter().enumerate() {
            for buffer in live::in_scratch(phase).order {
                let allocation = &self.allocations[self.by_buffer[&buffer]];
                line(&mut out, allocation, |step| format!("{number}.step {step}"));
            }
        }
        out
    }
}

/// Offset, bytes, first and last use, buffer.
fn line(out: &mut String, allocation: &Allocation, when: impl Fn(usize) -> String) {
    let Allocation { buffer, offset, block, over } = allocation;
    let (from, to) = (when(block.from), when(block.to));
    let over = over.map(|over| format!(" over {over}")).unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{offset:>10} {:>10}  {from:>10} to {to:<10} {buffer}{over}", block.size);
}
