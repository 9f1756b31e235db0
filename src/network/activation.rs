//! Activation functions. A new one is a variant and a row here, what computes it in `lower`, and its
//! operators in `export::onnx`.

use std::fmt::{self, Display, Formatter};

/// A function that a layer applies to each element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// 1 / (1 + exp(−x)).
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// x Φ(x), Φ of the normal distribution (Hendrycks and Gimpel 2016).
    Gelu {
        /// Whether a tanh stands for the error function in Φ.
        approximate: bool,
    },
    /// x σ(x) (Elfwing et al. 2017).
    Silu,
    /// x above 0, else `slope` · x (Maas et al. 2013).
    LeakyRelu {
        /// 0 ≤ slope < 1.
        slope: f64,
    },
    /// x above 0, else α (eˣ − 1) (Clevert et al. 2015).
    Elu {
        /// α > 0.
        alpha: f64,
    },
    /// ln(1 + eˣ).
    Softplus,
    /// x · min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
    HardSwish,
    /// min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
    HardSigmoid,
    /// min(max(x, 0), 6).
    Relu6,
    /// eˣ.
    Exp,
    /// ln x.
    Log,
    /// √x.
    Sqrt,
    /// |x|.
    Abs,
    /// x².
    Square,
}

impl Activation {
    /// Every function, with the numbers that it has unless others are given.
    pub const ALL: [Activation; 16] = [
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Gelu { approximate: false },
        Activation::Silu,
        Activation::LeakyRelu { slope: 0.01 },
        Activation::Elu { alpha: 1.0 },
        Activation::Softplus,
        Activation::HardSwish,
        Activation::HardSigmoid,
        Activation::Relu6,
        Activation::Exp,
        Activation::Log,
        Activation::Sqrt,
        Activation::Abs,
        Activation::Square,
    ];

    /// As written in a spec; in drawings; in a sentence.
    fn row(self) -> [&'static str; 3] {
        match self {
            Activation::Relu => ["relu", "ReLU", "max(x, 0)."],
            Activation::Sigmoid => ["sigmoid", "sigmoid", "1 / (1 + exp(-x))."],
            Activation::Tanh => ["tanh", "tanh", "Hyperbolic tangent."],
            Activation::Gelu { approximate: false } => ["gelu", "GELU", GELU],
            Activation::Gelu { approximate: true } => ["gelu", "GELU (tanh)", GELU],
            Activation::Silu => ["silu", "SiLU", "x · sigmoid(x), called swish too."],
            Activation::LeakyRelu { .. } => {
                ["leaky_relu", "leaky ReLU", "x above 0, else `slope` · x; 0.01 unless given."]
            }
            Activation::Elu { .. } => {
                ["elu", "ELU", "x above 0, else `alpha` · (exp(x) - 1); 1 unless given."]
            }
            Activation::Softplus => ["softplus", "softplus", "log(1 + exp(x))."],
            Activation::HardSwish => ["hard_swish", "hard swish", "x · hard_sigmoid(x)."],
            Activation::HardSigmoid => {
                ["hard_sigmoid", "hard sigmoid", "x + 3, kept from 0 to 6, divided by 6."]
            }
            Activation::Relu6 => ["relu6", "ReLU6", "x, kept from 0 to 6."],
            Activation::Exp => ["exp", "exp", "The exponential function."],
            Activation::Log => ["log", "log", "The natural logarithm."],
            Activation::Sqrt => ["sqrt", "√", "The square root."],
            Activation::Abs => ["abs", "abs", "x without its sign."],
            Activation::Square => ["square", "square", "x · x."],
        }
    }

    /// Its word in a spec.
    pub fn word(self) -> &'static str {
        self.row()[0]
    }

    /// Its name in drawings.
    pub fn shown(self) -> &'static str {
        self.row()[1]
    }

    /// What it does, in a sentence.
    pub fn about(self) -> &'static str {
        self.row()[2]
    }

    /// Whether it maps to a bounded range, as gates do.
    pub fn squashes(self) -> bool {
        match self {
            Activation::Sigmoid | Activation::Tanh | Activation::HardSigmoid => true,
            Activation::Relu
            | Activation::Gelu { .. }
            | Activation::Silu
            | Activation::LeakyRelu { .. }
            | Activation::Elu { .. }
            | Activation::Softplus
            | Activation::HardSwish
            | Activation::Relu6
            | Activation::Exp
            | Activation::Log
            | Activation::Sqrt
            | Activation::Abs
            | Activation::Square => false,
        }
    }
}

const GELU: &str =
    "x · Φ(x) with Φ of the normal distribution; with `approximate: true` Φ is made of a tanh.";

impl Display for Activation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Activation::Gelu { approximate: true } => write!(f, " by tanh"),
            Activation::LeakyRelu { slope: number } | Activation::Elu { alpha: number } => {
                write!(f, " {number}")
            }
            _ => Ok(()),
        }
    }
}
