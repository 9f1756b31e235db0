//! What the CPU engine makes of a program: phases, what is fused into each, tensors moved.

use std::collections::BTreeSet;

use super::allocate;
use super::compile::schedule;
use super::executable::Cost;
use super::program::{ImageStep, LoopStep, Phase};
use super::simd::{Contraction, Isa};
use crate::engine::cpu::fuse::Buffer;
use crate::engine::cpu::loops::{Access, Inst, LoopSpec};
use crate::engine::{EngineError, Precision};
use crate::graph::RegionId;
use crate::graph::{Graph, NodeId, Op, Program};

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
    /// The unit whose contractions it runs.
    pub region: Option<RegionId>,
    /// Steps run for each image, as text.
    pub steps: Vec<String>,
    /// Batched tensors read from memory.
    pub reads: Vec<NodeId>,
    /// Batched tensors written to memory.
    pub writes: Vec<NodeId>,
    /// Floating-point operations of its contractions, for the whole batch (a multiply-add is two).
    pub flops: usize,
    /// Bytes of the tensors read and written, for the whole batch.
    pub bytes: usize,
}

/// Schedules a program and reports.
pub fn explain(program: &Program) -> Result<Explanation, EngineError> {
    let cpu = schedule(program, Isa::from_environment()?, Precision::F32)?;
    let plan = allocate::plan(program, &cpu);
    let phases = cpu.phases.iter().map(|p| report(program, p)).collect();
    Ok(Explanation { phases, arena: plan.size, scratch: plan.scratch })
}

impl Explanation {
    /// Tensors read and written for one region, in units of its narrowest convolution's output;
    /// `None` where the unit has no convolution.
    pub fn passes(&self, program: &Program, region: RegionId) -> Option<f64> {
        let graph = &program.graph;
        let size = |node: NodeId| graph.node(node).ty.shape.len();
        let narrowest = graph
            .ids()
            .filter(|&n| graph.node(n).origin.region == Some(region))
            .filter(|&n| matches!(graph.node(n).op, Op::Conv(_)))
            .map(size)
            .min()?;
        let moved: usize = self
            .phases
            .iter()
            .filter(|p| p.region == Some(region))
            .flat_map(|p| p.reads.iter().chain(&p.writes))
            .map(|&n| size(n))
            .sum();
        Some(moved as f64 / narrowest as f64)
    }
}

fn report(program: &Program, phase: &Phase) -> PhaseReport {
    let graph = &program.graph;
    let (mut reads, mut writes) = (BTreeSet::new(), BTreeSet::new());
    let mut steps = Vec::new();
    let (mut region, mut flops) = (None, 0);
    for step in &phase.steps {
        let (read, written) = operands(step);
        for node in tensors(graph, &read) {
            if !writes.contains(&node) {
                reads.insert(node);
            }
        }
        writes.extend(tensors(graph, &written));
        steps.extend(describe(step));
        if let Some((plan, owner)) = contraction(graph, phase, step) {
            flops += 2 * plan * program.batch;
            region = owner.or(region);
        }
    }
    let bytes = reads.iter().chain(&writes).map(|&n| graph.node(n).ty.shape.len() * 4).sum();
    PhaseReport {
        region,
        steps,
        reads: reads.into_iter().collect(),
        writes: writes.into_iter().collect(),
        flops,
        bytes,
    }
}

fn tensors(graph: &Graph, buffers: &[Buffer]) -> Vec<NodeId> {
    buffers
        .iter()
        .filter_map(|b| match b {
            Buffer::Tensor(node) if graph.node(*node).ty.batched => Some(*node),
            Buffer::Tensor(_) | Buffer::Tile(_) | Buffer::Partial(_) => None,
        })
        .collect()
}

/// Buffers a step reads and writes.
fn operands(step: &ImageStep) -> (Vec<Buffer>, Vec<Buffer>) {
    match step {
        ImageStep::Border(_) => (Vec::new(), Vec::new()),
        ImageStep::Loop(step) => loop_operands(step),
        ImageStep::Forward { x, y, .. }
        | ImageStep::Pool { x, y, .. }
        | ImageStep::Remap { x, y, .. } => (vec![*x], vec![*y]),
        ImageStep::Dx { g, dx, .. } => (vec![*g], vec![*dx]),
        ImageStep::Dw { x, g, .. } => (vec![*x, *g], Vec::new()),
        ImageStep::PoolDx { x, g, dx, .. } => (vec![*x, *g], vec![*dx]),
    }
}

