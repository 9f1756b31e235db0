//! One step of a phase.
//!
//! Steps are generic over how a buffer is named: by its [`Extent`](super::buffer::Extent) in the
//! schedule, by its place in memory once linked. What a step reads and writes stands once, in
//! [`Step::accesses`].

use std::sync::Arc;

use crate::engine::cpu::loops::LoopSpec;
use crate::engine::cpu::operand::Operand;
use crate::engine::cpu::simd::{Contraction, Direction, Product};
use crate::engine::cpu::windows::Window;

/// One of a schedule's loops, which equal loops share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LoopId(pub usize);

/// What a slot of a loop points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot<B> {
    /// The memory.
    pub memory: B,
    /// Whether the loop writes there rather than reads.
    pub written: bool,
}

/// A loop over one image or, outside the batch, over whole tensors.
#[derive(Clone, Debug)]
pub struct Loop<B> {
    /// Its code.
    pub code: LoopId,
    /// In the order of the code's pointers.
    pub slots: Vec<Slot<B>>,
}

/// What a step does to an image, or to the results of its chunk.
#[derive(Clone)]
pub enum Step<B> {
    /// Zeroes what lies around a tile's image, before a loop fills that.
    ClearBorder {
        /// The tile's layout.
        operand: Operand,
        /// The tile.
        tile: B,
    },
    /// Pointwise work and reductions.
    Loop(Loop<B>),
    /// A convolution, or its adjoint with respect to what it reads.
    Convolve {
        /// Kernels.
        plan: Arc<Contraction>,
        /// Which of the two.
        direction: Direction,
        /// What is read.
        from: B,
        /// Packed weights.
        weights: B,
        /// What is written.
        to: B,
    },
    /// Adds the adjoint with respect to the weights to the chunk's sums, for some images at once.
    WeightGradient {
        /// Kernels.
        plan: Arc<Contraction>,
        /// What the convolution read.
        x: B,
        /// Gradient of what it wrote.
        g: B,
        /// What the kernels keep from image to image, if anything.
        kept: Option<B>,
        /// Scratch of its own, where the kernels want any.
        scratch: Option<B>,
        /// What is added to.
        sums: B,
    },
    /// A product of matrices outside the batch.
    Product {
        /// Kernels.
        plan: Arc<Product>,
        /// Both operands.
        operands: [B; 2],
        /// Memory in between.
        work: B,
        /// What is written.
        result: B,
    },
    /// Pooling, its adjoint, or re-indexing.
    Window {
        /// Which.
        window: Window,
        /// In its order.
        operands: Vec<B>,
        /// What is written.
        result: B,
    },
}

/// What a step reads and writes.
#[derive(Clone, Debug)]
pub struct Accesses<B> {
    /// Read.
    pub reads: Vec<B>,
    /// Written.
    pub writes: Vec<B>,
}

impl<B> Accesses<B> {
    /// Reads, then writes.
    pub fn all(self) -> impl Iterator<Item = B> {
        self.reads.into_iter().chain(self.writes)
    }
}

impl<B: Copy> Loop<B> {
    /// What it reads and writes.
    pub fn accesses(&self) -> Accesses<B> {
        let of = |written: bool| {
            self.slots.iter().filter(|s| s.written == written).map(|s| s.memory).collect()
        };
        Accesses { reads: of(false), writes: of(true) }
    }

    /// The same loop on other memory.
    pub fn map<C>(&self, mut to: impl FnMut(B) -> C) -> Loop<C> {
        let slots =
            self.slots.iter().map(|s| Slot { memory: to(s.memory), written: s.written }).collect();
        Loop { code: self.code, slots }
    }
}

impl<B: Copy> Step<B> {
    /// What it reads and writes; scratch is written.
    pub fn accesses(&self) -> Accesses<B> {
        let (reads, writes) = match self {
            Step::ClearBorder { tile, .. } => (vec![], vec![*tile]),
            Step::Loop(step) => return step.accesses(),
            Step::Convolve { from, weights, to, .. } => (vec![*from, *weights], vec![*to]),
            Step::WeightGradient { x, g, kept, scratch, sums, .. } => {
                let written = kept.iter().chain(scratch).copied().chain([*sums]);
                (vec![*x, *g], written.collect())
            }
            Step::Product { operands, work, result, .. } => {
                (operands.to_vec(), vec![*work, *result])
            }
            Step::Window { operands, result, .. } => (operands.clone(), vec![*result]),
        };
        Accesses { reads, writes }
    }

    /// The same step on other memory.
    pub fn map<C>(&self, mut to: impl FnMut(B) -> C) -> Step<C> {
        match self {
            Step::ClearBorder { operand, tile } => {
                Step::ClearBorder { operand: *operand, tile: to(*tile) }
            }
            Step::Loop(step) => Step::Loop(step.map(to)),
            Step::Convolve { plan, direction, from, weights, to: result } => Step::Convolve {
                plan: plan.clone(),
                direction: *direction,
                from: to(*from),
                weights: to(*weights),
                to: to(*result),
            },
            Step::WeightGradient { plan, x, g, kept, scratch, sums } => Step::WeightGradient {
                plan: plan.clone(),
                x: to(*x),
                g: to(*g),
                kept: kept.map(&mut to),
                scratch: scratch.map(&mut to),
                sums: to(*sums),
            },
            Step::Product { plan, operands, work, result } => Step::Product {
                plan: plan.clone(),
                operands: operands.map(&mut to),
                work: to(*work),
                result: to(*result),
            },
            Step::Window { window, operands, result } => Step::Window {
                window: window.clone(),
                operands: operands.iter().map(|&operand| to(operand)).collect(),
                result: to(*result),
            },
        }
    }

    /// What it is, and what one image or, outside the batch, all of it costs.
    pub fn cost(&self, loops: &[LoopSpec]) -> Cost {
        let contraction = |name: &str, plan: &Contraction| Cost {
            name: format!("{name} {plan}"),
            flops: 2 * plan.multiply_adds(),
            bytes: 4 * plan.elements(),
        };
        let ((name, bytes), flops) = match self {
            Step::ClearBorder { .. } => (("borders".to_owned(), 0), 0),
            Step::Loop(step) => (loops[step.code.0].describe(), 0),
            Step::Convolve { plan, direction: Direction::Forward, .. } => {
                return contraction("conv", plan);
            }
            Step::Convolve { plan, direction: Direction::Backward, .. } => {
                return contraction("conv_dx", plan);
            }
            Step::WeightGradient { plan, .. } => return contraction("conv_dw", plan),
            Step::Product { plan, .. } => {
                let bytes = 4 * plan.elements();
                ((format!("product {plan}"), bytes), 2 * plan.multiply_adds())
            }
            Step::Window { window, .. } => (window.describe(), 0),
        };
        Cost { name, flops, bytes }
    }
}

/// What a step is called, and what one image costs.
#[derive(Clone, Debug)]
pub struct Cost {
    /// What it does.
    pub name: String,
    /// Floating-point operations of a contraction.
    pub flops: usize,
    /// Bytes of operands.
    pub bytes: usize,
}
