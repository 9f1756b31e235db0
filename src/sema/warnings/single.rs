//! Batch norm over a single value: nothing is left of what it reads.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::network::{Layer, Network, Value};

/// Warnings on every batch norm that has one value a channel in training with batches of this size.
pub fn warnings(network: &Network, batch: usize) -> Vec<Diagnostic> {
    let single = |value: &&Value| {
        let is_norm = matches!(value.layer, Layer::BatchNorm { .. });
        is_norm && batch * value.shape.h * value.shape.w == 1
    };
    network.values.iter().filter(single).map(warning).collect()
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
