//! One layout for every spec.
//!
//! Works on tokens, so nothing is lost: the parser says where definitions, bindings and chains
//! start, and the layout decides what stands between tokens. A line break before `->` at the top
//! of a chain is the author's, as are empty lines and comments; all other breaks are made here.

use super::ast::File;
use super::tokens::tokens;
use crate::diagnostic::Diagnostic;
use crate::source::Source;

mod layout;
mod lines;

/// The text in its canonical layout, or why it cannot be read.
pub fn format(source: &Source) -> Result<String, Vec<Diagnostic>> {
    Ok(formatted(&super::parse(source)?, &source.text))
}

fn formatted(file: &File, text: &str) -> String {
    let tokens = tokens(text);
    layout::layout(&lines::lines(file, &tokens))
}
