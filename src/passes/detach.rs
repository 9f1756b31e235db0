//! Once gradients are taken, `Detach` is the identity.

use crate::graph::rewrite::rewrite;
use crate::graph::{Op, Program};

/// Lets users of a `Detach` read its argument.
pub fn remove(program: &Program) -> Program {
    rewrite(program, |copy, id| {
        let node = program.graph.node(id);
        Some(if node.op == Op::Detach { copy.at(node.args[0]) } else { copy.keep(id) })
    })
}
