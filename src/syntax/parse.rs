//! The grammar, run.

use pest::Parser;

use super::grammar::{Grammar, Rule};
use super::{ast, build, message, scan};
use crate::diagnostic::Diagnostic;

/// Parses a whole file; there is one error at most, since parsing cannot go on behind it.
pub fn file(text: &str) -> Result<ast::File, Diagnostic> {
    scan::check(text)?;
    let mut pairs =
        Grammar::parse(Rule::file, text).map_err(|error| message::unexpected(text, &error))?;
    build::file(pairs.next())
}
