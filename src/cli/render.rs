//! Diagnostics as text: the source line, carets, labels, the hint and the code; or a line each.

use std::io::IsTerminal;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::args::MessageFormat;
use super::{messages, output};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Source, Span};

/// Width of a rendered line at most; longer source lines are cut.
const WIDTH: usize = 120;

/// Prints diagnostics of one source on standard error.
pub fn show(source: &Source, diagnostics: &[Diagnostic], format: MessageFormat) {
    if diagnostics.is_empty() {
        return;
    }
    let text = match format {
        MessageFormat::Human => {
            let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            render(source, diagnostics, colour)
        }
        MessageFormat::Short => messages::short(source, diagnostics),
        MessageFormat::Json => messages::json(source, diagnostics),
    };
    output::note(text.trim_end());
}

/// Renders diagnostics of one source, each followed by an empty line. `colour` adds terminal
/// escapes.
pub fn render(source: &Source, diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(WIDTH).decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(source, diagnostic)]));
        text.push_str("\n\n");
    }
    text
}

fn group<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&diagnostic.message).id(diagnostic.code.text());
    let mut snippet = Snippet::source(&*source.text).path(&*source.name).annotation(mark(
        source,
        AnnotationKind::Primary,
        diagnostic.span,
        &diagnostic.label,
    ));
    for label in &diagnostic.labels {
        snippet =
            snippet.annotation(mark(source, AnnotationKind::Context, label.span, &label.text));
    }
    let group = title.element(snippet);
    match &diagnostic.hint {
        Some(hint) => group.element(Level::HELP.message(hint)),
        None => group,
    }
}

fn mark<'a>(source: &Source, kind: AnnotationKind, span: Span, label: &'a str) -> Annotation<'a> {
    let mark = kind.span(within(&source.text, span));
    if label.is_empty() { mark } else { mark.label(label) }
}

/// The span inside the text and on character boundaries; at its end, the last line with text.
fn within(text: &str, span: Span) -> Range<usize> {
    let boundary = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let last = text.trim_end().len();
    let (start, end) = (boundary(span.start as usize), boundary(span.end as usize));
    if start >= last && start >= text.len() {
        return last..last;
    }
    start..end.max(start)
}
