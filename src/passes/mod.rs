//! Rewrites of a program between lowering and scheduling.
//!
//! The list is [`standard`], for training and inference alike: what the papers' networks need
//! beyond it (common subexpressions, factors out of sums) the builder does as nodes are made.

mod dead;
mod detach;
mod recompute;

use crate::graph::Program;
use crate::graph::verify::verify;

pub use recompute::recompute;

/// The passes every program goes through, verified after each in debug builds.
pub fn standard(program: Program) -> Program {
    let list: [fn(Program) -> Program; 2] = [detach::remove, dead::eliminate];
    list.into_iter().fold(program, |program, pass| {
        let program = pass(program);
        debug_assert_eq!(verify(&program), Ok(()));
        program
    })
}
