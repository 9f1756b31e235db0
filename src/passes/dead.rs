//! Drops nodes that no root needs.

use crate::graph::Program;
use crate::graph::rewrite::rewrite;

/// Keeps what the roots depend on, renumbered in the same order.
pub fn eliminate(program: &Program) -> Program {
    let live = program.live();
    rewrite(program, |copy, id| live[id.index()].then(|| copy.keep(id)))
}
