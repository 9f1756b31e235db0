//! The operations, and what is true of each whatever it is applied to.

use super::scalar::{Binary, Unary};
use super::types::{InputId, Shape, listed};

/// A number; two are equal if their bits are.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

impl std::hash::Hash for Number {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

listed! {
    /// Which reduction.
    pub enum ReduceKind {
        /// Σ x
        Sum = "sum",
        /// max x; a NaN if there is one.
        Max = "max",
        /// Σ (x − mean)², the mean taken over the same axes. Engines merge per-tile moments
        /// (Chan et al.); a raw Σx² in f32 would cancel.
        M2 = "m2",
    }
}

/// A set of axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Axes(pub [bool; 4]);

impl Axes {
    /// Batch, rows and columns: what batch statistics reduce over.
    pub const BATCH_AND_SPACE: Axes = Axes([true, true, true, false]);
    /// The batch alone: totals of what each image has one of.
    pub const BATCH: Axes = Axes([true, false, false, false]);
    /// Rows and columns: global pooling.
    pub const SPACE: Axes = Axes([false, true, true, false]);
    /// Channels only: softmax.
    pub const CHANNELS: Axes = Axes([false, false, false, true]);
    /// Everything.
    pub const ALL: Axes = Axes([true; 4]);

    /// Its axes as letters of `nhwc`.
    pub fn letters(self) -> String {
        "nhwc".chars().zip(self.0).filter(|(_, reduced)| *reduced).map(|(c, _)| c).collect()
    }

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
    /// Equal parts of the channels read and of those written, each a convolution of its own:
    /// output channel o reads the input channels of group o / (Co/groups) alone.
    pub groups: usize,
}

impl ConvGeometry {
    /// A product of one pixel: what is left of a geometry where nothing is said, and the one that
    /// contractions outside the batch have.
    pub const POINT: ConvGeometry =
        ConvGeometry { input: [1, 1], kernel: [1, 1], stride: 1, padding: [0, 0], groups: 1 };

    /// Rows and columns of what the forward convolution writes.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|a| (self.input[a] + 2 * self.padding[a] - self.kernel[a]) / self.stride + 1)
    }
}

listed! {
    /// Which window pooling.
    pub enum PoolKind {
        /// Largest of the window; a NaN if there is one.
        Max = "max",
        /// Mean of the window, padding counted.
        Avg = "avg",
    }
}

/// Window pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PoolGeometry {
    /// Max or mean.
    pub kind: PoolKind,
    /// Rows and columns read.
    pub input: [usize; 2],
    /// Window rows and columns.
    pub window: [usize; 2],
    /// Step between windows.
    pub stride: [usize; 2],
    /// Rows before and after, then columns, that count as zero (mean) or are left out (max).
    pub padding: [[usize; 2]; 2],
}

impl PoolGeometry {
    /// Square windows with the same step and padding on all sides.
    pub fn square(
        kind: PoolKind,
        input: [usize; 2],
        [window, stride, padding]: [usize; 3],
    ) -> Self {
        Self { kind, input, window: [window; 2], stride: [stride; 2], padding: [[padding; 2]; 2] }
    }

