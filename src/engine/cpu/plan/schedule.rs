//! A program as this engine runs it: phases of steps, generic over memory as steps are.

use std::sync::Arc;

use super::buffer::Extent;
use super::step::{Loop, Step};
use crate::engine::EngineError;
use crate::engine::cpu::loops::{LoopSpec, MAX_SLOTS};
use crate::engine::cpu::operand::{NumberFormat, Operand};
use crate::engine::cpu::simd::{Contraction, Direction};

/// Weights that are packed before a phase.
#[derive(Clone)]
pub struct Pack<B> {
    /// Kernels.
    pub plan: Arc<Contraction>,
    /// For which product.
    pub direction: Direction,
    /// As the graph holds them.
    pub weights: B,
    /// As the kernels read them.
    pub packed: B,
}

impl<B: Copy> Pack<B> {
    /// The same on other memory.
    pub fn map<C>(&self, mut to: impl FnMut(B) -> C) -> Pack<C> {
        let (weights, packed) = (to(self.weights), to(self.packed));
        Pack { plan: self.plan.clone(), direction: self.direction, weights, packed }
    }
}

/// A result for the whole batch, put together when all images are done.
#[derive(Clone)]
pub struct Merge<B> {
    /// How.
    pub kind: MergeKind,
    /// What images or chunks have left, one after another.
    pub parts: B,
    /// The result.
    pub result: B,
}

/// How parts become a result.
#[derive(Clone)]
pub enum MergeKind {
    /// Σ over images.
    Sum,
    /// The largest of all images.
    Max,
    /// Σ (x − mean)² from the moments of images of `count` elements each.
    Moments {
        /// Elements an image adds to each result.
        count: usize,
    },
    /// A weight gradient from the sums of chunks.
    Weights(Arc<Contraction>),
}

impl<B: Copy> Merge<B> {
    /// The same on other memory.
    pub fn map<C>(&self, mut to: impl FnMut(B) -> C) -> Merge<C> {
        Merge { kind: self.kind.clone(), parts: to(self.parts), result: to(self.result) }
    }
}

/// A sum over all ranks, of a value outside the batch.
#[derive(Clone, Copy)]
pub struct Total<B> {
    /// What this rank adds to it.
    pub part: B,
    /// The result.
    pub result: B,
}

impl<B: Copy> Total<B> {
    /// The same on other memory.
    pub fn map<C>(&self, mut to: impl FnMut(B) -> C) -> Total<C> {
        Total { part: to(self.part), result: to(self.result) }
    }
}

/// Work between two synchronisations of the whole batch.
#[derive(Clone)]
pub struct Phase<B> {
    /// Loops and re-indexing outside the batch, run first.
    pub before: Vec<Step<B>>,
    /// Sums over all ranks that begin then, and are known before whatever reads them.
    pub totals: Vec<Total<B>>,
    /// Weights packed next.
    pub packs: Vec<Pack<B>>,
    /// Steps run for each image.
    pub steps: Vec<Step<B>>,
    /// Results put together at the end.
    pub merges: Vec<Merge<B>>,
}

impl<B> Default for Phase<B> {
    fn default() -> Self {
        let (before, totals, packs) = (Vec::new(), Vec::new(), Vec::new());
        Self { before, totals, packs, steps: Vec::new(), merges: Vec::new() }
    }
}

impl<B: Copy> Phase<B> {
    /// What its steps outside the batch and of images read, and its packs.
    pub fn reads(&self) -> impl Iterator<Item = B> {
        let steps = self.before.iter().chain(&self.steps).flat_map(|step| step.accesses().reads);
        let packs = self.packs.iter().map(|pack| pack.weights);
        steps.chain(packs).chain(self.totals.iter().map(|total| total.part))
    }

    /// The same on other memory.
    pub fn map<C>(&self, mut to: impl FnMut(B) -> C) -> Phase<C> {
        Phase {
            before: self.before.iter().map(|step| step.map(&mut to)).collect(),
            totals: self.totals.iter().map(|total| total.map(&mut to)).collect(),
            packs: self.packs.iter().map(|pack| pack.map(&mut to)).collect(),
            steps: self.steps.iter().map(|step| step.map(&mut to)).collect(),
            merges: self.merges.iter().map(|merge| merge.map(&mut to)).collect(),
        }
    }
}

/// All that a program runs.
#[derive(Clone)]
pub struct Steps<B> {
    /// In order.
    pub phases: Vec<Phase<B>>,
    /// Loops after the last phase, which update state: runs in any order, the loops of each in theirs.
    pub last: Vec<Vec<Loop<B>>>,
    /// New state that could not be written in place: from where, and onto which input.
    pub copies: Vec<[B; 2]>,
}

impl<B: Copy> Steps<B> {
    /// The same on other memory.
    pub fn map<C>(&self, mut to: impl FnMut(B) -> C) -> Steps<C> {
        Steps {
            phases: self.phases.iter().map(|phase| phase.map(&mut to)).collect(),
            last: self
                .last
                .iter()
                .map(|run| run.iter().map(|step| step.map(&mut to)).collect())
                .collect(),
            copies: self.copies.iter().map(|copy| copy.map(&mut to)).collect(),
        }
    }
}

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
