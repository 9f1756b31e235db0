//! Rewrites of a program between lowering and scheduling.
//!
//! The lists are [`standard`] and [`inference`]: what the papers' networks need beyond them
//! (common subexpressions, factors out of sums) the builder does as nodes are made.

mod dead;
mod detach;
mod fold;
mod recompute;

use crate::graph::Program;
use crate::graph::verify::verify;

pub use recompute::recompute;

type Pass = fn(Program) -> Program;

/// The passes every program goes through.
pub fn standard(program: Program) -> Program {
    run(&[detach::remove, dead::eliminate], program)
}

/// Further passes of a program in which the weights are not updated.
pub fn inference(program: Program) -> Program {
    run(&[fold::factors_into_weights, dead::eliminate], program)
}

/// Verifies after each pass in debug builds.
fn run(list: &[Pass], program: Program) -> Program {
    list.iter().fold(program, |program, pass| {
        let program = pass(program);
        debug_assert_eq!(verify(&program), Ok(()));
        program
    })
}
