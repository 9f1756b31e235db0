//! Once gradients are taken, `Detach` is the identity.

use crate::graph::{NodeId, Op, Program};

/// Lets users of a `Detach` read its argument.
pub fn remove(mut program: Program) -> Program {
    let mut target: Vec<NodeId> = program.graph.ids().collect();
    for id in program.graph.ids() {
        let node = &mut program.graph.nodes[id.index()];
        for arg in &mut node.args {
            *arg = target[arg.index()];
        }
        if node.op == Op::Detach {
            target[id.index()] = node.args[0];
        }
    }
    for output in &mut program.outputs {
        output.node = target[output.node.index()];
    }
    for (_, node) in &mut program.updates {
        *node = target[node.index()];
    }
    program
}
