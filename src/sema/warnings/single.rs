//! Batch norm over a single value: nothing is left of what it reads.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::network::{Layer, Network, Over, Value};

/// Warnings on every batch norm that has one value a channel in training with batches of this size.
pub fn warnings(network: &Network, batch: usize) -> Vec<Diagnostic> {
    let single = |value: &&Value| {
        let is_norm = matches!(value.layer, Layer::BatchNorm { .. });
        is_norm && batch * value.shape.h * value.shape.w == 1
    };
    let alone = |value: &&Value| match value.layer {
        Layer::Norm { over: Over::Groups(groups), .. } => value.shape.len() == groups,
        Layer::Norm { over: Over::Pixel, .. } => value.shape.c == 1,
        _ => false,
    };
    let values = network.values.iter();
    let batch = values.clone().filter(single).map(warning);
    batch.chain(values.filter(alone).map(by_itself)).collect()
}

fn by_itself(value: &Value) -> Diagnostic {
    let text = "what is normalised here is a single value".to_owned();
    Diagnostic {
        severity: Severity::Warning,
        ..Diagnostic::error(Code::SingleValue, value.span, text)
    }
    .label("its mean is the value itself")
    .hint("what comes out is β whatever goes in; normalise where there are more pixels, or fewer groups")
}

fn warning(value: &Value) -> Diagnostic {
    let text =
        "in training with a batch of 1, `bn` sees a single value of each channel here".to_owned();
    Diagnostic {
        severity: Severity::Warning,
        ..Diagnostic::error(Code::SingleValue, value.span, text)
    }
    .label("its mean is the value itself")
    .hint(
        "what comes out is β whatever goes in, and no gradient passes back; train with a larger \
         batch, or normalise where there are more pixels",
    )
}
