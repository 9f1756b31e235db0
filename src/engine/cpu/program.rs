//! What the CPU engine runs: phases of work outside the batch and of work on one image at a time.

use std::sync::Arc;

use super::simd::{Contraction, Operand};
use crate::engine::cpu::fuse::Buffer;
use crate::engine::cpu::loops::{Format, LoopSpec};
use crate::graph::{NodeId, PoolGeometry, Remap};

/// A loop with the buffers behind its slots.
#[derive(Clone, Debug)]
pub struct LoopStep {
    /// The loop.
    pub spec: LoopSpec,
    /// One buffer a slot.
    pub buffers: Vec<Buffer>,
}

/// Work on one image.
#[derive(Clone)]
pub enum ImageStep {
    /// Zeroes the border of a tile before a loop fills its image.
    Border(usize),
    /// Pointwise work and reductions.
    Loop(LoopStep),
    /// y = conv(x), with packed weights.
    Forward {
        /// Kernels.
        plan: Arc<Contraction>,
        /// x, in the plan's layout.
        x: Buffer,
        /// Which packed weights.
        weights: usize,
        /// In the plan's layout.
        y: Buffer,
    },
    /// The adjoint with respect to x.
    Dx {
        /// Kernels.
        plan: Arc<Contraction>,
        /// Gradient of y, in the plan's layout.
        g: Buffer,
        /// Which packed weights.
        weights: usize,
        /// In the plan's layout.
        dx: Buffer,
    },
    /// Adds the adjoint with respect to the weights to the chunk's accumulator.
    Dw {
        /// Kernels.
        plan: Arc<Contraction>,
        /// x, in the plan's layout.
        x: Buffer,
        /// Gradient of y, in the plan's layout.
        g: Buffer,
        /// Scratch of its own, where the kernels want any.
        scratch: Option<usize>,
        /// The node; names the accumulators.
        node: NodeId,
    },
    /// Window pooling.
    Pool {
        /// Windows.
        geometry: PoolGeometry,
        /// Channels.
        channels: usize,
        /// Plain.
        x: Buffer,
        /// Plain.
        y: Buffer,
    },
    /// Adjoint of window pooling.
    PoolDx {
        /// Windows.
        geometry: PoolGeometry,
        /// Channels.
        channels: usize,
        /// What forward read, plain.
        x: Buffer,
        /// Gradient of y, plain.
        g: Buffer,
        /// Plain.
        dx: Buffer,
    },
    /// Re-indexing of one image.
    Remap {
        /// Index maps; the batch axis is the identity.
        remap: Remap,
        /// Rows, columns, channels of x.
        from: [usize; 3],
        /// Plain.
        x: Buffer,
        /// Plain.
        y: Buffer,
    },
}

/// Which of a convolution's two products the weights are packed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// For [`ImageStep::Forward`].
    Forward,
    /// For [`ImageStep::Dx`].
    Dx,
}

/// Weights to pack before a phase.
#[derive(Clone)]
pub struct Pack {
    /// Kernels.
    pub plan: Arc<Contraction>,
    /// The weights' tensor.
    pub weights: NodeId,
    /// The contraction that reads them.
    pub node: NodeId,
    /// For which product.
    pub packing: Packing,
}

impl Pack {
    /// f32 words of the packed weights.
    pub fn len(&self) -> usize {
        match self.packing {
            Packing::Forward => self.plan.packed_forward_words(),
            Packing::Dx => self.plan.packed_dx_words(),
        }
    }
}

/// Scratch for one image.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    /// What it holds, where a contraction or a plain step reads it.
    pub operand: Option<Operand>,
    /// f32 words.
    pub words: usize,
    /// First and last step of the phase that touch it.
    pub live: (usize, usize),
}

/// A result for the whole batch, put together when all images are done.
#[derive(Clone)]
pub enum Closing {
    /// Sums (or largest) of per-image partials.
    Fold {
        /// The reduction.
        node: NodeId,
        /// Largest instead of sum.
        max: bool,
    },
    /// Σ (x − mean)² merged from per-image moments of `count` elements each.
    Moments {
        /// The reduction.
        node: NodeId,
        /// Elements an image adds to each result.
        count: usize,
    },
    /// A weight gradient from the chunks' accumulators.
    Dw {
        /// The contraction.
        node: NodeId,
        /// Kernels.
        plan: Arc<Contraction>,
    },
}

impl Closing {
    /// The node it computes.
    pub fn node(&self) -> NodeId {
        match self {
            Closing::Fold { node, .. }
            | Closing::Moments { node, .. }
            | Closing::Dw { node, .. } => *node,
        }
    }
}

/// Work between two batch-wide synchronisations.
#[derive(Clone, Default)]
pub struct Phase {
    /// Loops outside the batch, run first.
    pub before: Vec<LoopStep>,
    /// Weights packed next.
    pub packs: Vec<Pack>,
    /// Steps run for each image.
    pub steps: Vec<ImageStep>,
    /// Scratch of those steps.
    pub tiles: Vec<Tile>,
    /// Results put together at the end.
    pub closings: Vec<Closing>,
}

/// Copies a tensor onto an input after everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Computed value.
    pub from: NodeId,
    /// The input's node.
    pub to: NodeId,
}

/// A whole program.
#[derive(Clone, Default)]
pub struct CpuProgram {
    /// How each node's tensor is stored, by node.
    pub formats: Vec<Format>,
    /// In order.
    pub phases: Vec<Phase>,
    /// Loops after the last phase: state updates.
    pub last: Vec<LoopStep>,
    /// Updates that could not be written in place.
    pub copies: Vec<Copy>,
}
