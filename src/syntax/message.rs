//! Parse errors in the words of the language.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::grammar::Rule;
use super::habits::{self, Expected};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::text::series;

/// What the grammar wanted and what stands there.
pub fn unexpected(text: &str, error: &Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at.min(text.len()),
    };
    let wants = |rule| positives(error).contains(&rule);
    let habit = Expected {
        equals: wants(Rule::equals) && !wants(Rule::close_paren),
        definition: wants(Rule::unit_word) || wants(Rule::unit) || wants(Rule::file),
    };
    if let Some(known) = habits::recognised(text, at, habit) {
        return known;
    }
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => list(positives),
        ErrorVariant::CustomError { .. } => String::new(),
    };
    let span = token(text, at);
    let found = match &text[span.range()] {
        "" => "the end of the text".to_owned(),
        token => format!("`{token}`"),
    };
    let message = if expected.is_empty() {
        format!("{found} is not expected here")
    } else {
        format!("expected {expected}, found {found}")
    };
    let diagnostic = Diagnostic::error(Code::Syntax, span, message).label("not expected here");
    diagnostic.hint(advice(&text[at..], positives(error)))
}

fn positives(error: &Error<Rule>) -> &[Rule] {
    match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    }
}

/// The token that starts at `at`: a word, or one character.
fn token(text: &str, at: usize) -> Span {
    let rest = &text[at..];
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let one = rest.chars().next().map_or(0, char::len_utf8);
    Span::new(at, at + word.max(one))
}

/// The expected things, each once, as a list in English.
fn list(rules: &[Rule]) -> String {
    let mut words: Vec<&str> = rules.iter().filter_map(|&rule| describe(rule)).collect();
    words.sort_unstable();
    words.dedup();
    series(&words, "or")
}

fn describe(rule: Rule) -> Option<&'static str> {
    match rule {
        Rule::WHITESPACE | Rule::COMMENT | Rule::letter | Rule::word => None,
        Rule::file
        | Rule::unit
        | Rule::def
        | Rule::net
        | Rule::unit_word
        | Rule::def_word
        | Rule::net_word => Some("`unit`, `def` or `net`"),
        Rule::EOI => None,
        // True wherever an operator may stand, and seldom what was meant.
        Rule::call => None,
        Rule::parameters | Rule::open_paren => Some("`(`"),
        Rule::parameter | Rule::label | Rule::name => Some("a name"),
        Rule::binding | Rule::let_word => Some("a binding"),
        Rule::expression | Rule::operand | Rule::group | Rule::argument => Some("an expression"),
        Rule::kernel | Rule::number => Some("a number"),
        Rule::infix | Rule::arrow | Rule::plus | Rule::minus | Rule::times | Rule::divide => {
            Some("an operator")
        }
        Rule::open_brace => Some("`{`"),
        Rule::close_brace => Some("`}`"),
        Rule::close_paren => Some("`)`"),
        Rule::comma => Some("`,`"),
        Rule::colon => Some("`:`"),
        Rule::equals => Some("`=`"),
    }
}

/// Whether a list begins with a name.
fn has_names(list: &str) -> bool {
    list[1..].trim_start().starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The mistake people make who write this.
fn advice(rest: &str, expected: &[Rule]) -> &'static str {
    let wants = |rule| expected.contains(&rule);
    let first = rest.chars().next();
    match first {
        None => "the text stops in the middle of a definition",
        Some(';') => "no semicolons: a binding ends where the next one starts",
        Some('>' | '|') => "stages are joined with `->`",
        Some('[') if has_names(rest) => {
            "values stand one after another in round brackets, such as concat(a, b)"
        }
        Some('[' | ']') => "write sizes as 3x3, and use round brackets",
        Some('#') => "comments start with `//`",
        Some('=') if rest.starts_with("=>") => "stages are joined with `->`",
        Some('=') if wants(Rule::close_paren) || wants(Rule::call) => {
            "arguments are given as name: value, such as stride: 2"
        }
        Some(':') => "defaults and bindings are written with `=`",
        Some('-') if rest.starts_with("->") => "a stage is missing before `->`",
        Some('0'..='9') if wants(Rule::name) && !wants(Rule::number) => {
            "a name starts with a letter"
        }
        Some('0'..='9') => "a number is written 16, 0.5 or 1e-4, a kernel 3x3; a product needs `*`",
        Some(_) if wants(Rule::file) || wants(Rule::unit) || wants(Rule::unit_word) => {
            "a file holds definitions: unit NAME(…) { … } and net NAME(…) { … }"
        }
        Some('}') if wants(Rule::operand) => "something is missing before `}`",
        Some(_) => "bindings are written NAME = …, and stages are joined with `->`",
    }
}
