//! Which pointwise values get a buffer of their own.

use std::collections::HashSet;

use crate::graph::placement::{Home, Placement};
use crate::graph::{Graph, NodeId, Op, Program};

use super::rules::is_anchor;
use super::total::Totals;

/// Expressions with more operations than this are cut by storing a part.
const LARGEST_EXPRESSION: usize = 160;
/// Scalars of no more operations are computed wherever they are read.
const MOST_CHEAP: usize = 6;

/// Pointwise values that get a buffer: those that placement says, what bare contractions read, roots,
/// and parts of expressions that would grow too large. Totals have kernels of their own.
pub(super) fn stored(
    program: &Program,
    placement: &Placement,
    bare: &HashSet<NodeId>,
    totals: &Totals,
) -> Vec<bool> {
    let graph = &program.graph;
    let mut wanted: Vec<bool> = placement.home.iter().map(|home| *home != Home::Inline).collect();
    bare.iter().flat_map(|&id| &graph.node(id).args).for_each(|arg| wanted[arg.index()] = true);
    let mut root = vec![false; graph.nodes.len()];
    program.roots().for_each(|n| root[n.index()] = true);
    let mut size = vec![1usize; graph.nodes.len()];
    let mut cheap = vec![false; graph.nodes.len()];
    let of_state = of_state(program);
    let mut stored = vec![false; graph.nodes.len()];
    for id in graph.ids() {
        let node = graph.node(id);
        let at = id.index();
        let total = totals.inside.contains(&id) || totals.terms.contains_key(&id);
        if is_anchor(&node.op) || matches!(node.op, Op::Input(_)) || total {
            continue;
        }
        size[at] = 1 + node.args.iter().map(|arg| size[arg.index()]).sum::<usize>();
        // A re-indexing costs nothing where it is read; placement stores it for other engines.
        cheap[at] = is_cheap(graph, id, size[at], &cheap);
        let moved = matches!(node.op, Op::Const(_) | Op::Remap(_) | Op::Reshape);
        let wanted = (wanted[at] && !moved && !cheap[at]) || of_state[at];
        stored[at] = root[at] || wanted || size[at] > LARGEST_EXPRESSION;
        if stored[at] {
            size[at] = 1;
        }
    }
    stored
}

/// Scalars of a state that many values repeat: stored, so that the new state need not wait for them.
fn of_state(program: &Program) -> Vec<bool> {
    let graph = &program.graph;
    let users = graph.users();
    let new = |arg: &NodeId| match graph.node(*arg).op {
        Op::Input(input) => program.updates.iter().any(|(updated, _)| *updated == input),
        _ => false,
    };
    let scalar = |id: NodeId| {
        let node = graph.node(id);
        !node.ty.batched && node.ty.shape.len() == 1 && matches!(node.op, Op::Unary(_))
    };
    let repeated = |id: NodeId| {
        let larger = users[id.index()].iter().filter(|user| graph.node(**user).ty.shape.len() > 1);
        larger.count() > 1
    };
    graph
        .ids()
        .map(|id| scalar(id) && graph.node(id).args.iter().all(new) && repeated(id))
        .collect()
}

/// Whether a scalar is computed from others as fast as it is read, which saves a kernel.
fn is_cheap(graph: &Graph, id: NodeId, size: usize, cheap: &[bool]) -> bool {
    let node = graph.node(id);
    let known = |arg: &NodeId| match graph.node(*arg).op {
        Op::Const(_) => true,
        Op::Input(_) => graph.node(*arg).ty.shape.len() == 1,
        _ => cheap[arg.index()],
    };
    let pointwise = matches!(node.op, Op::Unary(_) | Op::Binary(_) | Op::Broadcast);
    let scalar = !node.ty.batched && node.ty.shape.len() == 1;
    pointwise && scalar && size <= MOST_CHEAP && node.args.iter().all(known)
}
