//! A program as this engine runs it.

use super::step::{Extent, Steps};
use crate::engine::EngineError;
use crate::engine::cpu::loops::{LoopSpec, MAX_SLOTS};
use crate::engine::cpu::operand::{NumberFormat, Operand};

/// Scratch for one image.
#[derive(Clone, Copy, Debug)]
pub enum Tile {
    /// Of this layout.
    Image(Operand),
    /// Whatever a step keeps there.
    Scratch {
        /// f32 words.
        words: usize,
    },
}

impl Tile {
    /// f32 words.
    pub fn words(&self) -> usize {
        match self {
            Tile::Image(operand) => operand.words(),
            Tile::Scratch { words } => *words,
        }
    }
}

/// A program as this engine runs it.
pub struct Schedule {
    /// How each node's tensor is stored, by node.
    pub formats: Vec<NumberFormat>,
    /// By [`super::step::LoopId`].
    pub loops: Vec<LoopSpec>,
    /// By their numbers, phase after phase.
    pub tiles: Vec<Tile>,
    /// What runs.
    pub steps: Steps<Extent>,
}

impl Schedule {
    /// Refuses loops of more pointers than there is room for.
    pub fn check_slots(&self) -> Result<(), EngineError> {
        match self.loops.iter().find(|spec| spec.slots > MAX_SLOTS) {
            None => Ok(()),
            Some(spec) => Err(EngineError::TooManyTensors { tensors: spec.slots, most: MAX_SLOTS }),
        }
    }
}
