//! Modules: what holds tensors.

use super::Init;
use crate::source::Span;

/// Parameters that live in the network, with a stable readable name such as `units.3.F.conv1`.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Path, unique in the network; parameter names append `.weight`, `.bias` and so on.
    pub name: String,
    /// What it holds.
    pub kind: ModuleKind,
    /// Where the layer is written.
    pub span: Span,
}

/// What is learned behind a normalisation, a number each channel: what it starts at, none where it
/// is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// The scale γ.
    pub gamma: Option<f64>,
    /// The shift β.
    pub beta: Option<f64>,
}

impl Affine {
    /// γ, 1 at first, and β, 0.
    pub const LEARNED: Affine = Affine { gamma: Some(1.0), beta: Some(0.0) };
    /// Neither.
    pub const NONE: Affine = Affine { gamma: None, beta: None };

    /// Learned numbers a channel.
    pub fn parts(self) -> usize {
        usize::from(self.gamma.is_some()) + usize::from(self.beta.is_some())
    }
}

impl ModuleKind {
    /// Whether its vectors are factors or summands by channel of what it reads, which no operator of its
    /// own takes.
    pub fn is_spread(&self) -> bool {
        match self {
            ModuleKind::Norm { .. } | ModuleKind::Vector { .. } => true,
            ModuleKind::Conv { .. } | ModuleKind::BatchNorm { .. } | ModuleKind::Linear { .. } => {
                false
            }
        }
    }
}

/// How weights start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// What is drawn.
    pub draw: Draw,
    /// By what it is multiplied.
    pub gain: f64,
}

/// What weights are at first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Draw {
    /// Normal, √(2 / fan-out): `kaiming_normal_` with `mode="fan_out"` (He et al. 2015, section 2.2).
    FanOut,
    /// Normal, √(2 / fan-in).
    FanIn,
    /// Uniform in ±1/√fan-in: what PyTorch's layers start with.
    Uniform,
    /// Normal with this standard deviation.
    Normal(f64),
    /// Zeros.
    Zero,
    /// Identity kernels, as many as there are channels on both sides; further filters are `Uniform`.
    Dirac,
    /// Filters that whiten the training pictures' patches (Page 2018, part 8).
    Whiten,
}

impl Start {
    /// Of convolutions, unless another is given.
    pub const CONV: Start = Start { draw: Draw::FanOut, gain: 1.0 };
    /// Of linear layers, unless another is given.
    pub const LINEAR: Start = Start { draw: Draw::Uniform, gain: 1.0 };

    /// Of weights by how many numbers one reads and writes.
    pub(super) fn init(self, fan_in: usize, fan_out: usize, groups: usize) -> Init {
        let Self { draw, gain } = self;
        let normal = |fan: usize| Init::Normal { std: gain * (2.0 / fan as f64).sqrt() };
        let bound = 1.0 / (fan_in as f64).sqrt();
        match draw {
            Draw::FanOut => normal(fan_out),
            Draw::FanIn => normal(fan_in),
            Draw::Uniform => Init::Uniform { bound: gain * bound },
            Draw::Normal(std) => Init::Normal { std: gain * std },
            Draw::Zero => Init::Constant(0.0),
            Draw::Dirac => Init::Dirac { gain, bound: gain * bound, groups },
            Draw::Whiten => Init::Whiten { gain, bound: gain * bound },
        }
    }
}

/// What a module holds.
#[derive(Clone, Debug, PartialEq)]
pub enum ModuleKind {
    /// A convolution's weights (and bias): each channel written reads `inputs / groups` of those read.
    Conv {
        /// Kernel rows and columns.
        kernel: [usize; 2],
        /// Channels read.
        inputs: usize,
        /// Channels written.
        outputs: usize,
        /// Equal parts of both, each a convolution of its own; 1 for an ordinary one.
        groups: usize,
        /// Initial value of the bias, if there is one.
        bias: Option<f64>,
        /// How its weights start.
        init: Start,
    },
    /// Batch normalisation: scale γ, shift β, running mean (0 at first) and variance (1).
    BatchNorm {
        /// Channels.
        channels: usize,
        /// γ and β.
        affine: Affine,
    },
    /// What is learned behind a normalisation by an image's own moments.
    Norm {
        /// Channels.
        channels: usize,
        /// γ and β.
        affine: Affine,
    },
    /// Learned numbers of their own, by which something is multiplied or which are added to it.
    Vector {
        /// How many: one a channel, or one.
        channels: usize,
        /// What each starts at.
        init: f64,
    },
    /// Fully connected: weights and bias.
    Linear {
        /// Features read.
        inputs: usize,
        /// Rows and columns of what it reads (1×1 after global pooling).
        rows_columns: [usize; 2],
        /// Features written.
        outputs: usize,
        /// Whether there is a bias, and its initial value if the spec gives one (otherwise
        /// uniform in ±1/√inputs).
        bias: Option<Option<f64>>,
        /// How its weights start.
        init: Start,
    },
}
