//! What a network costs. Sums saturate, since `sema` asks while sizes are still unchecked.

use super::{Chw, Layer, Module, ModuleKind, Network, Value, ValueId};

impl ModuleKind {
    /// Trainable parameters.
    pub fn parameters(&self) -> usize {
        let (weights, biases) = match *self {
            ModuleKind::Conv { kernel: [rows, columns], inputs, outputs, groups, bias, .. } => {
                let weights = rows.saturating_mul(columns).saturating_mul(inputs / groups);
                (weights.saturating_mul(outputs), bias.map_or(0, |_| outputs))
            }
            ModuleKind::BatchNorm { channels, affine } | ModuleKind::Norm { channels, affine } => {
                (channels.saturating_mul(affine.parts()), 0)
            }
            ModuleKind::Vector { channels, .. } => (channels, 0),
            ModuleKind::Linear { inputs, outputs, bias, .. } => {
                (inputs.saturating_mul(outputs), bias.map_or(0, |_| outputs))
            }
        };
        weights.saturating_add(biases)
    }
}

/// Multiply-accumulates of a layer that writes `shape`, for one image: those of convolutions and
/// linear layers; all else counts as free, as the papers count. In 64 bits on every machine.
pub fn macs(modules: &[Module], layer: &Layer, shape: Chw) -> u64 {
    let (Layer::Conv { module, .. } | Layer::Linear { module }) = *layer else { return 0 };
    let product = |factors: &[usize]| {
        factors.iter().fold(1u64, |product, factor| product.saturating_mul(*factor as u64))
    };
    match modules[module.index()].kind {
        ModuleKind::Conv { kernel: [rows, columns], inputs, groups, .. } => {
            product(&[rows, columns, inputs / groups, shape.len()])
        }
        ModuleKind::Linear { inputs, outputs, .. } => product(&[inputs, outputs]),
        ModuleKind::BatchNorm { .. } | ModuleKind::Norm { .. } | ModuleKind::Vector { .. } => 0,
    }
}

impl Network {
    /// Trainable parameters, BN and biases counted.
    pub fn parameters(&self) -> usize {
        self.modules.iter().map(|m| m.kind.parameters()).sum()
    }

    /// Multiply-accumulates of convolutions and linear layers for one image.
    pub fn macs(&self) -> u64 {
        self.macs_of(&self.values)
    }

    /// Those of the values up to and with one.
    pub fn macs_until(&self, last: ValueId) -> u64 {
        self.macs_of(&self.values[..=last.index()])
    }

    fn macs_of(&self, values: &[Value]) -> u64 {
        values.iter().map(|value| macs(&self.modules, &value.layer, value.shape)).sum()
    }
}
