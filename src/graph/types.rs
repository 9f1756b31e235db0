//! What a graph is made of.

use crate::source::Span;

macro_rules! id {
    ($name:ident, $prefix:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// Position in its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

id!(NodeId, "%", "Index into [`Graph::nodes`]; arguments have smaller ids than their users.");
id!(InputId, "in", "Index into [`Graph::inputs`].");
id!(ProbeId, "p", "Which factor; whoever has the program made numbers them.");
id!(QuantityId, "q", "Which quantity; whoever has the program made numbers them.");
id!(RegionId, "r", "Nodes that are reported together; lowering gives each unit one.");

/// Four extents. Batched tensors are batch × rows × columns × channels (channels last);
/// convolution weights are kernel rows × kernel columns × channels read × channels written;
/// per-channel vectors are 1×1×1×C and scalars 1×1×1×1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shape(pub [usize; 4]);

impl Shape {
    /// The one-element shape.
    pub const SCALAR: Shape = Shape([1; 4]);

    /// A per-channel vector.
    pub fn channels(c: usize) -> Self {
        Shape([1, 1, 1, c])
    }

    /// Number of elements.
    pub fn len(self) -> usize {
        self.0.iter().product()
    }

    /// Whether there is no element; never true in a verified graph.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Row-major strides, in elements.
    pub fn strides(self) -> [usize; 4] {
        let [_, b, c, d] = self.0;
        [b * c * d, c * d, d, 1]
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}×{b}×{c}×{d}")
    }
}

/// Shape and domain of a node's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// Extents.
    pub shape: Shape,
    /// Whether the first axis is the batch. Parameters, statistics and scalars are not batched.
    pub batched: bool,
}

/// Scalar functions of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// −x
    Neg,
    /// max(x, 0)
    Relu,
    /// 1 where x > 0, else 0
    Step,
    /// eˣ
    Exp,
    /// ln x
    Log,
    /// √x
    Sqrt,
    /// 1/x
    Recip,
    /// 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// tanh x
    Tanh,
    /// x, and 0 where x is infinite or no number
    Finite,
}

/// Scalar functions of two arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// a / b
    Div,
    /// larger of a and b
    Max,
}

/// Which reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReduceKind {
    /// Σ x
    Sum,
    /// max x
    Max,
    /// Σ (x − mean)², the mean taken over the same axes. Engines merge per-tile moments
    /// (Chan et al.); a raw Σx² in f32 would cancel.
    M2,
}

/// A set of axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Axes(pub [bool; 4]);

impl Axes {
    /// Batch, rows and columns: what batch statistics reduce over.
    pub const BATCH_AND_SPACE: Axes = Axes([true, true, true, false]);
    /// Rows and columns: global pooling.
    pub const SPACE: Axes = Axes([false, true, true, false]);
    /// Channels only: softmax.
    pub const CHANNELS: Axes = Axes([false, false, false, true]);
    /// Everything.
    pub const ALL: Axes = Axes([true; 4]);

    /// `shape` with the reduced axes at length 1.
    pub fn reduce(self, shape: Shape) -> Shape {
        let mut out = shape.0;
        for (extent, reduced) in out.iter_mut().zip(self.0) {
            if reduced {
                *extent = 1;
            }
        }
        Shape(out)
    }
}

/// Geometry of a convolution, shared by its forward pass and both gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvGeometry {
    /// Rows and columns of what the forward convolution reads.
    pub input: [usize; 2],
    /// Kernel rows and columns.
    pub kernel: [usize; 2],
    /// Step between output pixels.
    pub stride: usize,
    /// Zero rows and columns on each side.
    pub padding: [usize; 2],
}

impl ConvGeometry {
    /// Rows and columns of what the forward convolution writes.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|a| (self.input[a] + 2 * self.padding[a] - self.kernel[a]) / self.stride + 1)
    }
}

/// Which window pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// Largest of the window.
    Max,
    /// Mean of the window, padding counted.
    Avg,
}

/// Window pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PoolGeometry {
    /// Max or mean.
    pub kind: PoolKind,
    /// Rows and columns read.
    pub input: [usize; 2],
    /// Window rows and columns.
    pub window: usize,
    /// Step.
    pub stride: usize,
    /// Rows and columns on each side that count as zero (mean) or are left out (max).
    pub padding: usize,
}

impl PoolGeometry {
    /// Rows and columns written.
    pub fn output(&self) -> [usize; 2] {
        self.input.map(|n| (n + 2 * self.padding - self.window) / self.stride + 1)
    }
}

/// An affine re-indexing: element `i` of an output axis is input element
/// `(i · mul + offset) / div` where that division is exact and the index exists, and zero
/// elsewhere. Subsampling, padding, slicing, zero insertion and their adjoints are all of this
/// form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Remap {
    /// For each axis.
    pub axes: [AxisMap; 4],
}

/// One axis of a [`Remap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxisMap {
    /// Output extent.
    pub len: usize,
    /// Factor of the output index.
    pub mul: usize,
    /// Added after the factor; may be negative.
    pub offset: isize,
    /// Divisor; must divide exactly for the element to be non-zero.
    pub div: usize,
}

impl AxisMap {
    /// The whole axis, unchanged.
    pub fn identity(len: usize) -> Self {
        Self { len, mul: 1, offset: 0, div: 1 }
    }

    /// The input index behind output index `i`, if there is one below `extent`.
    pub fn source(&self, i: usize, extent: usize) -> Option<usize> {
        let at = (i * self.mul) as isize + self.offset;
        let at = usize::try_from(at).ok()?;
        (at.is_multiple_of(self.div) && at / self.div < extent).then(|| at / self.div)
    }
}

