//! Diagnostics for programs: a line each, as editors read compilers' lines, or as JSON.

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Source, Span};

/// `FILE:LINE:COLUMN: error[CODE]: message (hint)`, a line each.
pub fn short(source: &Source, diagnostics: &[Diagnostic]) -> String {
    let line = |diagnostic: &Diagnostic| {
        let (line, column) = source.line_column(diagnostic.span.range().start);
        let (severity, code) = (severity(diagnostic.severity), diagnostic.code.text());
        let hint = diagnostic.hint.as_ref().map_or(String::new(), |hint| format!(" ({hint})"));
        let message = &diagnostic.message;
        format!("{}:{line}:{column}: {severity}[{code}]: {message}{hint}\n", source.name)
    };
    diagnostics.iter().map(line).collect()
}

/// One JSON object a line.
pub fn json(source: &Source, diagnostics: &[Diagnostic]) -> String {
    let line = |diagnostic: &Diagnostic| {
        // Nothing in it can fail to be JSON: strings, numbers, lists.
        let text = serde_json::to_string(&message(source, diagnostic)).unwrap_or_default();
        text + "\n"
    };
    diagnostics.iter().map(line).collect()
}

#[derive(Serialize)]
struct Message<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    file: &'a str,
    #[serde(flatten)]
    place: Place,
    label: &'a str,
    labels: Vec<Note<'a>>,
    hint: Option<&'a str>,
    fix: Option<Mend<'a>>,
}

/// Lines and columns from 1, columns in characters; bytes from 0; ends are one past.
#[derive(Serialize)]
struct Place {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    bytes: [u32; 2],
}

#[derive(Serialize)]
struct Note<'a> {
    #[serde(flatten)]
    place: Place,
    text: &'a str,
}

#[derive(Serialize)]
struct Mend<'a> {
    #[serde(flatten)]
    place: Place,
    replacement: &'a str,
}

fn message<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Message<'a> {
    let note = |label: &'a crate::diagnostic::Label| Note {
        place: place(source, label.span),
        text: &label.text,
    };
    let fix = diagnostic.fix.as_ref();
    Message {
        severity: severity(diagnostic.severity),
        code: diagnostic.code.text(),
        message: &diagnostic.message,
        file: &source.name,
        place: place(source, diagnostic.span),
        label: &diagnostic.label,
        labels: diagnostic.labels.iter().map(note).collect(),
        hint: diagnostic.hint.as_deref(),
        fix: fix.map(|fix| Mend { place: place(source, fix.span), replacement: &fix.text }),
    }
}

fn place(source: &Source, span: Span) -> Place {
    let (line, column) = source.line_column(span.range().start);
    let (end_line, end_column) = source.line_column(span.range().end);
    Place { line, column, end_line, end_column, bytes: source.in_file(span) }
}

/// Its name.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
