//! The typed network: what a spec means once every name, number and shape is known.
//!
//! A network is a list of values in evaluation order. Each value is one layer applied to earlier
//! values; layers with parameters refer to a [`Module`], so a chain that is applied twice shares
//! one set of parameters. Units are expanded; [`UnitInstance`] remembers where each one stands.

use crate::source::{Source, Span};

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

id!(ValueId, "v", "Index into [`Network::values`].");
id!(ModuleId, "m", "Index into [`Network::modules`].");
id!(UnitId, "u", "Index into [`Network::units`].");

/// Shape of one image's value: channels × height × width, written as the papers write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chw {
    /// Channels.
    pub c: usize,
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
}

impl Chw {
    /// Elements of one image.
    pub fn len(self) -> usize {
        self.c * self.h * self.w
    }

    /// Whether there is no element; never true in a checked network.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl std::fmt::Display for Chw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}×{}", self.c, self.h, self.w)
    }
}

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
    /// A convolution's weights (and bias).
    Conv {
        /// Kernel rows and columns.
        kernel: [usize; 2],
        /// Channels read.
        inputs: usize,
        /// Channels written.
        outputs: usize,
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

impl ModuleKind {
    /// Trainable parameters.
    pub fn parameters(&self) -> usize {
        match *self {
            ModuleKind::Conv { kernel, inputs, outputs, bias } => {
                kernel[0] * kernel[1] * inputs * outputs + bias.map_or(0, |_| outputs)
            }
            ModuleKind::BatchNorm { channels } => 2 * channels,
            ModuleKind::Linear { inputs, outputs, bias, .. } => {
                inputs * outputs + bias.map_or(0, |_| outputs)
            }
        }
    }
}

impl Layer {
    /// The module whose tensors it reads.
    pub fn module(&self) -> Option<ModuleId> {
        match *self {
            Layer::Conv { module, .. } | Layer::Linear { module } | Layer::BatchNorm { module } => {
                Some(module)
            }
            Layer::Input
            | Layer::Const(_)
            | Layer::Relu
            | Layer::Sigmoid
            | Layer::Tanh
            | Layer::Dropout { .. }
            | Layer::DropPath { .. }
            | Layer::Live { .. }
            | Layer::Binary(_)
            | Layer::GlobalAvgPool
            | Layer::Pool { .. }
            | Layer::Subsample { .. }
            | Layer::PadChannels { .. } => None,
        }
    }
}

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
        /// Step between output pixels, rows and columns alike.
        stride: usize,
        /// Zero rows/columns added on each side.
        padding: [usize; 2],
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
    },
    /// max(x, 0).
    Relu,
    /// 1 / (1 + exp(−x)).
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// Zeroes single elements with this probability in training and divides by what is kept
    /// (inverted); identity in evaluation.
    Dropout {
        /// Probability of zero, 0 ≤ p < 1.
        p: f64,
        /// Whether training divides by 1 − p (true) or evaluation multiplies by it (false).
        inverted: bool,
    },
    /// Drops the whole argument, one draw a module and mini-batch (stochastic depth); evaluation
    /// multiplies by the probability of being kept.
    DropPath {
        /// Probability of being dropped, 0 ≤ p < 1.
        p: f64,
    },
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
    /// Elementwise sum, difference, product or quotient of two arguments; an axis of length 1
    /// broadcasts.
    Binary(BinaryOp),
    /// Mean over rows and columns; c×1×1.
    GlobalAvgPool,
    /// Window maximum or mean.
    Pool {
        /// Which.
        kind: PoolKind,
        /// Window rows and columns.
        window: usize,
        /// Step.
        stride: usize,
        /// Zero (mean) or ignored (max) rows/columns on each side.
        padding: usize,
    },
    /// Every `stride`-th pixel, from the first (option A's 1×1 pooling).
    Subsample {
        /// Step.
        stride: usize,
    },
    /// Zero channels appended until there are `channels`.
    PadChannels {
        /// Channels afterwards.
        channels: usize,
    },
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
}

/// Window pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// Largest of the window.
    Max,
    /// Mean of the window, padding counted.
    Avg,
}

/// One value of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// How it is made.
    pub layer: Layer,
    /// From what.
    pub args: Vec<ValueId>,
    /// Its shape for one image.
    pub shape: Chw,
    /// Where it is written.
    pub span: Span,
    /// The unit it stands in.
    pub unit: Option<UnitId>,
}

/// A place where a unit stands in the net.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitInstance {
    /// Name of the unit's definition.
    pub definition: String,
    /// 1-based position among all units.
    pub index: usize,
    /// Its input x.
    pub input: ValueId,
    /// Values of the unit's bindings after application, by name (`h(x)`, `F(x)`, `g(x)`, …).
    pub bindings: Vec<(String, ValueId)>,
    /// y, before f.
    pub sum: ValueId,
    /// f(y).
    pub output: ValueId,
    /// Where the net calls it.
    pub span: Span,
}

/// A whole checked network.
#[derive(Clone, Debug)]
pub struct Network {
    /// Name of the net's definition.
    pub name: String,
    /// The text it comes from.
    pub source: Source,
    /// Values in evaluation order; arguments come before their users.
    pub values: Vec<Value>,
    /// Parameters.
    pub modules: Vec<Module>,
    /// Units in order.
    pub units: Vec<UnitInstance>,
    /// The pictures.
    pub input: ValueId,
    /// Class scores, classes×1×1.
    pub output: ValueId,
    /// The net's parameters after `--set`, in order of definition.
    pub settings: Vec<(String, f64)>,
}

impl Network {
    /// The value behind an id.
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.index()]
    }

    /// The module behind an id.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.index()]
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.value(self.output).shape.c
    }

    /// Trainable parameters, BN and biases counted.
    pub fn parameters(&self) -> usize {
        self.modules.iter().map(|m| m.kind.parameters()).sum()
    }

    /// Multiply-accumulates of convolutions and linear layers for one image.
    pub fn macs(&self) -> usize {
        self.macs_of(&self.values)
    }

    /// Those of the values up to and with one.
    pub fn macs_until(&self, last: ValueId) -> usize {
        self.macs_of(&self.values[..=last.index()])
    }

    fn macs_of(&self, values: &[Value]) -> usize {
        values
            .iter()
            .map(|v| match v.layer {
                Layer::Conv { module, .. } => match self.module(module).kind {
                    ModuleKind::Conv { kernel, inputs, .. } => {
                        kernel[0] * kernel[1] * inputs * v.shape.len()
                    }
                    ModuleKind::BatchNorm { .. } | ModuleKind::Linear { .. } => 0,
                },
                Layer::Linear { module } => match self.module(module).kind {
                    ModuleKind::Linear { inputs, outputs, .. } => inputs * outputs,
                    ModuleKind::Conv { .. } | ModuleKind::BatchNorm { .. } => 0,
                },
                _ => 0,
            })
            .sum()
    }
}