/// An operation. The comment gives the arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// (): an entry of [`Graph::inputs`].
    Input(InputId),
    /// (): a number; scalar shape, not batched.
    Const(f64),
    /// (x): elementwise.
    Unary(Unary),
    /// (a, b): elementwise; an axis of length 1 broadcasts.
    Binary(Binary),
    /// (x): x repeated along axes of length 1 up to the node's own type.
    Broadcast,
    /// (seed): uniform numbers in [0, 1) of the node's own type: `hash(seed, stream, linear
    /// index)` as [`super::random`] defines it, the same bits in every engine.
    Random {
        /// Tells apart the places that draw numbers.
        stream: u32,
    },
    /// (x, w): convolution; x is N×H×W×Ci, w is Kh×Kw×Ci×Co.
    Conv(ConvGeometry),
    /// (g, w): adjoint of the convolution with respect to x.
    ConvDx(ConvGeometry),
    /// (x, g): adjoint of the convolution with respect to w.
    ConvDw(ConvGeometry),
    /// (x): reduction; reduced axes stay, with length 1.
    Reduce(ReduceKind, Axes),
    /// (x): window pooling.
    Pool(PoolGeometry),
    /// (x, g): adjoint of window pooling; max passes the gradient to the window's first largest.
    PoolDx(PoolGeometry),
    /// (x): re-indexing with zero fill.
    Remap(Remap),
    /// (x): x, with no gradient flowing back.
    Detach,
    /// (x, token): x, but not before `token` is known: keeps what is recomputed from being
    /// computed at once.
    After,
}

/// Where a node comes from, for messages, drawings and per-unit figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Place in the spec.
    pub span: Span,
    /// Region it belongs to; an adjoint belongs to its forward node's region.
    pub region: Option<RegionId>,
}

/// One operation applied to earlier nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is done.
    pub op: Op,
    /// To what; at most two.
    pub args: Vec<NodeId>,
    /// Type of the result.
    pub ty: Type,
    /// Where it comes from.
    pub origin: Origin,
}

/// What an input is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Pictures, normalised.
    Images,
    /// Target distribution over classes, N×1×1×K (one-hot, or smoothed).
    Targets,
    /// Learning rate, a scalar.
    LearningRate,
    /// Seed of this step's random numbers: an integer below 2²⁴, a scalar.
    Seed,
    /// A trainable parameter.
    Parameter,
    /// The momentum of a parameter.
    Momentum(InputId),
    /// Running mean or variance of a batch normalisation.
    Statistic,
    /// The scale of dynamic loss scaling ([`crate::nn::loss_scaling`]), a scalar.
    LossScale,
    /// Steps in a row that dynamic loss scaling left as they were, a scalar.
    GoodSteps,
    /// A factor of each image, N×1×1×1.
    Probe(ProbeId),
    /// The value at which a part of a network begins.
    Cut,
}

/// A value that comes from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Name in listings: `units.3.F.conv1.weight`, `images`, `lr`, …
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its type.
    pub ty: Type,
}

/// Nodes in evaluation order, and the inputs they read.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Every node; a node's arguments come before it.
    pub nodes: Vec<Node>,
    /// Every input.
    pub inputs: Vec<Input>,
}

impl Graph {
    /// The node behind an id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The input behind an id.
    pub fn input(&self, id: InputId) -> &Input {
        &self.inputs[id.index()]
    }

    /// Ids of all nodes, in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }
}

/// A graph with what is wanted of it: values to read back, and inputs to overwrite after a run.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The nodes.
    pub graph: Graph,
    /// Results to read back.
    pub outputs: Vec<Output>,
    /// State: after each run the input takes the node's value.
    pub updates: Vec<(InputId, NodeId)>,
    /// Images in a batch.
    pub batch: usize,
}

/// What a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputKind {
    /// Mean cross-entropy, a scalar.
    Loss,
    /// Class scores, N×1×1×K.
    Logits,
    /// 1 where all gradients of a step are finite, 0 where they are not; a scalar.
    Finite,
    /// The loss's gradient with respect to an input.
    Gradient(InputId),
    /// The value at which a part of a network ends.
    Cut,
    /// What else was asked for.
    Quantity(QuantityId),
}

impl OutputKind {
    /// A result of this kind.
    pub fn of(self, node: NodeId) -> Output {
        Output { kind: self, node }
    }
}

impl std::fmt::Display for OutputKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OutputKind::Loss => f.write_str("loss"),
            OutputKind::Logits => f.write_str("logits"),
            OutputKind::Finite => f.write_str("finite"),
            OutputKind::Gradient(input) => write!(f, "gradient {input}"),
            OutputKind::Cut => f.write_str("cut"),
            OutputKind::Quantity(id) => write!(f, "quantity {id}"),
        }
    }
}

/// A result of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// What it is; no two of a program are the same.
    pub kind: OutputKind,
    /// The node.
    pub node: NodeId,
}

impl Output {
    /// Quantities 0, 1, 2, …
    pub fn quantities(nodes: impl IntoIterator<Item = NodeId>) -> Vec<Self> {
        let ids = (0..).map(|id| OutputKind::Quantity(QuantityId(id)));
        ids.zip(nodes).map(|(kind, node)| Self { kind, node }).collect()
    }
}

impl Program {
    /// Position of a result.
    pub fn position(&self, kind: OutputKind) -> Option<usize> {
        self.outputs.iter().position(|output| output.kind == kind)
    }

    /// Nodes that must be computed: outputs and state updates.
    pub fn roots(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.outputs.iter().map(|o| o.node).chain(self.updates.iter().map(|&(_, n)| n))
    }
}
