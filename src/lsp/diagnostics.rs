//! The compiler's messages in the protocol's form.

use lsp_types::{DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Uri};

use super::lines::Lines;
use crate::diagnostic::{Diagnostic, Severity};

/// A message for an editor.
pub fn published(uri: &Uri, lines: &Lines, diagnostic: &Diagnostic) -> lsp_types::Diagnostic {
    let related = diagnostic.labels.iter().map(|label| DiagnosticRelatedInformation {
        location: Location { uri: uri.clone(), range: lines.range(label.span) },
        message: label.text.clone(),
    });
    let hint = diagnostic.hint.as_ref().map_or(String::new(), |hint| format!("\n{hint}"));
    lsp_types::Diagnostic {
        range: lines.range(diagnostic.span),
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
