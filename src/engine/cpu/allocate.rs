//! The memory plan: one arena for everything that outlives an image, one scratch a thread.

use std::collections::{HashMap, HashSet};

use super::phases::{partial_len, touched};
use super::program::{Closing, CpuProgram, ImageStep, LoopStep};
use crate::engine::cpu::fuse::Buffer;
use crate::engine::cpu::loops::Inst;
use crate::engine::cpu::memory::{Block, place};
use crate::graph::{Graph, NodeId, Op, Program};

const F32: usize = std::mem::size_of::<f32>();

/// Images that one thread takes in a row; their weight gradients add up in one accumulator, so
/// that results do not depend on the number of threads.
pub const CHUNK: usize = 8;

/// Offsets in bytes.
#[derive(Debug, Default)]
pub struct Plan {
    /// Bytes of the arena.
    pub size: usize,
    /// Bytes of a thread's scratch.
    pub scratch: usize,
    /// Tensors that live in the arena.
    pub tensors: HashMap<NodeId, usize>,
    /// Per-image partials of reductions over the batch.
    pub partials: HashMap<NodeId, usize>,
    /// Packed weights, by phase and number.
    pub packs: Vec<Vec<usize>>,
    /// Weight-gradient accumulators, one a chunk.
    pub accumulators: HashMap<NodeId, usize>,
    /// Tiles in scratch, by phase and number.
    pub tiles: Vec<Vec<usize>>,
}

/// What a block of the arena is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Owner {
    Tensor(NodeId),
    Partial(NodeId),
    Pack(usize, usize),
    Accumulator(NodeId),
}

/// Moments of a phase: loops before, images, closings.
const BEFORE: usize = 0;
const IMAGES: usize = 1;
const CLOSING: usize = 2;

fn moment(phase: usize, part: usize) -> usize {
    3 * phase + part
}

#[derive(Default)]
struct Blocks {
    order: Vec<Owner>,
    blocks: HashMap<Owner, Block>,
}

impl Blocks {
    fn touch(&mut self, owner: Owner, size: usize, at: usize) {
        match self.blocks.get_mut(&owner) {
            Some(block) => {
                block.from = block.from.min(at);
                block.to = block.to.max(at);
            }
            None => {
                self.order.push(owner);
                self.blocks.insert(owner, Block { size, from: at, to: at });
            }
        }
    }
}

/// Plans memory for a program.
pub fn plan(program: &Program, cpu: &CpuProgram) -> Plan {
    let graph = &program.graph;
    let mut blocks = live_ranges(program, cpu);
    let aliases = in_place(graph, cpu, &blocks);
    for (&into, &from) in &aliases {
        let merged = blocks.blocks[&Owner::Tensor(into)];
        if let Some(root) = blocks.blocks.get_mut(&Owner::Tensor(representative(&aliases, from))) {
            root.from = root.from.min(merged.from);
            root.to = root.to.max(merged.to);
        }
    }
    let owners: Vec<Owner> = blocks
        .order
        .iter()
        .copied()
        .filter(|o| !matches!(o, Owner::Tensor(n) if aliases.contains_key(n)))
        .collect();
    let layout = place(&owners.iter().map(|o| blocks.blocks[o]).collect::<Vec<_>>());
    let mut plan = Plan { size: layout.size, ..Plan::default() };
    plan.packs = cpu.phases.iter().map(|p| vec![0; p.packs.len()]).collect();
    for (owner, &offset) in owners.iter().zip(&layout.offsets) {
        match *owner {
            Owner::Tensor(node) => drop(plan.tensors.insert(node, offset)),
            Owner::Partial(node) => drop(plan.partials.insert(node, offset)),
            Owner::Accumulator(node) => drop(plan.accumulators.insert(node, offset)),
            Owner::Pack(phase, number) => plan.packs[phase][number] = offset,
        }
    }
    for &node in aliases.keys() {
        let offset = plan.tensors[&representative(&aliases, node)];
        plan.tensors.insert(node, offset);
    }
    tiles(cpu, &mut plan);
    plan
}

fn representative(aliases: &HashMap<NodeId, NodeId>, mut node: NodeId) -> NodeId {
    while let Some(&next) = aliases.get(&node) {
        node = next;
    }
    node
}

fn tiles(cpu: &CpuProgram, plan: &mut Plan) {
    for phase in &cpu.phases {
        let blocks: Vec<Block> = phase
            .tiles
            .iter()
            .map(|t| Block { size: t.words * F32, from: t.live.0, to: t.live.1 })
            .collect();
        let layout = place(&blocks);
        plan.scratch = plan.scratch.max(layout.size);
        plan.tiles.push(layout.offsets);
    }
}

