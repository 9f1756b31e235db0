//! Where the forward pass can be cut.

use crate::graph::placement::{Home, Placement};
use crate::graph::{Graph, NodeId, Op, Program, ReduceKind};

/// A tensor through which everything goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The tensor.
    pub node: NodeId,
    /// Its bytes in f32.
    pub bytes: usize,
    /// Bytes that backward reads of what was stored since the cut before.
    pub before: usize,
}

/// Every cut of the forward pass, in order, and the bytes that backward reads after the last.
/// `forward` tells which nodes the forward pass consists of.
pub fn cuts(program: &Program, placement: &Placement, forward: &[bool]) -> (Vec<Cut>, usize) {
    let graph = &program.graph;
    let last_read = last_reads(graph, placement, forward);
    let in_forward = |id: &NodeId| forward[id.index()] && graph.node(*id).ty.batched;
    let phases = graph.ids().filter(in_forward).map(|id| placement.stage(id).phase);
    let last_phase = phases.max().unwrap_or(0);
    let mut cuts = Vec::new();
    let (mut reach, mut before) = (0, 0);
    for id in graph.ids().filter(|id| forward[id.index()] && is_stored(graph, placement, *id)) {
        let bytes = graph.node(id).ty.shape.len() * size_of::<f32>();
        let kept = placement.uses[id.index()].iter().any(|stage| stage.phase > last_phase);
        let alone = reach <= id.index();
        reach = reach.max(last_read[id.index()]);
        // Backward compares a maximum with its elements to the bit, so both are copies, or neither.
        let is_maximum = matches!(graph.node(id).op, Op::Reduce(ReduceKind::Max, _));
        if alone && last_read[id.index()] > id.index() && !is_maximum {
            cuts.push(Cut { node: id, bytes, before });
            before = 0;
        } else if kept {
            before += bytes;
        }
    }
    (cuts, before)
}

fn is_stored(graph: &Graph, placement: &Placement, id: NodeId) -> bool {
    let node = graph.node(id);
    node.ty.batched && placement.home(id) != Home::Inline && !matches!(node.op, Op::Input(_))
}

/// Position of the last forward node that reads each stored one, directly or through values that
/// are recomputed where they are used.
fn last_reads(graph: &Graph, placement: &Placement, forward: &[bool]) -> Vec<usize> {
    let mut last: Vec<usize> = vec![0; graph.nodes.len()];
    for id in graph.ids().rev().filter(|id| forward[id.index()]) {
        let inlined = graph.node(id).ty.batched && placement.home(id) == Home::Inline;
        let read = if inlined { last[id.index()] } else { id.index() };
        for arg in &graph.node(id).args {
            last[arg.index()] = last[arg.index()].max(read);
        }
    }
    last
}