    /// Rows and columns written.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|a| {
            let padded = self.input[a] + self.padding[a].iter().sum::<usize>();
            (padded - self.window[a]) / self.stride[a] + 1
        })
    }

    /// Elements of a window.
    pub fn area(&self) -> usize {
        self.window[0] * self.window[1]
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

impl Remap {
    /// The same of a single image.
    pub fn of_one(mut self) -> Self {
        self.axes[0] = AxisMap::identity(1);
        self
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// (): an entry of [`Graph::inputs`](super::Graph::inputs).
    Input(InputId),
    /// (): a number; scalar shape, not batched.
    Const(Number),
    /// (x): elementwise.
    Unary(Unary),
    /// (a, b): elementwise; an axis of length 1 broadcasts.
    Binary(Binary),
    /// (x): x repeated along axes of length 1 up to the node's own type.
    Broadcast,
    /// (seed): uniform numbers in [0, 1) of the node's own type: `hash(seed, stream, linear
    /// index)` as [`super::random`] defines it, the same bits in every engine. Where ranks have images of
    /// their own, linear indices go on from rank to rank.
    Random {
        /// Tells apart the places that draw numbers.
        stream: u32,
    },
    /// (): the linear index of each element of the node's own type, so that one whose first axis alone is
    /// longer than 1 numbers the images of the batch.
    Index,
    /// (x, w): convolution; x is N×H×W×Ci, w is Kh×Kw×(Ci/groups)×Co.
    Conv(ConvGeometry),
    /// (g, w): adjoint of the convolution with respect to x.
    ConvDx(ConvGeometry),
    /// (x, g): adjoint of the convolution with respect to w.
    ConvDw(ConvGeometry),
    /// (x): reduction; reduced axes stay, with length 1.
    Reduce(ReduceKind, Axes),
    /// (x): window pooling.
    Pool(PoolGeometry),
    /// (x, g): adjoint of window pooling; max passes the gradient to the window's first
    /// largest, or to its first NaN.
    PoolDx(PoolGeometry),
    /// (x): re-indexing with zero fill.
    Remap(Remap),
    /// (x): the same elements in the same order under another shape; images stay images, and outside the
    /// batch every axis may change.
    Reshape,
    /// (x): x, with no gradient flowing back.
    Detach,
    /// (x): Σ over the ranks that run the program side by side, each on images of its own
    /// ([`crate::ranks`]), of a value outside the batch.
    Total,
    /// (x, token): x, but not before `token` is known: keeps what is recomputed from being
    /// computed at once.
    After,
}

/// What kind of work an operation is: how stages that know no single operation tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// From no tensor of the graph: inputs, numbers, random draws.
    Source,
    /// A scalar function of the elements at the same index, or at 0 on axes of length 1.
    Pointwise,
    /// A loop over a window of rows and columns, channel by channel.
    Window,
    /// Sums of products over channels and a window.
    Contraction,
    /// A loop over whole axes, or over ranks.
    Reduction,
    /// Elements copied to other places.
    Move,
    /// The first argument itself, with a say on gradients or on when.
    Order,
}

impl Op {
    /// Its name in texts, its class and how many arguments it has.
    fn facts(self) -> (&'static str, Class, usize) {
        match self {
            Op::Input(_) => ("input", Class::Source, 0),
            Op::Const(_) => ("const", Class::Source, 0),
            Op::Random { .. } => ("random", Class::Source, 1),
            Op::Index => ("index", Class::Source, 0),
            Op::Unary(function) => (function.name(), Class::Pointwise, 1),
            Op::Binary(function) => (function.name(), Class::Pointwise, 2),
            Op::Broadcast => ("broadcast", Class::Pointwise, 1),
            Op::Conv(_) => ("conv", Class::Contraction, 2),
            Op::ConvDx(_) => ("conv_dx", Class::Contraction, 2),
            Op::ConvDw(_) => ("conv_dw", Class::Contraction, 2),
            Op::Reduce(..) => ("reduce", Class::Reduction, 1),
            Op::Pool(_) => ("pool", Class::Window, 1),
            Op::PoolDx(_) => ("pool_dx", Class::Window, 2),
            Op::Remap(_) => ("remap", Class::Move, 1),
            Op::Reshape => ("reshape", Class::Move, 1),
            Op::Total => ("total", Class::Reduction, 1),
            Op::Detach => ("detach", Class::Order, 1),
            Op::After => ("after", Class::Order, 2),
        }
    }

    /// Its name in texts.
    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// What kind of work it is.
    pub fn class(self) -> Class {
        self.facts().1
    }

    /// How many arguments it has.
    pub fn arity(self) -> usize {
        self.facts().2
    }
}
