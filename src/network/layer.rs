//! Layers: how values come from values.

use super::{Activation, ModuleId, Slide};

/// A layer: how a value comes from its arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// The pictures.
    Input,
    /// A number; its shape is 1×1×1 and it broadcasts.
    Const(f64),
    /// Convolution of one argument.
    Conv {
        /// Weights; the kernel size stands there.
        module: ModuleId,
        /// How the kernel moves; the padding is zero.
        slide: Slide,
    },
    /// Fully connected over all of the argument's elements (read in channel, row, column order).
    Linear {
        /// Weights.
        module: ModuleId,
    },
    /// Batch normalisation over batch, rows and columns.
    BatchNorm {
        /// γ, β and running statistics.
        module: ModuleId,
        /// Added to the variance.
        epsilon: f64,
        /// Weight of the newest batch in the running statistics.
        momentum: f64,
        /// Images of each part of the batch that is normalised by itself in training (a ghost batch).
        ghost: Option<usize>,
    },
    /// Normalisation by an image's own moments.
    Norm {
        /// γ and β, where something is learned.
        module: Option<ModuleId>,
        /// Over what moments are taken.
        over: Over,
        /// Added to the variance.
        epsilon: f64,
    },
    /// Multiplies by learned numbers, one a channel or one in all.
    Scale {
        /// The numbers.
        module: ModuleId,
    },
    /// Adds learned numbers, one a channel or one in all.
    Shift {
        /// The numbers.
        module: ModuleId,
    },
    /// A learned number; its shape is 1×1×1, it broadcasts, and it has no argument.
    Scalar {
        /// The number.
        module: ModuleId,
    },
    /// An activation function of each element.
    Activation(Activation),
    /// Zeroes single elements with this probability in training and divides by what is kept
    /// (inverted); identity in evaluation.
    Dropout {
        /// Probability of zero, 0 ≤ p < 1.
        p: f64,
        /// Whether training divides by 1 − p (true) or evaluation multiplies by it (false).
        inverted: bool,
    },
    /// Drops the whole argument, one draw a module and mini-batch (stochastic depth), or one an image.
    DropPath {
        /// Probability of being dropped, 0 ≤ p < 1.
        p: f64,
        /// How often is drawn.
        per: Per,
        /// Whether training divides by 1 − p (true) or evaluation multiplies by it (false).
        inverted: bool,
    },
    /// A number drawn in training; its shape is 1×1×1, it broadcasts, and it has no argument.
    Random {
        /// From what.
        draw: RandomDraw,
        /// How often.
        per: Per,
        /// What stands in for it in evaluation.
        evaluation: f64,
    },
    /// The argument, through which no gradient passes back.
    Detach,
    /// Drops the whole argument unless this unit is one of those that the mini-batch keeps, exactly
    /// so many of all; evaluation multiplies by their share. No spec writes it: recipes put it on
    /// units.
    Live {
        /// Which unit, counted from 0.
        unit: usize,
        /// How many are kept.
        units: usize,
        /// Of how many.
        of: usize,
    },
    /// Elementwise arithmetic on two arguments; an axis of length 1 broadcasts.
    Binary(BinaryOp),
    /// Channels of several arguments one behind the other; rows and columns are the same.
    Concat,
    /// Maximum or mean over rows and columns; c×1×1.
    GlobalPool(PoolKind),
    /// Maximum or mean over channels; 1×h×w.
    ChannelPool(PoolKind),
    /// Window maximum or mean.
    Pool {
        /// Which.
        kind: PoolKind,
        /// Window rows and columns.
        window: [usize; 2],
        /// How it moves; a maximum ignores the padding.
        slide: Slide,
        /// How much of the padding a mean takes in as zeros.
        counted: [[usize; 2]; 2],
    },
    /// Binomial blur of `size` × `size`, then every `stride`-th pixel, from the first (Zhang 2019).
    BlurPool {
        /// Rows and columns of the kernel.
        size: usize,
        /// Step.
        stride: usize,
    },
    /// `factor` times as many rows and columns.
    Upsample {
        /// How.
        kind: Upsampling,
        /// How many times.
        factor: usize,
    },
    /// Every `stride`-th pixel, from the first (option A's 1×1 pooling).
    Subsample {
        /// Step.
        stride: usize,
    },
    /// Zero rows above and below, and zero columns left and right; below 0, so many are cut off.
    PadPixels {
        /// Rows, then columns; before and after.
        padding: [[isize; 2]; 2],
    },
    /// Zero channels until there are `channels`.
    PadChannels {
        /// Channels afterwards.
        channels: usize,
        /// How many of the zero channels stand in front; the others stand behind.
        before: usize,
    },
    /// Some of the channels, as many as it writes.
    SliceChannels {
        /// The first of them, counted from 0.
        start: usize,
    },
}

