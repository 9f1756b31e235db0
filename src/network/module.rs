//! Modules: what holds tensors.

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
    },
    /// Batch normalisation: scale γ (1 at first), shift β (0), running mean (0) and variance (1).
    BatchNorm {
        /// Channels.
        channels: usize,
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
    },
}
