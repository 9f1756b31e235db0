//! Shapes behind the stages of chains and behind what is bound, as an editor shows them between the
//! words of a text: the first of those that a stage writes in the net, and of how many.

use lsp_types::{InlayHint, InlayHintKind, InlayHintLabel, InlayHintTooltip, Range};

use super::lines::Lines;
use super::shapes;
use crate::sema::{Places, Stage};
use crate::source::Span;
use crate::syntax::ast::{Definition, Expr, ExprKind, File};

/// Hints in a range of a text that compiles.
pub fn hints(file: &File, places: &Places, lines: &Lines, wanted: Range) -> Vec<InlayHint> {
    let mut spans = Vec::new();
    for definition in &file.definitions {
        let (bindings, chain) = match definition {
            Definition::Unit(unit) => (unit.bindings.as_slice(), None),
            Definition::Def(def) => (&[][..], Some(&def.value)),
            Definition::Net(net) => (net.bindings.as_slice(), net.chain.as_ref()),
        };
        for value in bindings.iter().map(|binding| &binding.value).chain(chain) {
            // A chain ends with its last stage, which has the same shape.
            if !matches!(value.kind, ExprKind::Chain(_)) {
                spans.push(value.span);
            }
            stages(value, &mut spans);
        }
    }
    spans.sort_by_key(|span| span.end);
    let hint = |span: Span| {
        let position = lines.position(span.end as usize);
        let inside = wanted.start <= position && position <= wanted.end;
        places.stage(span).filter(|_| inside).map(|stage| hint(stage, position))
    };
    spans.into_iter().filter_map(hint).collect()
}

/// The stages of all chains within an expression.
fn stages(expr: &Expr, found: &mut Vec<Span>) {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Kernel(_) | ExprKind::Name(_) => {}
        ExprKind::Negate(inner) => stages(inner, found),
        ExprKind::Call(callee, arguments) => {
            stages(callee, found);
            arguments.iter().for_each(|argument| stages(&argument.value, found));
        }
        ExprKind::Fold(first, rest) => {
            stages(first, found);
            rest.iter().for_each(|(_, operand)| stages(operand, found));
        }
        ExprKind::Chain(all) => {
            for stage in all {
                found.push(stage.span);
                stages(stage, found);
            }
        }
    }
}

fn hint(stage: &Stage, position: lsp_types::Position) -> InlayHint {
    let mut written: Vec<String> = Vec::new();
    for shape in stage.shapes.iter().map(|(_, shape)| shape.to_string()) {
        if !written.contains(&shape) {
            written.push(shape);
        }
    }
    let label = match written.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        // The compiler keeps no more than that there are more.
        [first, ..] if stage.shapes.len() > shapes::SHOWN => format!("{first}, first of several"),
        [first, ..] => format!("{first}, first of {}", written.len()),
    };
    let tooltip = format!("reads → writes: {}", shapes::list(&stage.shapes));
    InlayHint {
        position,
        label: InlayHintLabel::String(label),
        kind: Some(InlayHintKind::TYPE),
        text_edits: None,
        tooltip: Some(InlayHintTooltip::String(tooltip)),
        padding_left: Some(true),
        padding_right: None,
        data: None,
    }
}
