//! The lines of a canonical layout: which tokens stand on one, and how far it is indented.

use std::collections::HashMap;

use crate::syntax::ast::{Binding, Definition, File};
use crate::syntax::tokens::Token;

/// Columns of one level.
pub const INDENT: usize = 4;

/// Tokens that stand on one line if there is room.
#[derive(Debug)]
pub struct Line<'t, 'a> {
    /// At least one.
    pub tokens: &'t [Token<'a>],
    /// Columns before its first token.
    pub indent: usize,
    /// Columns before the first token of a line that it goes on in.
    pub further: usize,
}

/// What starts at a byte of the text.
#[derive(Clone, Copy)]
enum Start {
    Definition,
    Binding,
    Chain,
}

/// Splits the tokens of a parsed file. Comments before a line belong to it.
pub fn lines<'t, 'a>(file: &File, tokens: &'t [Token<'a>]) -> Vec<Line<'t, 'a>> {
    let starts = starts(file);
    let mut lines = Vec::new();
    let (mut from, mut kind) = (0, Start::Definition);
    for (i, token) in tokens.iter().enumerate() {
        if let Some(&next) = starts.get(&token.start) {
            close(&mut lines, &tokens[from..i], kind);
            (from, kind) = (i, next);
        }
        if token.text == "}" {
            close(&mut lines, &tokens[from..i], kind);
            lines.push(Line { tokens: &tokens[i..=i], indent: 0, further: 0 });
            (from, kind) = (i + 1, Start::Definition);
        } else if token.text == "{" {
            close(&mut lines, &tokens[from..=i], Start::Definition);
            (from, kind) = (i + 1, Start::Binding);
        }
    }
    close(&mut lines, &tokens[from..], Start::Definition);
    lines
}

fn close<'t, 'a>(lines: &mut Vec<Line<'t, 'a>>, mut tokens: &'t [Token<'a>], kind: Start) {
    let (indent, further) = match kind {
        Start::Definition => (0, INDENT),
        Start::Binding => (INDENT, 2 * INDENT),
        Start::Chain => (INDENT, INDENT),
    };
    // What follows the last token of code stands on lines of its own.
    let code = tokens.iter().rposition(|token| !token.is_comment()).map_or(0, |at| at + 1);
    if code > 0 {
        lines.push(Line { tokens: &tokens[..code], indent, further });
        tokens = &tokens[code..];
    }
    lines.extend(tokens.chunks(1).map(|comment| Line { tokens: comment, indent, further: indent }));
}

fn starts(file: &File) -> HashMap<usize, Start> {
    let (mut starts, no_bindings) = (HashMap::new(), Vec::new());
    for definition in &file.definitions {
        let (span, bindings, chain) = match definition {
            Definition::Unit(unit) => (unit.span, &unit.bindings, None),
            Definition::Def(def) => (def.span, &no_bindings, None),
            Definition::Net(net) => (net.span, &net.bindings, net.chain.as_ref()),
        };
        starts.insert(span.range().start, Start::Definition);
        starts.extend(bindings.iter().map(|binding| (binding_start(binding), Start::Binding)));
        starts.extend(chain.map(|chain| (chain.span.range().start, Start::Chain)));
    }
    starts
}

fn binding_start(binding: &Binding) -> usize {
    binding.let_word.unwrap_or(binding.name.span).range().start
}
