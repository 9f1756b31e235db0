//! No step takes more of a buffer than was written for it.

use super::buffer::{Buffer, Extent};
use super::fuse;
use super::schedule::Schedule;
use crate::engine::EngineError;
use crate::engine::cpu::operand::Operand;
use crate::graph::{NodeId, Op, Program, ReduceKind, Type};

/// Compares what every step takes of tensors, tiles and partials with what there is: a schedule
/// in which they differ is this engine's mistake, and must not run.
pub fn check(program: &Program, schedule: &Schedule) -> Result<(), EngineError> {
    let steps = &schedule.steps;
    let phases = steps.phases.iter().flat_map(|phase| {
        let packs = phase.packs.iter().flat_map(|pack| [pack.weights, pack.packed]);
        let images = phase.steps.iter().flat_map(|step| step.accesses().all());
        let merges = phase.merges.iter().flat_map(|merge| [merge.parts, merge.result]);
        let before = phase.before.iter().flat_map(|step| step.accesses().all());
        let totals = phase.totals.iter().flat_map(|total| [total.part, total.result]);
        before.chain(totals).chain(packs).chain(images).chain(merges)
    });
    let rest = steps
        .last
        .iter()
        .flatten()
        .flat_map(|step| step.accesses().all())
        .chain(steps.copies.iter().flatten().copied());
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
            Buffer::Packed(_) | Buffer::Sums(_) | Buffer::Work(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Precision;
    use crate::engine::cpu::plan::schedule;
    use crate::engine::cpu::plan::schedule::Tile;
    use crate::engine::cpu::simd::{Isa, Unit};
    use crate::source::Source;
    use crate::{lower, sema};

    #[test]
    fn a_step_that_takes_more_than_there_is_does_not_run() {
        let text = "net n { input(3, 8, 8) -> conv(3x3, 16) -> relu -> linear(4) }";
        let network = sema::compile(&Source::new("net", text), &[]).expect("a net").network;
        let program = lower::gradients(&network, 2);
        let isa =
            Isa::choose(Some("portable")).expect("every machine has it").planning(Unit::Matrices);
        for precision in [Precision::F32, Precision::Bf16, Precision::Bf16x3] {
            let mut schedule = schedule(&program, isa, precision).expect("a schedule");
            for number in 0..schedule.tiles.len() {
                let smaller = Tile::Scratch { words: schedule.tiles[number].words() - 1 };
                let whole = std::mem::replace(&mut schedule.tiles[number], smaller);
                let error = check(&program, &schedule).expect_err("a tile that is too small");
                assert!(matches!(error, EngineError::Internal(_)), "{error}");
                schedule.tiles[number] = whole;
            }
            check(&program, &schedule).expect("as it was");
        }
    }
}
