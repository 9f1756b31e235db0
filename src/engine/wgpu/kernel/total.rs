//! Sums of the sums of many tensors: one kernel adds them all up.
//!
//! Whether all gradients are finite is such a sum. Reduction by reduction it would be two kernels for
//! each tensor and a chain of scalars.

use std::collections::{HashMap, HashSet};

use crate::graph::{Binary, Graph, NodeId, Op, Program, ReduceKind};

/// Fewer reductions are computed as any others.
const LEAST: usize = 3;

/// Such sums of a program.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// For each, the reductions that it adds up.
    pub terms: HashMap<NodeId, Vec<NodeId>>,
    /// The sums and reductions that nothing else needs.
    pub inside: HashSet<NodeId>,
}

impl Totals {
    /// Sums of nothing but reductions of computed tensors outside the batch to one number, of which
    /// nothing is needed but the whole.
    pub fn of(program: &Program) -> Self {
        let graph = &program.graph;
        let live = program.live();
        let mut users = vec![0usize; graph.nodes.len()];
        for id in graph.ids().filter(|id| live[id.index()]) {
            graph.node(id).args.iter().for_each(|arg| users[arg.index()] += 1);
        }
        let mut roots = vec![false; graph.nodes.len()];
        program.roots().for_each(|root| roots[root.index()] = true);
        let alone = |id: NodeId| users[id.index()] == 1 && !roots[id.index()];
        let mut totals = Self::default();
        for id in graph.ids().rev().filter(|id| live[id.index()] && !roots[id.index()]) {
            if !is_sum(graph, id) || totals.inside.contains(&id) {
                continue;
            }
            let (mut terms, mut inside, mut values) = (Vec::new(), HashSet::new(), HashSet::new());
            let mut stack: Vec<NodeId> = graph.node(id).args.iter().rev().copied().collect();
            let all = std::iter::from_fn(|| {
                stack.pop().inspect(|&next| {
                    if is_sum(graph, next) && alone(next) {
                        stack.extend(graph.node(next).args.iter().rev());
                    }
                })
            });
            let pure = all.into_iter().all(|next| {
                inside.insert(next);
                if is_sum(graph, next) && alone(next) {
                    return true;
                }
                terms.push(next);
                let value = reduced(graph, next).filter(|value| !roots[value.index()]);
                alone(next) && value.is_some_and(|value| values.insert(value))
            });
            if pure && terms.len() >= LEAST {
                totals.terms.insert(id, terms);
                totals.inside.extend(inside);
            }
        }
        totals
    }
}

fn is_sum(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    node.op == Op::Binary(Binary::Add) && !node.ty.batched && node.ty.shape.len() == 1
}

/// The computed tensor outside the batch whose elements a node adds up to one number.
fn reduced(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    let Op::Reduce(ReduceKind::Sum, _) = node.op else { return None };
    let value = node.args[0];
    let of = graph.node(value);
    let computed = !matches!(of.op, Op::Input(_) | Op::Const(_) | Op::Remap(_) | Op::Reshape);
    let whole = node.ty.shape.len() == 1 && of.ty.shape.len() > 1;
    (computed && whole && !of.ty.batched).then_some(value)
}
