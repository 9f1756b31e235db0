//! A program as steps: what runs before the images of each phase, for each image, and after them.
//!
//! [`unbatched`] collects work on what has no batch axis; [`phase`] arranges, rank by rank, loops
//! and anchors; [`fuse`] writes the loops; [`storage`] decides which memory values lie in (it and
//! `phase` are one builder in two files), [`tensors`] which of them is another's; [`step`], [`buffer`] and
//! [`schedule`](mod@schedule) are what all of them write; [`extents`] checks that every step finds what it
//! reads, and [`needed`] says by when other ranks' parts must be there.

mod buffer;
mod extents;
mod fuse;
mod needed;
mod phase;
mod schedule;
mod step;
mod storage;
mod tensors;
mod text;
mod unbatched;

use super::operand::NumberFormat;
use super::simd::Isa;
use crate::engine::{EngineError, Precision};
use crate::graph::placement::{Home, Placement, closes_phase, compared};
use crate::graph::{AxisMap, Class, Graph, NodeId, Op, Program, ReduceKind};

use fuse::LoopTable;
use phase::PhaseBuilder;
use tensors::Tensors;

pub use buffer::{Buffer, Extent};
pub use needed::Needed;
pub use schedule::{Merge, MergeKind, Phase, Schedule, Steps, Total};
pub use step::{Cost, Loop, Step};

/// Refuses what no layer of the language lowers to and the engine therefore has no step for:
/// second moments that are not over the batch, re-indexing along the batch; outside it repetition along
/// one of the first two axes, which loops take as one.
fn check(program: &Program) -> Result<(), EngineError> {
    let graph = &program.graph;
    for id in graph.ids() {
        let node = graph.node(id);
        let refused = match node.op {
            Op::Reduce(ReduceKind::M2, _) => !closes_phase(graph, id),
            Op::Remap(map) => {
                let identity = AxisMap::identity(node.ty.shape.0[0]);
                node.ty.batched && map.axes[0] != identity
            }
            _ => !node.ty.batched && repeats_one(graph, id),
        };
        if refused {
            let operation = format!("{:?}", node.op);
            return Err(EngineError::NoStep { node: id, operation });
        }
    }
    Ok(())
}

/// Whether a pointwise node repeats an argument along its first or its second axis alone.
fn repeats_one(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let [rows, columns, ..] = node.ty.shape.0;
    node.op.class() == Class::Pointwise
        && node.args.iter().any(|&arg| {
            let [a, b, ..] = graph.node(arg).ty.shape.0;
            [a, b] != [rows, columns] && [a, b] != [1, 1]
        })
}

/// Arranges a program into phases.
pub fn schedule(
    program: &Program,
    isa: Isa,
    precision: Precision,
) -> Result<Schedule, EngineError> {
    check(program)?;
    let placement = Placement::new(program);
    let formats = formats(program, &placement, precision);
    let mut loops = LoopTable::default();
    let unbatched = unbatched::sort(program, &placement);
    let tensors = Tensors::of(program);
    let mut ready = unbatched::ready(program, &placement, &tensors);
    let mut builder = PhaseBuilder::new(&tensors, &placement, &formats, (isa, precision));
    let mut phases = Vec::new();
    for (nodes, before) in by_phase(program, &placement).iter().zip(&unbatched.before) {
        let before = unbatched::steps(&tensors, &mut ready, before, &mut loops, isa)?;
        let (totals, nodes): (Vec<NodeId>, Vec<NodeId>) =
            nodes.iter().partition(|id| program.graph.node(**id).op == Op::Total);
        let totals = totals.into_iter().map(|id| unbatched::total(&tensors, id)).collect();
        phases.push(Phase { before, totals, ..builder.build(&nodes, &mut loops)? });
    }
    let tiles = builder.finish();
    let runs = unbatched.last.iter();
    let mut last: Vec<_> =
        runs.map(|run| unbatched::fuse(&tensors, &mut ready, run, &mut loops)).collect();
    let copies = unbatched::update(program, &tensors, &mut last);
    let steps = Steps { phases, last, copies };
    let schedule = Schedule { formats, loops: loops.finish(), tiles, steps };
    schedule.check_slots()?;
    extents::check(program, &schedule)?;
    Ok(schedule)
}

/// The nodes that each phase computes for every image.
fn by_phase(program: &Program, placement: &Placement) -> Vec<Vec<NodeId>> {
    let graph = &program.graph;
    let mut by_phase = vec![Vec::new(); placement.phases as usize];
    for id in graph.ids() {
        let node = graph.node(id);
        let in_batch = node.ty.batched || closes_phase(graph, id);
        if in_batch && !matches!(node.op, Op::Input(_)) {
            by_phase[placement.stage(id).phase as usize].push(id);
        }
    }
    by_phase
}

/// How each node's tensor is stored: in bf16 where that is asked for, there are pixels, and an
/// image's elements fill whole words, so that images do not share one. Outputs are read as f32.
fn formats(program: &Program, placement: &Placement, precision: Precision) -> Vec<NumberFormat> {
    let graph = &program.graph;
    let format = |id: NodeId| {
        let node = graph.node(id);
        let [_, rows, columns, channels] = node.ty.shape.0;
        let activation = node.ty.batched
            && rows * columns > 1
            // One number a pixel, or a group: moments are among these.
            && channels > 1
            && (rows * columns * channels).is_multiple_of(2)
            && placement.home(id) == Home::Tensor
            && !matches!(node.op, Op::Input(_))
            && program.outputs.iter().all(|output| output.node != id);
        match precision {
            Precision::Bf16 if activation => NumberFormat::Bf16,
            Precision::F32
            | Precision::Bf16x3
            | Precision::Bf16
            | Precision::F16x3
            | Precision::F16 => NumberFormat::F32,
        }
    };
    let mut formats: Vec<NumberFormat> = graph.ids().map(format).collect();
    compared(graph).for_each(|id| formats[id.index()] = NumberFormat::F32);
    formats
}
