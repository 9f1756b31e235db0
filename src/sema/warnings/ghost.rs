//! Batch norm over parts of a batch that are larger than the batch.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::network::{Layer, Network, Value};

/// Warnings on every batch norm whose parts have more pictures than batches of this size.
pub fn warnings(network: &Network, batch: usize) -> Vec<Diagnostic> {
    let larger = |value: &Value| match value.layer {
        Layer::BatchNorm { ghost, .. } => {
            ghost.filter(|ghost| *ghost > batch).map(|ghost| warning(value, ghost, batch))
        }
        _ => None,
    };
    network.values.iter().filter_map(larger).collect()
}

fn warning(value: &Value, ghost: usize, batch: usize) -> Diagnostic {
    let text = format!("parts of {ghost} pictures are larger than the batch of {batch}");
    Diagnostic { severity: Severity::Warning, ..Diagnostic::error(Code::Ghost, value.span, text) }
        .label("this is plain batch norm here")
        .hint(format!(
            "train with the batch that it was meant for, or write smaller parts, such as ghost: {}",
            (batch / 2).clamp(1, 32)
        ))
}
