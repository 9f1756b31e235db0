//! Functions that are no layers: of numbers, and of several values.

use crate::diagnostic::{Code, Diagnostic};
use crate::network::Activation;
use crate::source::Span;
use crate::text::short;

/// A function with a name of its own that is no layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionName {
    /// The largest of numbers or, element by element, of values.
    Max,
    /// The smallest.
    Min,
    /// The channels of several values.
    Concat,
    /// A number without its fraction, downwards.
    Floor,
    /// The same upwards.
    Ceil,
    /// The nearest whole number.
    Round,
}

/// How values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// The larger of two elements.
    Max,
    /// The smaller of two elements.
    Min,
    /// Channels of the one behind those of the other.
    Concat,
}

/// A function of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFunction {
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// Downwards.
    Floor,
    /// Upwards.
    Ceil,
    /// To the nearest; a half away from 0.
    Round,
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

impl FunctionName {
    /// All of them.
    pub const ALL: [FunctionName; 6] = [
        FunctionName::Max,
        FunctionName::Min,
        FunctionName::Concat,
        FunctionName::Floor,
        FunctionName::Ceil,
        FunctionName::Round,
    ];

    /// As written; how it is called; what it does, in a sentence.
    fn row(self) -> [&'static str; 3] {
        match self {
            FunctionName::Max => ["max", "max(a, b, …)", "The largest, element by element."],
            FunctionName::Min => ["min", "min(a, b, …)", "The smallest, element by element."],
            FunctionName::Concat => [
                "concat",
                "concat(a, b, …)",
                "The channels of a, then those of b, …; rows and columns are the same.",
            ],
            FunctionName::Floor => ["floor", "floor(a)", "The largest whole number up to a."],
            FunctionName::Ceil => ["ceil", "ceil(a)", "The smallest whole number from a on."],
            FunctionName::Round => {
                ["round", "round(a)", "The nearest whole number; a half goes away from 0."]
            }
        }
    }

    /// As written in a spec.
    pub fn text(self) -> &'static str {
        self.row()[0]
    }

    /// How it is called.
    pub fn usage(self) -> &'static str {
        self.row()[1]
    }

    /// What it does, in a sentence.
    pub fn about(self) -> &'static str {
        self.row()[2]
    }

    /// The function of this name.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.text() == text)
    }

    /// What it is of several values.
    pub fn join(self) -> Option<Join> {
        match self {
            FunctionName::Max => Some(Join::Max),
            FunctionName::Min => Some(Join::Min),
            FunctionName::Concat => Some(Join::Concat),
            FunctionName::Floor | FunctionName::Ceil | FunctionName::Round => None,
        }
    }

    /// What it is of numbers.
    pub fn of_numbers(self) -> Option<NumberFunction> {
        match self {
            FunctionName::Max => Some(NumberFunction::Max),
            FunctionName::Min => Some(NumberFunction::Min),
            FunctionName::Floor => Some(NumberFunction::Floor),
            FunctionName::Ceil => Some(NumberFunction::Ceil),
            FunctionName::Round => Some(NumberFunction::Round),
            FunctionName::Concat => None,
        }
    }
}

impl NumberFunction {
    /// The function of numbers that an activation function is too.
    pub fn of(activation: Activation) -> Option<Self> {
        match activation {
            Activation::Exp => Some(NumberFunction::Exp),
            Activation::Log => Some(NumberFunction::Log),
            Activation::Sqrt => Some(NumberFunction::Sqrt),
            Activation::Abs => Some(NumberFunction::Abs),
            Activation::Square => Some(NumberFunction::Square),
            Activation::Relu
            | Activation::Sigmoid
            | Activation::Tanh
            | Activation::Gelu { .. }
            | Activation::Silu
            | Activation::LeakyRelu { .. }
            | Activation::Elu { .. }
            | Activation::Softplus
            | Activation::HardSwish
            | Activation::HardSigmoid
            | Activation::Relu6 => None,
        }
    }

    /// Of its arguments, at least one; a number that is finite.
    pub fn apply(self, all: &[f64], span: Span) -> Result<f64, Diagnostic> {
        let first = all.first().copied().unwrap_or_default();
        let result = match self {
            NumberFunction::Max => all.iter().copied().fold(first, f64::max),
            NumberFunction::Min => all.iter().copied().fold(first, f64::min),
            NumberFunction::Floor => first.floor(),
            NumberFunction::Ceil => first.ceil(),
            NumberFunction::Round => first.round(),
            NumberFunction::Exp => first.exp(),
            NumberFunction::Log => first.ln(),
            NumberFunction::Sqrt => first.sqrt(),
            NumberFunction::Abs => first.abs(),
            NumberFunction::Square => first * first,
        };
        if result.is_finite() {
            return Ok(result);
        }
        let label = format!("of {}", short(first));
        let error = |message: &str| Diagnostic::error(Code::Arithmetic, span, message).label(label);
        Err(match self {
            NumberFunction::Sqrt => {
                error("numbers below 0 have no square root").hint("check the number it comes from")
            }
            NumberFunction::Log => error("only numbers above 0 have a logarithm")
                .hint("check the number it comes from"),
            NumberFunction::Max
            | NumberFunction::Min
            | NumberFunction::Floor
            | NumberFunction::Ceil
            | NumberFunction::Round
            | NumberFunction::Exp
            | NumberFunction::Abs
            | NumberFunction::Square => {
                error("this number is too large").hint("numbers go up to 1.8e308")
            }
        })
    }
}
