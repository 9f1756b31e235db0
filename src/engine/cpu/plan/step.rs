//! The steps of a phase, and the buffers that they read and write.
//!
//! Steps are generic over how a buffer is named: [`Extent`]s in the schedule, places in memory
//! once linked. What a step reads and writes stands once, in [`Step::accesses`].

use std::sync::Arc;

use crate::engine::cpu::loops::LoopSpec;
use crate::engine::cpu::operand::Operand;
use crate::engine::cpu::simd::{Contraction, Direction};
use crate::engine::cpu::windows::Window;
use crate::graph::NodeId;

/// A run of memory, by a name that holds in the whole program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Buffer {
    /// A node's whole tensor; a batched one advances from image to image.
    Tensor(NodeId),
    /// One image's scratch, by its number in [`super::Schedule::tiles`].
    Tile(usize),
    /// Per-image partial results of a reduction over the batch.
    Partial(NodeId),
    /// The weights of a contraction as its kernels read them.
    Packed(NodeId),
    /// A weight gradient's sums, one a chunk of images.
    Sums(NodeId),
}

impl std::fmt::Display for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Buffer::Tensor(node) => write!(f, "{node}"),
            Buffer::Tile(number) => write!(f, "t{number}"),
            Buffer::Partial(node) => write!(f, "partial({node})"),
            Buffer::Packed(node) => write!(f, "packed({node})"),
            Buffer::Sums(node) => write!(f, "sums({node})"),
        }
    }
}

/// A buffer, and how much of it a step takes by its own account: one image's, one chunk's or,
/// outside the batch, the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Which memory.
    pub buffer: Buffer,
    /// f32 words from its start.
    pub words: usize,
}

/// A value in memory: which, and as what it lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Which memory.
    pub buffer: Buffer,
    /// Its pixels.
    pub operand: Operand,
}

impl Stored {
    /// All of it.
    pub fn extent(&self) -> Extent {
        Extent { buffer: self.buffer, words: self.operand.words() }
    }
}

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
    /// Adds the adjoint with respect to the weights to the chunk's sums.
    WeightGradient {
        /// Kernels.
        plan: Arc<Contraction>,
        /// What the convolution read.
        x: B,
        /// Gradient of what it wrote.
        g: B,
        /// Scratch of its own, where the kernels want any.
        scratch: Option<B>,
        /// What is added to.
        sums: B,
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

/// What a step, or a whole phase, reads and writes.
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
            Step::WeightGradient { x, g, scratch, sums, .. } => {
                (vec![*x, *g], scratch.iter().copied().chain([*sums]).collect())
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
            Step::WeightGradient { plan, x, g, scratch, sums } => Step::WeightGradient {
                plan: plan.clone(),
                x: to(*x),
                g: to(*g),
                scratch: scratch.map(&mut to),
                sums: to(*sums),
            },
            Step::Window { window, operands, result } => Step::Window {
                window: window.clone(),
                operands: operands.iter().map(|&operand| to(operand)).collect(),
                result: to(*result),
            },
        }
    }

    /// What it is, and what one image costs.
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

/// Work between two synchronisations of the whole batch.
#[derive(Clone)]
pub struct Phase<B> {
    /// Loops outside the batch, run first.
    pub before: Vec<Loop<B>>,
    /// Weights packed next.
    pub packs: Vec<Pack<B>>,
    /// Steps run for each image.
    pub steps: Vec<Step<B>>,
    /// Results put together at the end.
    pub merges: Vec<Merge<B>>,
}

impl<B> Default for Phase<B> {
    fn default() -> Self {
        Self { before: Vec::new(), packs: Vec::new(), steps: Vec::new(), merges: Vec::new() }
    }
}

impl<B: Copy> Phase<B> {
    /// The same on other memory.
    pub fn map<C>(&self, mut to: impl FnMut(B) -> C) -> Phase<C> {
        Phase {
            before: self.before.iter().map(|step| step.map(&mut to)).collect(),
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
    /// Loops after the last phase, which update state; in any order.
    pub last: Vec<Loop<B>>,
    /// New state that could not be written in place: from where, and onto which input.
    pub copies: Vec<[B; 2]>,
}

impl<B: Copy> Steps<B> {
    /// The same on other memory.
    pub fn map<C>(&self, mut to: impl FnMut(B) -> C) -> Steps<C> {
        Steps {
            phases: self.phases.iter().map(|phase| phase.map(&mut to)).collect(),
            last: self.last.iter().map(|step| step.map(&mut to)).collect(),
            copies: self.copies.iter().map(|copy| copy.map(&mut to)).collect(),
        }
    }
}
