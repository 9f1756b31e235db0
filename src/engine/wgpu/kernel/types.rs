//! Kernels, and what they read, write and leave.

use crate::graph::{InputId, NodeId, Type};

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
    /// One thread an element, which loops for each: reductions inside an image, of which later ones may
    /// use what earlier ones yield for the element, or a pooling window.
    Fold(Vec<NodeId>),
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
    /// One number: the sum of all elements of vectors, and of what other kernels leave, which all lie
    /// side by side.
    Total {
        /// The number.
        node: NodeId,
        /// The vectors.
        vectors: Vec<NodeId>,
        /// Whose columns, which have no other use.
        of: Vec<KernelId>,
    },
    /// No dispatch: a value goes to the host, and its sum over all ranks comes back.
    Ranks(NodeId),
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
pub struct KernelStore {
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
pub struct KernelRead {
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
    pub stores: Vec<KernelStore>,
    /// What it leaves for a merging kernel.
    pub columns: Vec<Column>,
    /// What it reads.
    pub reads: Vec<KernelRead>,
}

impl Kernel {
    /// The anchors that this kernel computes.
    pub fn anchors<'a>(&'a self, all: &'a [Kernel]) -> Vec<NodeId> {
        match &self.body {
            Body::Map => Vec::new(),
            Body::Contract(node) | Body::Weights(node) => vec![*node],
            Body::Fold(nodes) => nodes.clone(),
            Body::Gather(of) => all[of.index()].anchors(all),
            Body::Merge { results, .. } => results.clone(),
            Body::Total { node, .. } | Body::Ranks(node) => vec![*node],
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
            | Body::Merge { .. }
            | Body::Total { .. }
            | Body::Ranks(_) => self.anchors(all),
        }
    }

    /// Whether pointwise work may be attached.
    pub(super) fn has_epilogue(&self) -> bool {
        !matches!(self.body, Body::Weights(_) | Body::Ranks(_))
    }

    /// Whether per-tile sums may be attached.
    pub(super) fn has_tiles(&self) -> bool {
        match self.body {
            Body::Map | Body::Contract(_) | Body::Fold(_) | Body::Gather(_) => true,
            Body::Weights(_) | Body::Merge { .. } | Body::Total { .. } | Body::Ranks(_) => false,
        }
    }

    /// The distinct values of which it leaves sums.
    pub fn summed(&self) -> Vec<NodeId> {
        let sums = self.columns.iter().filter_map(|column| match column {
            Column::Sum(node) => Some(*node),
            Column::Squares(_) => None,
        });
        sums.collect()
    }

    /// Position of a column among its columns.
    pub fn column_index(&self, column: Column) -> Option<usize> {
        self.columns.iter().position(|c| *c == column)
    }

    /// The kernels whose partial sums this one adds up.
    pub fn sources(&self) -> &[KernelId] {
        match &self.body {
            Body::Gather(of) | Body::Merge { of, .. } => std::slice::from_ref(of),
            Body::Total { of, .. } => of,
            Body::Map | Body::Contract(_) | Body::Fold(_) | Body::Weights(_) | Body::Ranks(_) => {
                &[]
            }
        }
    }

    /// The kernel whose partial sums this one adds up element by element.
    pub fn source(&self) -> Option<KernelId> {
        match self.body {
            Body::Gather(of) | Body::Merge { of, .. } => Some(of),
            Body::Map
            | Body::Contract(_)
            | Body::Fold(_)
            | Body::Weights(_)
            | Body::Total { .. }
            | Body::Ranks(_) => None,
        }
    }
}

/// Every kernel of a program, in order, and who stores what.
#[derive(Clone, Debug, Default)]
pub struct Kernels {
    /// In order of execution.
    pub list: Vec<Kernel>,
    /// For each node, the kernel that computes its stored or epilogue value; none for inputs
    /// and for what is recomputed where it is used.
    pub made_in: Vec<Option<KernelId>>,
    /// Updates whose value is written over the input that takes it.
    pub in_place: Vec<(InputId, NodeId)>,
}
