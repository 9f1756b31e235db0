//! Drops nodes that no root needs.

use crate::graph::rewrite::rewrite;
use crate::graph::{NodeId, Op, Program};

/// Keeps what the roots depend on, renumbered in the same order; and every input, which somebody will
/// write, whether it is read or not.
pub fn eliminate(program: &Program) -> Program {
    let live = program.live();
    let kept = |id: NodeId| live[id.index()] || matches!(program.graph.node(id).op, Op::Input(_));
    rewrite(program, |copy, id| kept(id).then(|| copy.keep(id)))
}
