//! In which order nodes are given to kernels.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::graph::placement::{Placement, Stage};
use crate::graph::{Class, NodeId, Op, Program};

use super::rules::is_anchor;

/// A topological order of the live nodes, by stage where the graph leaves a choice. Weight
/// gradients come last in their stage, so that no kernel after them reads the weights that
/// their epilogue updates in place.
pub(super) fn order(program: &Program, placement: &Placement) -> Vec<NodeId> {
    let graph = &program.graph;
    let live = program.live();
    let users = graph.users();
    let mut missing: Vec<usize> = graph.nodes.iter().map(|node| node.args.len()).collect();
    let stages = stages(program, placement);
    let key =
        |id: NodeId| Reverse((stages[id.index()], matches!(graph.node(id).op, Op::ConvDw(_)), id));
    let mut ready = BinaryHeap::new();
    for id in graph.ids().filter(|id| live[id.index()]) {
        if missing[id.index()] == 0 {
            ready.push(key(id));
        }
    }
    let mut order = Vec::new();
    while let Some(Reverse((_, _, id))) = ready.pop() {
        order.push(id);
        for &user in &users[id.index()] {
            missing[user.index()] -= 1;
            if missing[user.index()] == 0 && live[user.index()] {
                ready.push(key(user));
            }
        }
    }
    order
}

/// When each node is computed. What needs nothing but inputs is not hurried: a reduction of the targets
/// comes with those of the logits, not before the first convolution.
fn stages(program: &Program, placement: &Placement) -> Vec<Stage> {
    let graph = &program.graph;
    let mut early = vec![false; graph.nodes.len()];
    for id in graph.ids() {
        let node = graph.node(id);
        early[id.index()] = match node.op.class() {
            Class::Source | Class::Pointwise | Class::Order => true,
            Class::Reduction => node.ty.batched,
            Class::Window | Class::Contraction | Class::Move => false,
        } && node.args.iter().all(|arg| early[arg.index()]);
    }
    let users = graph.users();
    let mut stages = placement.stage.clone();
    for id in graph.ids().rev().filter(|id| early[id.index()]) {
        let first = users[id.index()].iter().map(|user| stages[user.index()]).min();
        stages[id.index()] =
            first.map_or(stages[id.index()], |first| first.max(stages[id.index()]));
    }
    stages
}

/// Values that only state updates need. They are placed after everything else, when it is known
/// from which kernel on the old state has no reader.
pub(super) fn only_for_updates(program: &Program) -> Vec<bool> {
    let graph = &program.graph;
    let live = program.live();
    let mut only = vec![false; graph.nodes.len()];
    let mut wanted = vec![false; graph.nodes.len()];
    for output in &program.outputs {
        wanted[output.node.index()] = true;
    }
    for id in graph.ids().rev().filter(|id| live[id.index()]) {
        let node = graph.node(id);
        let at = id.index();
        only[at] = !wanted[at] && !node.ty.batched && !is_anchor(&node.op);
        if !only[at] {
            for arg in &node.args {
                wanted[arg.index()] = true;
            }
        }
    }
    only
}
