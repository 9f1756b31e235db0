//! Quick fixes: the mends that messages bring along, and comments that allow a warning.

use std::collections::HashMap;

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, Range, TextEdit, Uri, WorkspaceEdit,
};

use super::diagnostics::published;
use super::lines::Lines;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Source, Span};

/// What can be done about the messages that stand in a range.
pub fn actions(
    uri: &Uri,
    source: &Source,
    lines: &Lines,
    found: &[Diagnostic],
    wanted: Range,
) -> Vec<CodeActionOrCommand> {
    let mut actions = Vec::new();
    for diagnostic in found {
        let place = lines.range(diagnostic.span);
        if place.end < wanted.start || wanted.end < place.start {
            continue;
        }
        let action = |title: String, span: Span, new_text: String| {
            let edit = TextEdit { range: lines.range(span), new_text };
            let changes = Some(HashMap::from([(uri.clone(), vec![edit])]));
            CodeActionOrCommand::CodeAction(CodeAction {
                title,
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![published(uri, lines, diagnostic)]),
                edit: Some(WorkspaceEdit { changes, ..WorkspaceEdit::default() }),
                ..CodeAction::default()
            })
        };
        if let Some(fix) = &diagnostic.fix {
            let title = match fix.text.as_str() {
                "" => "remove it".to_owned(),
                text => format!("replace with `{text}`"),
            };
            actions.push(action(title, fix.span, fix.text.clone()));
        }
        if diagnostic.severity == Severity::Warning {
            let code = diagnostic.code.text();
            let (at, comment) = allowing(&source.text, lines, diagnostic);
            let place = Span::new(at, at);
            actions.push(action(format!("allow {code} in this file"), place, comment));
        }
    }
    actions
}

/// A comment on a line of its own above the warning's, and where it goes.
fn allowing(text: &str, lines: &Lines, warning: &Diagnostic) -> (usize, String) {
    let at = lines.line_start(warning.span.start as usize);
    let indent: String = text[at..].chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
    let ending = match text.find(['\r', '\n']) {
        Some(end) if text[end..].starts_with("\r\n") => "\r\n",
        Some(end) if text[end..].starts_with('\r') => "\r",
        Some(_) | None => "\n",
    };
    (at, format!("{indent}// allow {}: {ending}", warning.code.text()))
}
