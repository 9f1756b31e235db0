//! When each buffer is needed, and how much of it.

use std::collections::HashMap;

use super::leaves::Leaves;
use super::offsets::Block;
use crate::engine::cpu::plan::{Buffer, Extent, Loop, Phase, Schedule, Step, Steps};
use crate::graph::{NodeId, Op, Program};

const F32: usize = size_of::<f32>();

/// A part of a phase during which buffers are all needed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Work outside the batch up to a product of matrices, that product, and so on by turns; packing goes
    /// with the last.
    Before(usize),
    /// All images.
    Images,
    /// Results of the batch.
    Merges,
}

/// The parts of all phases, counted through the program. Each product of matrices has one of its own:
/// an optimiser's are many, large, and one after another.
pub struct Moments {
    /// The first of each phase, and the one behind them all.
    first: Vec<usize>,
}

impl Moments {
    /// Of what a program runs.
    pub fn new(steps: &Steps<Extent>) -> Self {
        let mut first = vec![0];
        for phase in &steps.phases {
            let start = first[first.len() - 1];
            first.push(start + by_run(&phase.before).count().max(1) + 2);
        }
        Self { first }
    }

    /// The number of a part of a phase.
    pub fn at(&self, phase: usize, part: Part) -> usize {
        match part {
            Part::Before(run) => self.first[phase] + run,
            Part::Images => self.first[phase + 1] - 2,
            Part::Merges => self.first[phase + 1] - 1,
        }
    }

    /// Behind all phases.
    pub fn end(&self) -> usize {
        self.first[self.first.len() - 1]
    }

    /// Which phase and part it is; none behind all phases.
    pub fn part(&self, moment: usize) -> (usize, Option<Part>) {
        let phase = self.first.partition_point(|&first| first <= moment) - 1;
        let part = self.first.get(phase + 1).map(|next| match next - moment {
            1 => Part::Merges,
            2 => Part::Images,
            _ => Part::Before(moment - self.first[phase]),
        });
        (phase, part)
    }
}

/// Steps in runs: each product is one, and so is what stands between two.
fn by_run(before: &[Step<Extent>]) -> impl Iterator<Item = &[Step<Extent>]> {
    let product = |step: &Step<Extent>| matches!(step, Step::Product { .. });
    before.chunk_by(move |a, b| !product(a) && !product(b))
}

/// Buffers with what they need.
#[derive(Default)]
pub struct Live {
    /// By first use.
    pub order: Vec<Buffer>,
    /// Bytes and moments.
    pub blocks: HashMap<Buffer, Block>,
}

impl Live {
    fn touch(&mut self, buffer: Buffer, size: usize, at: usize) {
        let block = self.blocks.entry(buffer).or_insert_with(|| {
            self.order.push(buffer);
            Block { size, from: at, to: at }
        });
        block.size = block.size.max(size);
        block.from = block.from.min(at);
        block.to = block.to.max(at);
    }

    /// Keeps one buffer as long as another is needed too.
    pub fn extend(&mut self, buffer: Buffer, other: Buffer) {
        let other = self.blocks[&other];
        if let Some(block) = self.blocks.get_mut(&buffer) {
            block.from = block.from.min(other.from);
            block.to = block.to.max(other.to);
        }
    }
}

/// How many there are of what a step takes of a buffer.
fn copies(program: &Program, leaves: Leaves, buffer: Buffer) -> usize {
    match buffer {
        Buffer::Tensor(node) if program.graph.node(node).ty.batched => program.batch,
        Buffer::Partial(_) => program.batch,
        Buffer::Sums(_) => leaves.chunks(),
        Buffer::Tensor(_) | Buffer::Packed(_) | Buffer::Work(_) | Buffer::Tile(_) => 1,
    }
}

/// What lies in the arena, by moments of the program.
pub fn in_arena(program: &Program, schedule: &Schedule, leaves: Leaves, moments: &Moments) -> Live {
    let graph = &program.graph;
    let steps = &schedule.steps;
    let mut live = Live::default();
    let mut take = |taken: Extent, at: usize| match taken.buffer {
        Buffer::Tile(_) => {}
        buffer => live.touch(buffer, F32 * taken.words * copies(program, leaves, buffer), at),
    };
    let end = moments.end();
    let whole = |node: NodeId| schedule.image(program, node);
    for id in graph.ids().filter(|&id| matches!(graph.node(id).op, Op::Input(_))) {
        take(whole(id), 0);
        take(whole(id), end);
    }
    let all = |step: &Loop<Extent>| step.accesses().all();
    for (index, phase) in steps.phases.iter().enumerate() {
        let at = |part: Part| moments.at(index, part);
        for (number, run) in by_run(&phase.before).enumerate() {
            let taken = run.iter().flat_map(|step| step.accesses().all());
            taken.for_each(|taken| take(taken, at(Part::Before(number))));
        }
        // Goes with the last run of what stands before.
        let packing = at(Part::Images) - 1;
        for total in &phase.totals {
            [total.part, total.result].into_iter().for_each(|taken| take(taken, packing));
        }
        for pack in &phase.packs {
            [pack.weights, pack.packed].into_iter().for_each(|taken| take(taken, packing));
        }
        let images = phase.steps.iter().flat_map(|step| step.accesses().all());
        images.for_each(|taken| take(taken, at(Part::Images)));
        for merge in &phase.merges {
            [merge.result, merge.parts].into_iter().for_each(|taken| take(taken, at(Part::Merges)));
        }
    }
    steps.last.iter().flatten().flat_map(all).for_each(|taken| take(taken, end));
    steps.copies.iter().flatten().for_each(|&taken| take(taken, end));
    program.outputs.iter().for_each(|output| take(whole(output.node), end));
    live
}

/// The tiles of a phase, by its steps. What is kept from image to image is needed all along.
pub fn in_scratch(phase: &Phase<Extent>) -> Live {
    let mut live = Live::default();
    let mut take = |taken: Extent, at: usize| {
        if let Buffer::Tile(_) = taken.buffer {
            live.touch(taken.buffer, F32 * taken.words, at);
        }
    };
    for (index, step) in phase.steps.iter().enumerate() {
        step.accesses().all().for_each(|taken| take(taken, index));
        if let Step::WeightGradient { kept: Some(kept), .. } = step {
            take(*kept, 0);
            take(*kept, phase.steps.len() - 1);
        }
    }
    live
}
