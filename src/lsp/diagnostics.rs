//! The compiler's messages in the protocol's form, and the mends among them.

use std::collections::HashMap;

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, DiagnosticRelatedInformation,
    DiagnosticSeverity, Location, NumberOrString, Range, TextEdit, Uri, WorkspaceEdit,
};

use super::position::range;
use crate::diagnostic::{Diagnostic, Severity};

/// For an editor.
pub fn published(uri: &Uri, text: &str, found: &[Diagnostic]) -> Vec<lsp_types::Diagnostic> {
    found.iter().map(|diagnostic| one(uri, text, diagnostic)).collect()
}

fn one(uri: &Uri, text: &str, diagnostic: &Diagnostic) -> lsp_types::Diagnostic {
    let related = diagnostic.labels.iter().map(|label| DiagnosticRelatedInformation {
        location: Location { uri: uri.clone(), range: range(text, label.span) },
        message: label.text.clone(),
    });
    let hint = diagnostic.hint.as_ref().map_or(String::new(), |hint| format!("\n{hint}"));
    lsp_types::Diagnostic {
        range: range(text, diagnostic.span),
        severity: Some(match diagnostic.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(diagnostic.code.text().to_owned())),
        source: Some("rnetc".to_owned()),
        message: format!("{}{hint}", diagnostic.message),
        related_information: Some(related.collect()),
        ..lsp_types::Diagnostic::default()
    }
}

/// The mends of what stands in a range.
pub fn actions(
    uri: &Uri,
    text: &str,
    found: &[Diagnostic],
    wanted: Range,
) -> Vec<CodeActionOrCommand> {
    let mut actions = Vec::new();
    for diagnostic in found {
        let place = range(text, diagnostic.span);
        let Some(fix) = &diagnostic.fix else { continue };
        if place.end < wanted.start || wanted.end < place.start {
            continue;
        }
        let edit = TextEdit { range: range(text, fix.span), new_text: fix.text.clone() };
        let changes = Some(HashMap::from([(uri.clone(), vec![edit])]));
        actions.push(CodeActionOrCommand::CodeAction(CodeAction {
            title: format!("replace with `{}`", fix.text),
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![one(uri, text, diagnostic)]),
            edit: Some(WorkspaceEdit { changes, ..WorkspaceEdit::default() }),
            ..CodeAction::default()
        }));
    }
    actions
}
