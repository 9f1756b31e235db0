//! Which sums over ranks cross together.
//!
//! What backward waits for crosses when it is read. Gradients, which only the new state needs, cross by
//! [`BUCKET`] numbers while backward goes on, and whatever is made of them comes behind it.

use std::collections::HashSet;

use crate::graph::{NodeId, Op, Program};

/// Numbers that cross together at least, unless somebody waits for them: a megabyte.
const BUCKET: usize = 1 << 18;

/// Nodes in the order in which they are to be given to kernels, with sums over ranks side by side where they
/// cross together.
pub(super) fn together(program: &Program, order: Vec<NodeId>) -> Vec<NodeId> {
    let graph = &program.graph;
    if !graph.nodes.iter().any(|node| node.op == Op::Total) {
        return order;
    }
    let urgent = urgent(program);
    let behind = behind(program, &urgent);
    let (last, first): (Vec<_>, Vec<_>) = order.into_iter().partition(|&id| behind[id.index()]);
    let mut crossing = Crossing::default();
    for id in first.into_iter().chain(last) {
        let node = graph.node(id);
        crossing.before(&node.args);
        match (node.op, urgent[id.index()]) {
            (Op::Total, true) => crossing.urgent.add(id, node.ty.shape.len()),
            (Op::Total, false) => {
                crossing.patient.add(id, node.ty.shape.len());
                if crossing.patient.numbers >= BUCKET {
                    crossing.patient.cross(&mut crossing.order);
                }
            }
            _ => crossing.order.push(id),
        }
    }
    crossing.urgent.cross(&mut crossing.order);
    crossing.patient.cross(&mut crossing.order);
    crossing.order
}

/// Of every node whether it is made of a sum over ranks that the passes do not wait for. Nothing of the batch
/// is; weight gradients are not where only statistics are such sums, so that they stay among the passes.
fn behind(program: &Program, urgent: &[bool]) -> Vec<bool> {
    let graph = &program.graph;
    let mut behind = vec![false; graph.nodes.len()];
    let is_patient = |id: NodeId| graph.node(id).op == Op::Total && !urgent[id.index()];
    for id in graph.ids() {
        let of = |arg: &NodeId| is_patient(*arg) || behind[arg.index()];
        behind[id.index()] = graph.node(id).args.iter().any(of);
    }
    behind
}

/// Of every node whether something of the batch is made of it.
fn urgent(program: &Program) -> Vec<bool> {
    let graph = &program.graph;
    let live = program.live();
    let mut urgent = vec![false; graph.nodes.len()];
    for id in graph.ids().rev().filter(|id| live[id.index()]) {
        let node = graph.node(id);
        if node.ty.batched || urgent[id.index()] {
            node.args.iter().for_each(|arg| urgent[arg.index()] = true);
        }
    }
    urgent
}

/// Sums that are held back.
#[derive(Default)]
struct Bucket {
    held: Vec<NodeId>,
    known: HashSet<NodeId>,
    numbers: usize,
}

impl Bucket {
    fn add(&mut self, id: NodeId, numbers: usize) {
        self.held.push(id);
        self.known.insert(id);
        self.numbers += numbers;
    }

    fn cross(&mut self, order: &mut Vec<NodeId>) {
        order.extend(std::mem::take(self).held);
    }
}

/// An order that is made node by node.
#[derive(Default)]
struct Crossing {
    order: Vec<NodeId>,
    urgent: Bucket,
    patient: Bucket,
}

impl Crossing {
    /// Has what is about to be read cross.
    fn before(&mut self, args: &[NodeId]) {
        for bucket in [&mut self.urgent, &mut self.patient] {
            if args.iter().any(|arg| bucket.known.contains(arg)) {
                bucket.cross(&mut self.order);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::builder::Builder;
    use crate::graph::{Axes, OutputKind, ReduceKind, Role, Shape, Type};

    #[test]
    fn what_the_batch_waits_for_crosses_when_it_is_read_and_the_rest_by_buckets() {
        let mut b = Builder::new();
        let x = b.input("x", Role::Images, Type { shape: Shape([4, 2, 2, 3]), batched: true });
        let sum = b.reduce(ReduceKind::Sum, Axes::BATCH_AND_SPACE, x);
        let statistic = b.total(sum);
        let other = b.reduce(ReduceKind::M2, Axes::BATCH_AND_SPACE, x);
        let gradient = b.total(other);
        let moved = b.sub(x, statistic);
        let loss = b.reduce(ReduceKind::Sum, Axes::ALL, moved);
        let last = b.total(loss);
        let new = b.scale(gradient, 0.5);
        let outputs = vec![OutputKind::Loss.of(last), OutputKind::Logits.of(moved)];
        let graph = b.finish();
        let statistic_of_all = Program { graph, outputs, updates: Vec::new(), batch: 4 };
        let mut program = statistic_of_all;
        program.outputs.push(OutputKind::Loss.of(new));
        let order: Vec<NodeId> = program.graph.ids().collect();
        let ordered = together(&program, order);
        let at = |id: NodeId| ordered.iter().position(|other| *other == id).unwrap();
        assert_eq!(ordered.len(), program.graph.nodes.len());
        assert!(at(statistic) < at(moved) && at(loss) < at(gradient));
        assert_eq!((at(gradient) + 1, at(last)), (at(last), at(new) - 1), "{ordered:?}");
    }
}
