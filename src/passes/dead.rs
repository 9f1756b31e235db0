//! Drops nodes that no root needs. Inputs stay declared, so their ids stay valid.

use crate::graph::{NodeId, Program};

/// Keeps what the roots depend on, renumbered in the same order.
pub fn eliminate(mut program: Program) -> Program {
    let mut live = vec![false; program.graph.nodes.len()];
    for root in program.roots().collect::<Vec<_>>() {
        live[root.index()] = true;
    }
    for id in program.graph.ids().rev() {
        if live[id.index()] {
            for arg in &program.graph.node(id).args {
                live[arg.index()] = true;
            }
        }
    }
    let mut renumbered = vec![NodeId(0); live.len()];
    let mut next = 0;
    for (index, &keep) in live.iter().enumerate() {
        if keep {
            renumbered[index] = NodeId(next);
            next += 1;
        }
    }
    let mut flags = live.iter();
    program.graph.nodes.retain(|_| *flags.next().unwrap_or(&false));
    for node in &mut program.graph.nodes {
        for arg in &mut node.args {
            *arg = renumbered[arg.index()];
        }
    }
    for output in &mut program.outputs {
        output.node = renumbered[output.node.index()];
    }
    for (_, node) in &mut program.updates {
        *node = renumbered[node.index()];
    }
    program
}
