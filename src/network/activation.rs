//! Activation functions. A new one is a variant and a row here, its scalar function in `lower`, and
//! its operator in `export::onnx`.

/// A function that a layer applies to each element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// 1 / (1 + exp(−x)).
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Every function.
    pub const ALL: [Activation; 3] = [Activation::Relu, Activation::Sigmoid, Activation::Tanh];

    /// As written in a spec; in drawings; in a sentence.
    fn row(self) -> [&'static str; 3] {
        match self {
            Activation::Relu => ["relu", "ReLU", "max(x, 0)."],
            Activation::Sigmoid => ["sigmoid", "sigmoid", "1 / (1 + exp(-x))."],
            Activation::Tanh => ["tanh", "tanh", "Hyperbolic tangent."],
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
}
