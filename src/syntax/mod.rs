//! Text ↔ AST.
//!
//! Text passes a scan that bounds its size and nesting, then the grammar of
//! `grammar/rnet.pest`, and comes out as a tree in which every node knows its place.

use crate::diagnostic::Diagnostic;
use crate::source::Source;

pub mod ast;
mod build;
mod characters;
pub mod foreign;
pub mod format;
mod grammar;
mod habits;
mod message;
mod parse;
mod scan;
mod text;
pub mod tokens;

pub use scan::MAX_BYTES;

/// Parses a spec. Names are not looked up yet.
pub fn parse(source: &Source) -> Result<ast::File, Vec<Diagnostic>> {
    parse::file(&source.text).map_err(|diagnostic| vec![diagnostic])
}
