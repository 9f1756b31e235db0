//! No step takes more of a buffer than was written for it.

use super::step::{Buffer, Extent, Loop};
use super::{Schedule, fuse};
use crate::engine::EngineError;
use crate::engine::cpu::operand::Operand;
use crate::graph::{NodeId, Op, Program, ReduceKind, Type};

/// Compares what every step takes of tensors, tiles and partials with what there is: a schedule
/// in which they differ is this engine's mistake, and must not run.
pub fn check(program: &Program, schedule: &Schedule) -> Result<(), EngineError> {
    let steps = &schedule.steps;
    let of_loops = |loops: &[Loop<Extent>]| -> Vec<Extent> {
        loops.iter().flat_map(|step| step.accesses().all()).collect()
    };
    let phases = steps.phases.iter().flat_map(|phase| {
        let packs = phase.packs.iter().flat_map(|pack| [pack.weights, pack.packed]);
        let images = phase.steps.iter().flat_map(|step| step.accesses().all());
        let merges = phase.merges.iter().flat_map(|merge| [merge.parts, merge.result]);
        of_loops(&phase.before).into_iter().chain(packs).chain(images).chain(merges)
    });
    let rest = of_loops(&steps.last).into_iter().chain(steps.copies.iter().flatten().copied());
    for taken in phases.chain(rest) {
        let there = schedule.written(program, taken.buffer);
        if there.is_some_and(|words| taken.words > words) {
            return Err(EngineError::Internal(format!(
                "a step takes {} words of {}, more than there are",
                taken.words, taken.buffer
            )));
        }
    }
    Ok(())
}

impl Schedule {
    /// One image of a tensor or, outside the batch, the whole.
    pub fn image(&self, program: &Program, id: NodeId) -> Extent {
        let plain = fuse::plain(program.graph.node(id).ty);
        let operand = Operand { format: self.formats[id.index()], ..plain };
        Extent { buffer: Buffer::Tensor(id), words: operand.words() }
    }

    /// f32 words that a buffer has: one image's or, outside the batch, the whole; `None` for what
    /// one step fills for one other, by the same plan.
    fn written(&self, program: &Program, buffer: Buffer) -> Option<usize> {
        match buffer {
            Buffer::Tensor(id) => Some(self.image(program, id).words),
            Buffer::Tile(number) => Some(self.tiles[number].words()),
            Buffer::Partial(id) => {
                let node = program.graph.node(id);
                let vectors = if let Op::Reduce(ReduceKind::M2, _) = node.op { 3 } else { 1 };
                Some(vectors * fuse::plain(Type { batched: true, ..node.ty }).words())
            }
            Buffer::Packed(_) | Buffer::Sums(_) => None,
        }
    }
}
