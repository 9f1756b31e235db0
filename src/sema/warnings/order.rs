//! Warnings about numbers that stand in the order of another tool, and are taken in that of the language.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::network::Network;
use crate::sema::layers::LayerName;
use crate::syntax::ast::{Argument, ExprKind};

/// `conv(5x5, 16, 2)`: a number in the third place, which is the stride; elsewhere it is often the padding.
pub fn third_place(layer: LayerName, given: &[Argument]) -> Option<Diagnostic> {
    let [_, _, Argument { label: None, value }, ..] = given else { return None };
    let ExprKind::Number(number) = value.kind else { return None };
    if layer != LayerName::Conv || number <= 1.0 {
        return None;
    }
    let warning =
        Diagnostic::error(Code::Order, value.span, "the third place of `conv` is its stride");
    let hint = format!("write stride: {number}, or padding: {number} if that is meant");
    Some(
        Diagnostic { severity: Severity::Warning, ..warning }
            .label(format!("a stride of {number}"))
            .hint(hint),
    )
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
