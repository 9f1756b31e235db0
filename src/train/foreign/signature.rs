//! What a module holds, as both sides have it: all that shapes tell.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::network::{Module, ModuleKind};

/// A module's shapes. A linear layer is a 1×1 convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signature {
    /// Of a convolution or a linear layer.
    Weights {
        /// Channels written.
        outputs: usize,
        /// Channels that each of them reads.
        inputs: usize,
        /// Rows and columns.
        kernel: [usize; 2],
        /// Whether there is a bias.
        bias: bool,
    },
    /// Of a batch norm.
    Norm {
        /// Its channels.
        channels: usize,
        /// Whether it has γ and β.
        affine: [bool; 2],
        /// Whether it has running statistics.
        running: bool,
    },
    /// Of learned numbers of their own.
    Vector {
        /// How many.
        channels: usize,
    },
}

/// What is of one kind, whatever its shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Convolutions and linear layers.
    Weights,
    /// Batch norms.
    Norm,
    /// Learned numbers of their own.
    Vector,
}

impl Kind {
    /// As a plural, and in lists of layers; a linear layer has weights.
    pub fn words(self, linear: bool) -> [&'static str; 2] {
        match (self, linear) {
            (Kind::Norm, _) => ["batch norms", "bn"],
            (Kind::Vector, _) => ["learned vectors", "vector"],
            (Kind::Weights, true) => ["linear layers", "linear"],
            (Kind::Weights, false) => ["convolutions", "conv"],
        }
    }
}

impl Signature {
    /// Of a module of the net.
    pub fn of(module: &Module) -> Self {
        match module.kind {
            ModuleKind::Conv { kernel, inputs, outputs, groups, bias, .. } => Signature::Weights {
                outputs,
                inputs: inputs / groups,
                kernel,
                bias: bias.is_some(),
            },
            ModuleKind::Linear { inputs, outputs, bias, .. } => {
                Signature::Weights { outputs, inputs, kernel: [1, 1], bias: bias.is_some() }
            }
            ModuleKind::BatchNorm { channels, affine } | ModuleKind::Norm { channels, affine } => {
                let running = matches!(module.kind, ModuleKind::BatchNorm { .. });
                let affine = [affine.gamma, affine.beta].map(|a| a.is_some());
                Signature::Norm { channels, affine, running }
            }
            ModuleKind::Vector { channels, .. } => Signature::Vector { channels },
        }
    }

    /// What kind it is of.
    pub fn kind(&self) -> Kind {
        match self {
            Signature::Norm { .. } => Kind::Norm,
            Signature::Vector { .. } => Kind::Vector,
            Signature::Weights { .. } => Kind::Weights,
        }
    }

    /// Whether it is a batch norm's.
    pub fn is_norm(&self) -> bool {
        self.kind() == Kind::Norm
    }

    /// A number for sums that are the same for the same modules in any order.
    fn hash(&self) -> u128 {
        let half = |salt: u64| {
            let mut hasher = DefaultHasher::new();
            (salt, self).hash(&mut hasher);
            hasher.finish()
        };
        u128::from(half(1)) << 64 | u128::from(half(2))
    }
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Signature::Weights { outputs, inputs, kernel: [1, 1], bias } => {
                write!(f, "{outputs}×{inputs}{}", if *bias { " + bias" } else { "" })
            }
            Signature::Weights { outputs, inputs, kernel: [rows, columns], bias } => {
                let bias = if *bias { " + bias" } else { "" };
                write!(f, "{outputs}×{inputs}×{rows}×{columns}{bias}")
            }
            Signature::Norm { channels, affine: [gamma, beta], running } => {
                let without = match (gamma, beta) {
                    (true, true) => "",
                    (true, false) => " without β",
                    (false, true) => " without γ",
                    (false, false) => " without γ and β",
                };
                write!(f, "{} {channels}{without}", if *running { "bn" } else { "norm" })
            }
            Signature::Vector { channels } => write!(f, "vector {channels}"),
        }
    }
}

/// Sums over modules in order, from which those of every range follow.
pub struct Contents(Vec<u128>);

impl Contents {
    /// Of modules in order.
    pub fn new(of: impl Iterator<Item = Signature>) -> Self {
        let mut sums = vec![0];
        sums.extend(of.scan(0_u128, |sum, signature| {
            *sum = sum.wrapping_add(signature.hash());
            Some(*sum)
        }));
        Self(sums)
    }

    /// What stands in a range.
    pub fn of(&self, range: &std::ops::Range<usize>) -> u128 {
        self.0[range.end].wrapping_sub(self.0[range.start])
    }
}

/// The same for modules that stand anywhere.
pub fn content(of: impl Iterator<Item = Signature>) -> u128 {
    of.fold(0, |sum, signature| sum.wrapping_add(signature.hash()))
}
