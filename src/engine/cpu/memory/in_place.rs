//! Tensors that are written over another: the loop that writes them is the last to read the
//! other, at the same element.

use std::collections::{HashMap, HashSet};

use super::live::{Live, Moments, Part};
use crate::engine::cpu::loops::{Access, LoopSpec};
use crate::engine::cpu::plan::{Buffer, Extent, Loop, Schedule, Step};
use crate::graph::{NodeId, Op, Program};

/// Which tensors are written over which.
#[derive(Default)]
pub struct Aliases(HashMap<Buffer, Buffer>);

impl Aliases {
    /// Each with the one that all of its place are written over in the end.
    pub fn pairs(&self) -> impl Iterator<Item = (Buffer, Buffer)> {
        self.0.keys().map(|&into| (into, self.base(into)))
    }

    /// The first in a buffer's place; itself where it has one of its own.
    pub fn base(&self, mut buffer: Buffer) -> Buffer {
        while let Some(&next) = self.0.get(&buffer) {
            buffer = next;
        }
        buffer
    }
}

/// Finds them.
pub fn aliases(program: &Program, schedule: &Schedule, live: &Live, moments: &Moments) -> Aliases {
    let graph = &program.graph;
    let mut aliases = Aliases::default();
    let mut taken: HashSet<NodeId> = HashSet::new();
    for (index, phase) in schedule.steps.phases.iter().enumerate() {
        let images = moments.at(index, Part::Images);
        let mut last: HashMap<Buffer, usize> = HashMap::new();
        for (number, step) in phase.steps.iter().enumerate() {
            last.extend(step.accesses().all().map(|taken| (taken.buffer, number)));
        }
        for (number, step) in phase.steps.iter().enumerate() {
            let Step::Loop(step) = step else { continue };
            let spec = &schedule.loops[step.code.0];
            for (into, stored) in tensors(step, spec.stores.iter().map(|s| &s.access)) {
                let free = elementwise_reads(step, spec, stored).into_iter().find(|&from| {
                    let node = graph.node(from);
                    let buffer = Buffer::Tensor(from);
                    from != into
                        && node.ty == graph.node(into).ty
                        && schedule.formats[from.index()] == schedule.formats[into.index()]
                        && !matches!(node.op, Op::Input(_))
                        && live.blocks[&buffer].to == images
                        && last[&buffer] == number
                        && !taken.contains(&from)
                });
                if let Some(from) = free {
                    taken.insert(from);
                    aliases.0.insert(Buffer::Tensor(into), Buffer::Tensor(from));
                }
            }
        }
    }
    aliases
}

/// Accesses to tensors.
fn tensors<'a>(
    step: &'a Loop<Extent>,
    accesses: impl Iterator<Item = &'a Access>,
) -> impl Iterator<Item = (NodeId, &'a Access)> {
    accesses.filter_map(|access| match step.slots[access.slot].memory.buffer {
        Buffer::Tensor(node) => Some((node, access)),
        Buffer::Tile(_)
        | Buffer::Partial(_)
        | Buffer::Packed(_)
        | Buffer::Sums(_)
        | Buffer::Work(_) => None,
    })
}

/// Tensors that the loop reads at just the element at which it stores.
fn elementwise_reads(step: &Loop<Extent>, spec: &LoopSpec, stored: &Access) -> Vec<NodeId> {
    let same = |load: &Access| (load.offset, load.strides) == (stored.offset, stored.strides);
    let elementwise = |slot: usize| spec.loads().filter(|l| l.slot == slot).all(same);
    let mut reads: Vec<NodeId> = tensors(step, spec.loads())
        .filter(|(_, load)| elementwise(load.slot))
        .map(|(node, _)| node)
        .collect();
    reads.dedup();
    reads
}
