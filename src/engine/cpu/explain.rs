//! What the CPU engine makes of a program: phases, what is fused into each, tensors moved.

use std::collections::BTreeSet;

use super::memory::{Leaves, MemoryPlan};
use super::messages::{Sent, messages};
use super::plan::{Buffer, Extent, Phase, Schedule, Step, schedule};
use super::simd::Isa;
use crate::engine::traffic::Traffic;
use crate::engine::{EngineError, Precision};
use crate::graph::{Graph, NodeId, Program, RegionId};

/// A program as the CPU engine runs it.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// In order.
    pub phases: Vec<PhaseReport>,
    /// Bytes of tensors, state and workspace, all threads' scratch excepted.
    pub arena: usize,
    /// Bytes of one thread's scratch.
    pub scratch: usize,
}

/// One phase.
#[derive(Clone, Debug)]
pub struct PhaseReport {
    /// The region whose contractions it runs.
    pub region: Option<RegionId>,
    /// Steps run for each image, as text; then products of matrices outside the batch.
    pub steps: Vec<String>,
    /// Batched tensors read from memory.
    pub reads: Vec<NodeId>,
    /// Batched tensors written to memory.
    pub writes: Vec<NodeId>,
    /// Floating-point operations of its contractions and products, for the whole batch (a multiply-add is
    /// two).
    pub flops: usize,
    /// Bytes of the tensors read and written, for the whole batch.
    pub bytes: usize,
    /// What a rank sends, one with batch statistics of its own or one of several as one.
    pub sent: Sent,
}

/// Schedules a program and reports.
pub fn explain(program: &Program) -> Result<Explanation, EngineError> {
    let schedule = schedule(program, Isa::from_environment()?, Precision::F32)?;
    let memory = MemoryPlan::new(program, &schedule, Leaves::of(program.batch));
    let phases = schedule.steps.phases.iter().zip(messages(&schedule));
    let phases = phases.map(|(phase, sent)| report(program, &schedule, phase, sent)).collect();
    Ok(Explanation { phases, arena: memory.arena, scratch: memory.scratch })
}

impl Explanation {
    /// What each phase moves.
    pub fn traffic(&self) -> impl Iterator<Item = Traffic<'_>> {
        self.phases.iter().map(|phase| Traffic {
            region: phase.region,
            reads: &phase.reads,
            writes: &phase.writes,
        })
    }
}

fn report(
    program: &Program,
    schedule: &Schedule,
    phase: &Phase<Extent>,
    sent: Sent,
) -> PhaseReport {
    let graph = &program.graph;
    let (mut reads, mut writes) = (BTreeSet::new(), BTreeSet::new());
    let mut steps = Vec::new();
    let (mut region, mut flops) = (None, 0);
    for step in &phase.steps {
        let accesses = step.accesses();
        let read = accesses.reads.iter().filter_map(|taken| tensor(graph, taken));
        reads.extend(read.filter(|node| !writes.contains(node)));
        writes.extend(accesses.writes.iter().filter_map(|taken| tensor(graph, taken)));
        region = accesses.all().find_map(|taken| owner(graph, taken)).or(region);
        let cost = step.cost(&schedule.loops);
        flops += cost.flops * program.batch;
        if !matches!(step, Step::ClearBorder { .. }) {
            steps.push(cost.name);
        }
    }
    for step in phase.before.iter().filter(|step| matches!(step, Step::Product { .. })) {
        let cost = step.cost(&schedule.loops);
        flops += cost.flops;
        steps.push(cost.name);
    }
    let bytes = reads.iter().chain(&writes).map(|&n| graph.node(n).ty.shape.len() * 4).sum();
    PhaseReport {
        region,
        steps,
        reads: reads.into_iter().collect(),
        writes: writes.into_iter().collect(),
        flops,
        bytes,
        sent,
    }
}

/// A batched tensor.
fn tensor(graph: &Graph, taken: &Extent) -> Option<NodeId> {
    match taken.buffer {
        Buffer::Tensor(node) => graph.node(node).ty.batched.then_some(node),
        Buffer::Tile(_)
        | Buffer::Partial(_)
        | Buffer::Packed(_)
        | Buffer::Sums(_)
        | Buffer::Work(_) => None,
    }
}

/// The region of the contraction that has this buffer.
fn owner(graph: &Graph, taken: Extent) -> Option<RegionId> {
    match taken.buffer {
        Buffer::Packed(node) | Buffer::Sums(node) => graph.node(node).origin.region,
        Buffer::Tensor(_) | Buffer::Tile(_) | Buffer::Partial(_) | Buffer::Work(_) => None,
    }
}
