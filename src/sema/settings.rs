//! `--set` pairs: text → values of the net's parameters.

use super::hir::{Net, PlainKind};
use super::layers::Word;
use super::plain::Term;
use crate::diagnostic::{Code, Diagnostic};
use crate::text::{nearest, series};

/// A value for each of the net's parameters that is set; the last of several counts.
pub fn read(
    net: &Net,
    settings: &[(String, String)],
) -> Result<Vec<Option<Term>>, Vec<Diagnostic>> {
    let mut values = vec![None; net.scope.parameters.len()];
    let mut errors = Vec::new();
    for (name, text) in settings {
        match net.scope.parameters.iter().position(|p| p.name == *name) {
            None => errors.push(unknown(net, name)),
            Some(i) => match term(text) {
                Some(term) if fits(net, i, term) => values[i] = Some(term),
                Some(_) | None => errors.push(unreadable(net, i, text)),
            },
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

fn term(text: &str) -> Option<Term> {
    let text = text.trim();
    if let Some(word) = Word::find(text) {
        return Some(Term::Word(word));
    }
    if let Some((rows, columns)) = text.split_once('x') {
        return Some(Term::Kernel([rows.parse().ok()?, columns.parse().ok()?]));
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(Term::Number(number))
}

/// Whether the value is of the kind of the default.
fn fits(net: &Net, i: usize, term: Term) -> bool {
    let Some(default) = &net.scope.parameters[i].default else { return true };
    match (&default.kind, term) {
        (PlainKind::Word(_), Term::Word(_)) | (PlainKind::Kernel(_), Term::Kernel(_)) => true,
        (PlainKind::Word(Word::None), Term::Number(_)) => true,
        (PlainKind::Word(_) | PlainKind::Kernel(_), _) => false,
        (PlainKind::Parameter(_), _) => true,
        (
            PlainKind::Number(_)
            | PlainKind::Binding(_)
            | PlainKind::Index
            | PlainKind::Count
            | PlainKind::Negate(_)
            | PlainKind::Call(..)
            | PlainKind::Fold(..),
            term,
        ) => matches!(term, Term::Number(_) | Term::Word(Word::None)),
    }
}

fn unknown(net: &Net, name: &str) -> Diagnostic {
    let known: Vec<&str> = net.scope.parameters.iter().map(|p| p.name.as_str()).collect();
    let hint = match (nearest(name, known.iter().copied()), known.is_empty()) {
        (Some(near), _) => format!("did you mean --set {near}=…?"),
        (None, true) => "this net has no parameters".to_owned(),
        (None, false) => format!("it has {}", known.join(", ")),
    };
    Diagnostic::error(
        Code::UnknownSetting,
        net.span,
        format!("net `{}` has no parameter `{}`", net.name, shorten(name)),
    )
    .label("this net")
    .hint(hint)
}

fn unreadable(net: &Net, i: usize, text: &str) -> Diagnostic {
    let parameter = &net.scope.parameters[i];
    let name = &parameter.name;
    let (wanted, example) = match parameter.default.as_ref().map(|default| &default.kind) {
        Some(PlainKind::Word(word)) if *word != Word::None => {
            let words: Vec<String> =
                word.beside().iter().map(|word| format!("`{}`", word.text())).collect();
            (series(&words, "or"), word.text())
        }
        Some(PlainKind::Kernel(_)) => ("a kernel such as `3x3`".to_owned(), "3x3"),
        Some(_) | None => ("a number".to_owned(), "20"),
    };
    Diagnostic::error(
        Code::UnknownSetting,
        parameter.span,
        format!("--set {name}={}: {name} takes {wanted}", shorten(text)),
    )
    .label("this parameter")
    .hint(match text.contains(',') && text.contains('=') {
        true => format!("one --set for each: --set {name}={}", text.replace(',', " --set ")),
        false => format!("write --set {name}={example}"),
    })
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
