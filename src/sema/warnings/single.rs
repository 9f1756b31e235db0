//! Batch norm over a single value: nothing is left of what it reads.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::network::{Layer, Network, Over, Value};

/// Warnings on every batch norm that has one value a channel in training with batches of this size, or in
/// some part of them.
pub fn warnings(network: &Network, batch: usize) -> Vec<Diagnostic> {
    let single = |value: &&Value| match value.layer {
        Layer::BatchNorm { ghost, .. } => {
            smallest(batch, ghost) * value.shape.h * value.shape.w == 1
        }
        _ => false,
    };
    let alone = |value: &&Value| match value.layer {
        Layer::Norm { over: Over::Groups(groups), .. } => value.shape.len() == groups,
        Layer::Norm { over: Over::Pixel, .. } => value.shape.c == 1,
        _ => false,
    };
    let values = network.values.iter();
    let batch = values.clone().filter(single).map(|value| warning(value, batch));
    batch.chain(values.filter(alone).map(by_itself)).collect()
}

/// Pictures of the smallest part of a batch.
fn smallest(batch: usize, ghost: Option<usize>) -> usize {
    let size = ghost.unwrap_or(batch).min(batch);
    match batch.checked_rem(size) {
        None | Some(0) => size,
        Some(rest) => rest,
    }
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

fn warning(value: &Value, batch: usize) -> Diagnostic {
    let (of, instead) = match batch {
        1 => ("`bn`", "a larger batch"),
        _ => ("the last part that `bn` has", "a batch of whole parts, each of several pictures"),
    };
    let text = format!(
        "in training with a batch of {batch}, {of} sees a single value of each channel here"
    );
    Diagnostic {
        severity: Severity::Warning,
        ..Diagnostic::error(Code::SingleValue, value.span, text)
    }
    .label("its mean is the value itself")
    .hint(format!(
        "what comes out is β whatever goes in, and no gradient passes back; train with {instead}, or \
         normalise where there are more pixels"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_part_has_what_is_left() {
        for (batch, ghost, pictures) in [
            (8, None, 8),
            (8, Some(4), 4),
            (9, Some(4), 1),
            (3, Some(4), 3),
            (0, Some(4), 0),
            (0, None, 0),
        ] {
            assert_eq!(smallest(batch, ghost), pictures, "{batch} {ghost:?}");
        }
    }
}