fn live_ranges(program: &Program, cpu: &CpuProgram) -> Blocks {
    let graph = &program.graph;
    let mut blocks = Blocks::default();
    let end = moment(cpu.phases.len(), CLOSING);
    let tensor = |node: NodeId| graph.node(node).ty.shape.len() * cpu.formats[node.index()].bytes();
    for id in graph.ids() {
        if let Op::Input(_) = graph.node(id).op {
            blocks.touch(Owner::Tensor(id), tensor(id), 0);
            blocks.touch(Owner::Tensor(id), tensor(id), end);
        }
    }
    let buffer = |blocks: &mut Blocks, buffer: Buffer, at: usize| match buffer {
        Buffer::Tensor(node) => blocks.touch(Owner::Tensor(node), tensor(node), at),
        Buffer::Partial(node) => {
            blocks.touch(Owner::Partial(node), partial_bytes(program, node), at);
        }
        Buffer::Tile(_) => {}
    };
    let loops = |blocks: &mut Blocks, steps: &[LoopStep], at: usize| {
        for step in steps {
            step.buffers.iter().for_each(|&b| buffer(blocks, b, at));
        }
    };
    for (index, phase) in cpu.phases.iter().enumerate() {
        loops(&mut blocks, &phase.before, moment(index, BEFORE));
        for (number, pack) in phase.packs.iter().enumerate() {
            let owner = Owner::Pack(index, number);
            blocks.touch(owner, pack.len() * F32, moment(index, BEFORE));
            blocks.touch(owner, pack.len() * F32, moment(index, IMAGES));
            buffer(&mut blocks, Buffer::Tensor(pack.weights), moment(index, BEFORE));
        }
        for step in &phase.steps {
            touched(step).into_iter().for_each(|b| buffer(&mut blocks, b, moment(index, IMAGES)));
        }
        for closing in &phase.closings {
            let (node, at) = (closing.node(), moment(index, CLOSING));
            buffer(&mut blocks, Buffer::Tensor(node), at);
            match closing {
                Closing::Fold { .. } | Closing::Moments { .. } => {
                    buffer(&mut blocks, Buffer::Partial(node), at);
                }
                Closing::Dw { plan, .. } => {
                    let size = plan.dw_words() * F32 * chunks(program.batch);
                    blocks.touch(Owner::Accumulator(node), size, moment(index, IMAGES));
                    blocks.touch(Owner::Accumulator(node), size, at);
                }
            }
        }
    }
    loops(&mut blocks, &cpu.last, end);
    for copy in &cpu.copies {
        buffer(&mut blocks, Buffer::Tensor(copy.from), end);
    }
    for output in &program.outputs {
        buffer(&mut blocks, Buffer::Tensor(output.node), end);
    }
    blocks
}

/// Number of accumulators.
pub fn chunks(batch: usize) -> usize {
    batch.div_ceil(CHUNK)
}

fn partial_bytes(program: &Program, node: NodeId) -> usize {
    partial_stride(&program.graph, node) * program.batch
}

/// Bytes of one image's partials.
pub fn partial_stride(graph: &Graph, node: NodeId) -> usize {
    let vectors = match graph.node(node).op {
        Op::Reduce(crate::graph::ReduceKind::M2, _) => 3,
        _ => 1,
    };
    vectors * partial_len(graph.node(node).ty) * F32
}

/// Tensors that may be written over another: the loop that writes them is the last to read the
/// other, at the same element.
fn in_place(graph: &Graph, cpu: &CpuProgram, blocks: &Blocks) -> HashMap<NodeId, NodeId> {
    let mut aliases = HashMap::new();
    let mut taken: HashSet<NodeId> = HashSet::new();
    for (index, phase) in cpu.phases.iter().enumerate() {
        let at = moment(index, IMAGES);
        let mut last: HashMap<NodeId, usize> = HashMap::new();
        for (number, step) in phase.steps.iter().enumerate() {
            for buffer in touched(step) {
                if let Buffer::Tensor(node) = buffer {
                    last.insert(node, number);
                }
            }
        }
        for (number, step) in phase.steps.iter().enumerate() {
            let ImageStep::Loop(step) = step else { continue };
            for into in stored(step) {
                let free = elementwise_reads(step, into).into_iter().find(|&from| {
                    let node = graph.node(from);
                    node.ty == graph.node(into).ty
                        && cpu.formats[from.index()] == cpu.formats[into.index()]
                        && !matches!(node.op, Op::Input(_))
                        && blocks.blocks[&Owner::Tensor(from)].to == at
                        && last[&from] == number
                        && !taken.contains(&from)
                });
                if let Some(from) = free {
                    taken.insert(from);
                    aliases.insert(into, from);
                }
            }
        }
    }
    aliases
}

fn stored(step: &LoopStep) -> Vec<NodeId> {
    step.spec
        .stores
        .iter()
        .filter_map(|s| match step.buffers[s.access.slot] {
            Buffer::Tensor(node) => Some(node),
            Buffer::Tile(_) | Buffer::Partial(_) => None,
        })
        .collect()
}

/// Tensors that the loop reads at just the element at which it stores `into`.
fn elementwise_reads(step: &LoopStep, into: NodeId) -> Vec<NodeId> {
    let of = |slot: usize| step.buffers[slot];
    let Some(store) = step.spec.stores.iter().find(|s| of(s.access.slot) == Buffer::Tensor(into))
    else {
        return Vec::new();
    };
    let loads: Vec<_> = step
        .spec
        .insts
        .iter()
        .filter_map(|i| match i {
            Inst::Load(access) => Some(*access),
            Inst::Const(_) | Inst::Unary(..) | Inst::Binary(..) | Inst::Random { .. } => None,
        })
        .collect();
    let same = |slot: usize| {
        loads
            .iter()
            .filter(|l| l.slot == slot)
            .all(|l| (l.offset, l.strides) == (store.access.offset, store.access.strides))
    };
    let mut reads: Vec<NodeId> = loads
        .iter()
        .filter(|l| same(l.slot))
        .filter_map(|l| match of(l.slot) {
            Buffer::Tensor(node) if node != into => Some(node),
            Buffer::Tensor(_) | Buffer::Tile(_) | Buffer::Partial(_) => None,
        })
        .collect();
    reads.dedup();
    reads
}
