//! Diagnostics as text: the source line, carets, labels, the hint and the code; or a line each.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet, Title};

use super::{Diagnostic, Severity};
use crate::source::{Source, Span};

/// Longest text shown with all the places that matter: the renderer's time grows with lines and
/// with their lengths, and no spec that a person wrote is longer.
const LONG: usize = 16 * 1024;

/// Width of a rendered line at most; longer source lines are cut.
const WIDTH: usize = 120;

/// Renders diagnostics of one source, each followed by an empty line. `colour` adds terminal
/// escapes.
pub fn render(source: &Source, diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(WIDTH).decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let group = match source.text.len() <= LONG {
            true => group(source, diagnostic),
            false => excerpt(source, diagnostic),
        };
        text.push_str(&renderer.render(&[group]));
        text.push_str("\n\n");
    }
    text
}

fn title(diagnostic: &Diagnostic) -> Title<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    level.primary_title(&diagnostic.message).id(diagnostic.code.text())
}

fn group<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Group<'a> {
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
    let group = title(diagnostic).element(snippet);
    match &diagnostic.hint {
        Some(hint) => group.element(Level::HELP.message(hint)),
        None => group,
    }
}

/// A diagnostic of a long text: what stands around the place, without the other places.
fn excerpt<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Group<'a> {
    const AROUND: usize = 100;
    let text = &source.text;
    let Range { start, end } = within(text, diagnostic.span);
    let line = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let from = boundary(text, line.max(start.saturating_sub(AROUND)));
    let rest = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    let to = boundary(text, rest.min(start + AROUND)).max(start);
    let span = start - from..end.clamp(start, to) - from;
    let kind = AnnotationKind::Primary.span(span);
    let mark = match diagnostic.label.as_str() {
        "" => kind,
        label => kind.label(label),
    };
    let number = source.line_column(start).0;
    let snippet =
        Snippet::source(&text[from..to]).line_start(number).path(&*source.name).annotation(mark);
    let group = title(diagnostic).element(snippet);
    match &diagnostic.hint {
        Some(hint) => group.element(Level::HELP.message(hint)),
        None => group,
    }
}

fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn mark<'a>(source: &Source, kind: AnnotationKind, span: Span, label: &'a str) -> Annotation<'a> {
    let mark = kind.span(within(&source.text, span));
    if label.is_empty() { mark } else { mark.label(label) }
}

/// The span inside the text and on character boundaries; at its end, the last line with text.
fn within(text: &str, span: Span) -> Range<usize> {
    let last = text.trim_end().len();
    let (start, end) = (boundary(text, span.start as usize), boundary(text, span.end as usize));
    if start >= last && start >= text.len() {
        return last..last;
    }
    start..end.max(start)
}
