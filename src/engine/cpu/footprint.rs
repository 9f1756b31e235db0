//! Memory that a program will take, known before anything is allocated.

use super::memory::{Leaves, MemoryPlan};
use super::plan::schedule;
use super::simd::Isa;
use crate::engine::{EngineError, Precision};
use crate::graph::Program;

/// Memory of one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Bytes of tensors, state and workspace, which threads share.
    pub shared: usize,
    /// Bytes that each thread has beside them.
    pub a_thread: usize,
}

impl Footprint {
    /// With so many threads.
    pub fn bytes(self, threads: usize) -> usize {
        self.shared + threads * self.a_thread
    }
}

/// What a program takes on this machine's instructions.
///
/// # Errors
/// The engine has no step for the program.
pub fn footprint(program: &Program, precision: Precision) -> Result<Footprint, EngineError> {
    let schedule = schedule(program, Isa::from_environment()?, precision)?;
    let memory = MemoryPlan::new(program, &schedule, Leaves::of(program.batch));
    Ok(Footprint { shared: memory.arena, a_thread: memory.scratch })
}
