//! This engine's stages as text, for people who debug.

use super::memory::{Leaves, MemoryPlan};
use super::plan::schedule;
use super::simd::Isa;
use crate::engine::{EngineError, Precision};
use crate::graph::Program;

/// What runs: phases, their steps and tiles, and the code of their loops.
///
/// # Errors
/// If the engine has no step for the program.
pub fn phases(program: &Program, isa: Isa, precision: Precision) -> Result<String, EngineError> {
    Ok(schedule(program, isa, precision)?.to_string())
}

/// Where everything lies: offsets, sizes and live ranges.
///
/// # Errors
/// As [`phases`].
pub fn memory(program: &Program, isa: Isa, precision: Precision) -> Result<String, EngineError> {
    let schedule = schedule(program, isa, precision)?;
    Ok(MemoryPlan::new(program, &schedule, Leaves::of(program.batch)).text(&schedule))
}
