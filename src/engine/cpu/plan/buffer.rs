//! Names of memory, and how much of it is meant.

use crate::engine::cpu::operand::Operand;
use crate::graph::NodeId;

/// A run of memory, by a name that holds in the whole program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Buffer {
    /// A node's whole tensor; a batched one advances from image to image.
    Tensor(NodeId),
    /// One image's scratch, by its number in [`Schedule::tiles`](super::schedule::Schedule::tiles).
    Tile(usize),
    /// Per-image partial results of a reduction over the batch.
    Partial(NodeId),
    /// The weights of a contraction as its kernels read them.
    Packed(NodeId),
    /// A weight gradient's sums, one a chunk of images.
    Sums(NodeId),
    /// What a product outside the batch keeps in between.
    Work(NodeId),
}

impl std::fmt::Display for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Buffer::Tensor(node) => write!(f, "{node}"),
            Buffer::Tile(number) => write!(f, "t{number}"),
            Buffer::Partial(node) => write!(f, "partial({node})"),
            Buffer::Packed(node) => write!(f, "packed({node})"),
            Buffer::Sums(node) => write!(f, "sums({node})"),
            Buffer::Work(node) => write!(f, "work({node})"),
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
