//! `depth // 6` reads like a whole division, as in other languages; here it is `depth` and a comment.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::Span;
use crate::syntax::ast::{Definition, File};
use crate::syntax::tokens::{Token, tokens};

/// Warnings on comments that go on with an expression: behind what may be divided, and made of
/// nothing but numbers, operators and names that the spec defines.
pub fn warnings(file: &File, text: &str) -> Vec<Diagnostic> {
    let names = defined(file);
    let all = tokens(text);
    let divides = |pair: &&[Token<'_>]| {
        let [before, comment] = pair else { return false };
        let goes_on = comment.is_comment() && comment.breaks == 0 && before.ends_operand();
        goes_on && is_arithmetic(comment.text.trim_start_matches('/'), &names)
    };
    all.windows(2).filter(divides).map(|pair| warning(&pair[1])).collect()
}

fn defined(file: &File) -> HashSet<&str> {
    let mut names = HashSet::from(["index", "count"]);
    for definition in &file.definitions {
        let (parameters, bindings) = match definition {
            Definition::Unit(unit) => (&unit.parameters, unit.bindings.as_slice()),
            Definition::Def(def) => (&def.parameters, &[][..]),
            Definition::Net(net) => (&net.parameters, net.bindings.as_slice()),
        };
        names.extend(parameters.iter().map(|parameter| parameter.name.text.as_str()));
        names.extend(bindings.iter().map(|binding| binding.name.text.as_str()));
    }
    names
}

fn is_arithmetic(comment: &str, names: &HashSet<&str>) -> bool {
    let all = tokens(comment);
    let operand = |token: &Token<'_>| {
        names.contains(token.text) || token.text.starts_with(|c: char| c.is_ascii_digit())
    };
    let operator =
        |token: &Token<'_>| matches!(token.text, "(" | ")" | "," | "+" | "-" | "*" | "/" | "->");
    let starts = all.first().is_some_and(|token| operand(token) || token.text == "(");
    starts && all.iter().all(|token| operand(token) || operator(token))
}

fn warning(comment: &Token<'_>) -> Diagnostic {
    let span = Span::new(comment.start, comment.start + comment.text.len());
    let text = format!("`{}` is a comment, and divides nothing", comment.text);
    Diagnostic { severity: Severity::Warning, ..Diagnostic::error(Code::Slashes, span, text) }
        .label("from here to the end of the line")
        .hint("divide with `/`: numbers must divide evenly where a whole one is needed; or say it in words")
}
