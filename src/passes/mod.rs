//! Rewrites of a program between lowering and an engine.
//!
//! [`list`] says which passes a program goes through, in order. What the papers' networks need
//! beyond them (common subexpressions, factors out of sums) the builder does as nodes are made.
//! A pass is a function from a program to one that computes the same, nearly always a
//! [`rewrite`](crate::graph::rewrite::rewrite) node by node.

mod dead;
mod detach;
mod fold;
mod recompute;

use crate::graph::Program;
use crate::graph::verify::verify;

/// What a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Training steps, and whatever else takes gradients.
    Training,
    /// Training steps that keep few activations and compute the others again.
    Recomputing,
    /// Passes in which weights are not updated.
    Inference,
}

/// One rewrite.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Its name, for a person who looks at what it leaves.
    pub name: &'static str,
    run: fn(&Program) -> Program,
}

impl Pass {
    /// What it leaves of a program; verified in debug builds.
    pub fn apply(&self, program: &Program) -> Program {
        let program = (self.run)(program);
        debug_assert_eq!(verify(&program), Ok(()), "after {}", self.name);
        program
    }
}

const DETACH: Pass = Pass { name: "detach", run: detach::remove };
const DEAD: Pass = Pass { name: "dead", run: dead::eliminate };
const FOLD: Pass = Pass { name: "fold", run: fold::factors_into_weights };
const RECOMPUTE: Pass = Pass { name: "recompute", run: recompute::recompute };

/// The passes of a mode, in order.
pub fn list(mode: Mode) -> &'static [Pass] {
    match mode {
        Mode::Training => &[DETACH, DEAD],
        Mode::Recomputing => &[DETACH, DEAD, RECOMPUTE, DEAD],
        Mode::Inference => &[DETACH, DEAD, FOLD, DEAD],
    }
}

/// A program without what its roots do not need; what is detached still says so.
pub fn needed(program: &Program) -> Program {
    DEAD.apply(program)
}

/// What the passes of a mode leave.
pub fn run(mode: Mode, program: &Program) -> Program {
    list(mode).iter().fold(program.clone(), |program, pass| pass.apply(&program))
}
