//! The grammar of `grammar/rnet.pest`, compiled.

/// The parser that pest makes of the grammar.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/rnet.pest"]
pub struct Grammar;
