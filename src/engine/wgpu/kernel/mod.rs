//! Kernels as data: what one dispatch computes, before any text is generated for it.
//!
//! A kernel walks a *domain* (the shape of what it stores) once. It may start from an anchor, a
//! value that needs a loop: a contraction, a window, a reduction. What the anchor reads is its
//! *prologue*, evaluated in place from stored values; a contraction may store what its prologue
//! evaluates. What is computed from the anchor's result
//! at the same index is its *epilogue*: values to store, and sums over batch and space of which
//! the kernel leaves one partial a tile; a merging kernel adds those up in a fixed order.
//!
//! Architecture invariant: nothing here knows of batch normalisation, of gradients, or of WGSL.

use crate::graph::{
    Axes, Class, Graph, Input, InputId, Node, NodeId, Op, ReduceKind, Role, Shape, Type,
};

mod absorb;
mod form;
mod memory;
mod order;
mod reach;

pub use form::form;
pub use memory::{Format, Location, Memory, Slot, SlotId, Tensors};

/// Index into [`Kernels::list`]; kernels run in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KernelId(pub u32);

impl KernelId {
    /// Position in the list.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl std::fmt::Display for KernelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "k{}", self.0)
    }
}

/// How a kernel's elements come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Pointwise only.
    Map,
    /// A convolution or its adjoint with respect to the pictures, by tiles.
    Contract(NodeId),
    /// One thread an element, which loops: a reduction inside an image, or a pooling window.
    Fold(NodeId),
    /// Partial sums of a weight gradient, one for each range of images; no epilogue.
    Weights(NodeId),
    /// Adds the partial sums of a [`Body::Weights`] kernel.
    Gather(KernelId),
    /// Merges the per-tile sums of another kernel into these reductions.
    Merge {
        /// Whose columns.
        of: KernelId,
        /// The reductions, all of this kernel's domain.
        results: Vec<NodeId>,
    },
}

/// A number that a kernel leaves for each tile and channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Sum of the value.
    Sum(NodeId),
    /// Sum of the squared distances from the tile's mean; its [`Column::Sum`] is also there.
    Squares(NodeId),
}

/// What a kernel writes, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Store {
    /// The value.
    pub value: NodeId,
    /// The input that takes it, when the update could not be made in place; otherwise the value
    /// has a place of its own.
    pub into: Option<InputId>,
    /// When in the kernel it is known.
    pub at: Moment,
}

/// A moment in a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A contraction evaluates it as its left operand.
    Prologue,
    /// At the domain's own index.
    Epilogue,
}

/// A stored value that a kernel reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// An input, or a value that an earlier kernel stored.
    pub value: NodeId,
    /// Whether each element is read only by the thread that owns the same index of the domain.
    pub pointwise: bool,
}

/// One dispatch.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Where its elements come from.
    pub body: Body,
    /// What it walks.
    pub domain: Type,
    /// What it writes.
    pub stores: Vec<Store>,
    /// What it leaves for a merging kernel.
    pub columns: Vec<Column>,
    /// What it reads.
    pub reads: Vec<Read>,
}

impl Kernel {
    /// The anchors that this kernel computes.
    pub fn anchors<'a>(&'a self, all: &'a [Kernel]) -> Vec<NodeId> {
        match &self.body {
            Body::Map => Vec::new(),
            Body::Contract(node) | Body::Fold(node) | Body::Weights(node) => vec![*node],
            Body::Gather(of) => all[of.index()].anchors(all),
            Body::Merge { results, .. } => results.clone(),
        }
    }

    /// The values that anchors hand to the epilogue, in the order of its arguments.
    pub fn raw_values(&self, all: &[Kernel]) -> Vec<NodeId> {
        match self.body {
            Body::Weights(_) => Vec::new(),
            Body::Map
            | Body::Contract(_)
            | Body::Fold(_)
            | Body::Gather(_)
            | Body::Merge { .. } => self.anchors(all),
        }
    }

    /// Whether pointwise work may be attached.
    fn has_epilogue(&self) -> bool {
        !matches!(self.body, Body::Weights(_))
    }

    /// Whether per-tile sums may be attached.
    fn has_tiles(&self) -> bool {
        match self.body {
            Body::Map | Body::Contract(_) | Body::Fold(_) | Body::Gather(_) => true,
            Body::Weights(_) | Body::Merge { .. } => false,
        }
    }

    /// The kernel whose partial sums this one adds up.
    pub fn source(&self) -> Option<KernelId> {
        match self.body {
            Body::Gather(of) | Body::Merge { of, .. } => Some(of),
            Body::Map | Body::Contract(_) | Body::Fold(_) | Body::Weights(_) => None,
        }
    }
}

/// Every kernel of a program, in order, and who stores what.
#[derive(Clone, Debug)]
pub struct Kernels {
    /// In order of execution.
    pub list: Vec<Kernel>,
    /// For each node, the kernel that computes its stored or epilogue value; none for inputs
    /// and for what is recomputed where it is used.
    pub made_in: Vec<Option<KernelId>>,
}

/// What a kernel may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Buffers bound to one dispatch.
    pub buffers: usize,
}

impl Limits {
    /// What every WebGPU adapter offers.
    pub const WEBGPU: Limits = Limits { buffers: 8 };
}

/// Whether a value lives in the buffer that all per-channel vectors and scalars share.
pub fn is_vector(ty: Type) -> bool {
    let Shape([a, b, c, _]) = ty.shape;
    !ty.batched && a * b * c == 1
}

/// Elements of the largest parameter that lives with the vectors, so that a contraction need not bind
/// a buffer for its weights alone. All of ResNet-1001's then take 40 of the 128 MiB that every
/// adapter binds.
const SMALL: usize = 1 << 16;

/// Whether an input lives with the vectors.
fn with_vectors(input: &Input) -> bool {
    is_vector(input.ty) || (input.role == Role::Parameter && input.ty.shape.len() <= SMALL)
}

/// Whether a reduction is made from per-tile sums (rather than by a loop for each element).
fn from_tiles(graph: &Graph, node: &Node) -> bool {
    let Op::Reduce(kind, Axes(reduced)) = node.op else { return false };
    let extents = graph.node(node.args[0]).ty.shape.0;
    let rows: usize = extents[..3].iter().product();
    let summed = (0..3).all(|a| reduced[a] || extents[a] == 1);
    match kind {
        ReduceKind::Sum | ReduceKind::M2 => summed && rows > 1,
        ReduceKind::Max => false,
    }
}

/// Whether a node needs a loop of its own. What moves elements needs none: whoever reads it reads
/// its argument at other indices.
pub fn is_anchor(op: &Op) -> bool {
    match op.class() {
        Class::Window | Class::Contraction | Class::Reduction => true,
        Class::Source | Class::Pointwise | Class::Move | Class::Order => false,
    }
}