fn loop_operands(step: &LoopStep) -> (Vec<Buffer>, Vec<Buffer>) {
    let spec = &step.spec;
    let written: BTreeSet<usize> = spec
        .stores
        .iter()
        .map(|s| s.access.slot)
        .chain(spec.reductions.iter().map(|r| r.access.slot))
        .collect();
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for (slot, &buffer) in step.buffers.iter().enumerate() {
        if written.contains(&slot) { writes.push(buffer) } else { reads.push(buffer) }
    }
    (reads, writes)
}

/// Multiply-adds for one image, and the region, of a step that is a contraction.
fn contraction(
    graph: &Graph,
    phase: &Phase,
    step: &ImageStep,
) -> Option<(usize, Option<RegionId>)> {
    match step {
        ImageStep::Forward { plan, weights, .. } | ImageStep::Dx { plan, weights, .. } => {
            Some((plan.multiply_adds(), graph.node(phase.packs[*weights].node).origin.region))
        }
        ImageStep::Dw { plan, node, .. } => {
            Some((plan.multiply_adds(), graph.node(*node).origin.region))
        }
        ImageStep::Border(_)
        | ImageStep::Loop(_)
        | ImageStep::Pool { .. }
        | ImageStep::PoolDx { .. }
        | ImageStep::Remap { .. } => None,
    }
}

/// What a step is and what it costs for one image.
pub(super) fn cost(step: &ImageStep) -> Cost {
    let (mut flops, mut bytes) = (0, 0);
    match step {
        ImageStep::Forward { plan, .. }
        | ImageStep::Dx { plan, .. }
        | ImageStep::Dw { plan, .. } => {
            flops = 2 * plan.multiply_adds();
            bytes = 4 * plan.elements();
        }
        ImageStep::Loop(step) => bytes = moved(&step.spec),
        ImageStep::Pool { geometry, channels, .. }
        | ImageStep::PoolDx { geometry, channels, .. } => {
            let pixels = |[rows, columns]: [usize; 2]| rows * columns;
            bytes = 4 * channels * (pixels(geometry.input) + pixels(geometry.output()));
        }
        ImageStep::Remap { from, .. } => bytes = 8 * from.iter().product::<usize>(),
        ImageStep::Border(_) => {}
    }
    let name = describe(step).unwrap_or_else(|| "borders".to_owned());
    Cost { name, flops: flops as f64, bytes: bytes as f64 }
}

/// Bytes that a loop reads and writes.
fn moved(spec: &LoopSpec) -> usize {
    let loads = spec.insts.iter().filter_map(|i| match i {
        Inst::Load(access) => Some(access),
        Inst::Const(_) | Inst::Unary(..) | Inst::Binary(..) | Inst::Random { .. } => None,
    });
    let touched = |a: &Access| {
        let along = |axis: usize| if a.strides[axis] == 0 { 1 } else { spec.extent[axis] };
        a.format.bytes() * along(0) * along(1) * along(2)
    };
    loads.chain(spec.stores.iter().map(|s| &s.access)).map(touched).sum()
}

/// `3×3/1, 16→16 channels at 32×32`: kernel, stride, channels, what forward reads.
fn shape(plan: &Contraction) -> String {
    let g = plan.geometry();
    let [ci, co] = plan.channels();
    let [[kh, kw], [rows, columns]] = [g.kernel, g.input];
    format!("{kh}×{kw}/{}, {ci}→{co} channels at {rows}×{columns}", g.stride)
}

fn describe(step: &ImageStep) -> Option<String> {
    Some(match step {
        ImageStep::Border(_) => return None,
        ImageStep::Loop(step) => {
            let [rows, columns, channels] = step.spec.extent;
            format!(
                "loop {rows}×{columns}×{channels}: {} operations, {} stores, {} reductions",
                step.spec.insts.len(),
                step.spec.stores.len(),
                step.spec.reductions.len()
            )
        }
        ImageStep::Forward { plan, .. } => format!("conv {}", shape(plan)),
        ImageStep::Dx { plan, .. } => format!("conv_dx {}", shape(plan)),
        ImageStep::Dw { plan, .. } => format!("conv_dw {}", shape(plan)),
        ImageStep::Pool { geometry, .. } => {
            format!("pool {}/{}", geometry.window, geometry.stride)
        }
        ImageStep::PoolDx { geometry, .. } => {
            format!("pool_dx {}/{}", geometry.window, geometry.stride)
        }
        ImageStep::Remap { from: [rows, columns, channels], .. } => {
            format!("remap {rows}×{columns}×{channels}")
        }
    })
}
