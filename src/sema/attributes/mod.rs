//! A layer's arguments as numbers within their ranges.

use super::windows::Moves;
use crate::network::{Activation, Affine, Chw, Per, PoolKind, RandomDraw, Start, Upsampling};

mod evaluate;
mod repeats;
mod slot;

pub use evaluate::evaluate;
pub use repeats::{all_times, times};

/// A layer with its arguments evaluated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attributes {
    /// The pictures.
    Input(Chw),
    /// Convolution.
    Conv {
        /// The kernel, and how it moves.
        moves: Moves,
        /// Channels written.
        width: usize,
        /// Initial value of the bias, if there is one.
        bias: Option<f64>,
        /// Equal parts of the channels, each a convolution of its own.
        groups: usize,
        /// How weights start.
        init: Start,
    },
    /// Fully connected.
    Linear {
        /// Features written.
        classes: usize,
        /// Whether there is a bias, and its initial value if given.
        bias: Option<Option<f64>>,
        /// How weights start.
        init: Start,
    },
    /// Batch normalisation.
    Bn {
        /// Added to the variance.
        epsilon: f64,
        /// Weight of the newest batch in the running statistics.
        momentum: f64,
        /// What is learned.
        affine: Affine,
        /// Images of each part of the batch that is normalised by itself in training.
        ghost: Option<usize>,
    },
    /// Normalisation by an image's own moments.
    Norm {
        /// Over what.
        over: NormOver,
        /// Added to the variance.
        epsilon: f64,
        /// What is learned.
        affine: Affine,
    },
    /// Learned factors.
    Scale {
        /// What they start at.
        init: f64,
        /// One a channel rather than one in all.
        each: bool,
    },
    /// Learned summands.
    Shift {
        /// What they start at.
        init: f64,
        /// One a channel rather than one in all.
        each: bool,
    },
    /// A learned number.
    Scalar {
        /// What it starts at.
        init: f64,
    },
    /// An activation function of each element.
    Activation(Activation),
    /// Dropout of elements.
    Dropout {
        /// Probability of zero.
        p: f64,
        /// Whether training divides by 1 − p.
        inverted: bool,
    },
    /// Dropout of the whole value.
    DropPath {
        /// Probability of being dropped.
        p: f64,
        /// How often is drawn.
        per: Per,
        /// Whether training divides by 1 − p.
        inverted: bool,
    },
    /// A number that is drawn.
    Random {
        /// From what.
        draw: RandomDraw,
        /// How often.
        per: Per,
        /// What it is in evaluation.
        evaluation: f64,
    },
    /// No gradient.
    Detach,
    /// Maximum or mean over rows and columns.
    GlobalPool(PoolKind),
    /// Maximum or mean over channels.
    ChannelPool(PoolKind),
    /// Window pooling.
    Pool {
        /// Which.
        kind: PoolKind,
        /// The window, and how it moves.
        moves: Moves,
        /// Whether a mean takes in the padding.
        count_padding: bool,
    },
    /// Blur, then every n-th pixel.
    BlurPool {
        /// n.
        stride: usize,
        /// Rows and columns of the blur.
        size: usize,
    },
    /// More rows and columns.
    Upsample {
        /// How many times as many.
        factor: usize,
        /// How.
        kind: Upsampling,
    },
    /// Zero rows and columns added, or cut off.
    PadPixels([[isize; 2]; 2]),
    /// Every n-th pixel.
    Subsample {
        /// n.
        stride: usize,
    },
    /// Zero channels added.
    PadChannels {
        /// Channels afterwards.
        channels: usize,
        /// How many of the zero channels stand in front.
        before: usize,
    },
    /// Some of the channels.
    SliceChannels {
        /// The first.
        start: usize,
        /// The one behind the last, if it is given.
        end: Option<usize>,
    },
    /// Identity where the shape is kept, else option A or B.
    Shortcut {
        /// Channels afterwards.
        width: usize,
        /// Step.
        stride: usize,
        /// 1×1 convolution (option B) rather than subsampling and zeros (option A).
        project: bool,
        /// Batch normalisation after the 1×1 convolution.
        bn: bool,
        /// How many of option A's zero channels stand in front.
        before: usize,
    },
    /// Nothing.
    Identity,
}

/// Over what an image is normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NormOver {
    /// So many groups of channels.
    Groups(usize),
    /// Each channel.
    Instance,
    /// The channels of each pixel.
    Pixel,
}
