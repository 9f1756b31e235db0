//! Warnings about numbers that stand in the order of another tool, and are taken in that of the language.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::network::Network;
use crate::sema::layers::LayerName;
use crate::syntax::ast::{Argument, ExprKind};

/// Numbers that stand where another tool has another argument: `conv(5x5, 16, 2)`, whose third is often
/// the padding elsewhere, and `linear(64, 10)`, whose first is what comes in.
pub fn places(layer: LayerName, given: &[Argument]) -> Option<Diagnostic> {
    let (at, least) = match layer {
        LayerName::Conv => (2, 2.0),
        LayerName::Linear => (1, 1.0),
        _ => return None,
    };
    let before = given.get(..=at)?;
    let ExprKind::Number(number) = before[at].value.kind else { return None };
    if number < least || before.iter().any(|argument| argument.label.is_some()) {
        return None;
    }
    let (text, label, hint) = if layer == LayerName::Conv {
        (
            "the third place of `conv` is its stride",
            format!("a stride of {number}"),
            format!("write stride: {number}, or padding: {number} if that is meant"),
        )
    } else {
        (
            "the second place of `linear` is its bias",
            format!("biases that begin at {number}"),
            format!(
                "what comes in is known here: write linear({number}), or bias: {number} if that is meant"
            ),
        )
    };
    let warning = Diagnostic::error(Code::Order, before[at].value.span, text);
    Some(Diagnostic { severity: Severity::Warning, ..warning }.label(label).hint(hint))
}

/// `input(32, 32, 3)`: channels last.
pub fn channels_last(network: &Network) -> Option<Diagnostic> {
    let input = network.value(network.input);
    let shape = input.shape;
    let colours = |n: usize| n == 1 || n == 3;
    if !colours(shape.w) || colours(shape.c) || colours(shape.h) {
        return None;
    }
    let (c, h, w) = (shape.c, shape.h, shape.w);
    let text = format!(
        "this reads pictures of {c} channels, {h} rows and {w} column{}",
        if w == 1 { "" } else { "s" }
    );
    let warning = Diagnostic::error(Code::Order, input.span, text).label("channels come first");
    let hint = format!("for pictures of {c}×{h} pixels write input({w}, {c}, {h})");
    Some(Diagnostic { severity: Severity::Warning, ..warning }.hint(hint))
}