/// Over what a normalisation takes the moments of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Rows, columns and the channels of each of so many groups.
    Groups(usize),
    /// The channels of each pixel.
    Pixel,
}

/// How often a number is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Once an image.
    Image,
    /// Once a mini-batch.
    Batch,
}

/// From what a number is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RandomDraw {
    /// Uniformly between two numbers.
    Uniform {
        /// The lower.
        low: f64,
        /// The upper.
        high: f64,
    },
    /// 1 with a probability, else 0.
    Bernoulli {
        /// Of 1, 0 ≤ p ≤ 1.
        p: f64,
    },
}

impl RandomDraw {
    /// Its expectation.
    pub fn mean(self) -> f64 {
        match self {
            RandomDraw::Uniform { low, high } => low + (high - low) / 2.0,
            RandomDraw::Bernoulli { p } => p,
        }
    }
}

/// Elementwise arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// a / b
    Div,
    /// The larger of a and b; of equals, b has the gradient.
    Max,
    /// The smaller of a and b; of equals, b has the gradient.
    Min,
}

/// What pooling makes of a window, or of all channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// Largest of the window.
    Max,
    /// Mean of the window.
    Avg,
}

/// How pictures are made larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upsampling {
    /// Each pixel several times.
    Nearest,
    /// In proportion to the two nearest rows and columns, pixels being squares.
    Bilinear,
}

impl Layer {
    /// ε of a normalisation unless it is given.
    pub const EPSILON: f64 = 1e-5;
    /// Weight of the newest batch in running statistics unless it is given.
    pub const MOMENTUM: f64 = 0.1;

    /// What it adds to a variance, if it normalises.
    pub fn epsilon(&self) -> Option<f64> {
        match *self {
            Layer::BatchNorm { epsilon, .. } | Layer::Norm { epsilon, .. } => Some(epsilon),
            _ => None,
        }
    }

    /// The module whose tensors it reads.
    pub fn module(&self) -> Option<ModuleId> {
        match *self {
            Layer::Conv { module, .. }
            | Layer::Linear { module }
            | Layer::BatchNorm { module, .. }
            | Layer::Scale { module }
            | Layer::Shift { module }
            | Layer::Scalar { module } => Some(module),
            Layer::Norm { module, .. } => module,
            Layer::Input
            | Layer::Const(_)
            | Layer::Activation(_)
            | Layer::Dropout { .. }
            | Layer::DropPath { .. }
            | Layer::Random { .. }
            | Layer::Detach
            | Layer::Live { .. }
            | Layer::Binary(_)
            | Layer::Concat
            | Layer::GlobalPool(_)
            | Layer::ChannelPool(_)
            | Layer::Pool { .. }
            | Layer::BlurPool { .. }
            | Layer::Upsample { .. }
            | Layer::PadPixels { .. }
            | Layer::Subsample { .. }
            | Layer::PadChannels { .. }
            | Layer::SliceChannels { .. } => None,
        }
    }
}
