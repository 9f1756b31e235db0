//! What stages, parameters and numbers come to, by where they are written: for an editor.

use std::collections::HashMap;

use super::plain::{Env, Term};
use crate::network::Chw;
use crate::source::Span;

/// Most different shapes or numbers kept of one place.
const MOST: usize = 5;

/// Shapes and numbers of a network, by places of its text.
#[derive(Clone, Debug, Default)]
pub struct Places {
    stages: HashMap<Span, Stage>,
    numbers: HashMap<Span, Vec<Term>>,
}

/// What is done at one place of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// Shapes read and written, each once, in the order of the net; the first few.
    pub shapes: Vec<(Chw, Chw)>,
}

impl Places {
    /// The layer, unit, chain or value whose expression has this span.
    pub fn stage(&self, span: Span) -> Option<&Stage> {
        self.stages.get(&span)
    }

    /// What the parameter whose name, or the plain expression that has this span comes to: each
    /// number, kernel or word once, in the order of the net; the first few.
    pub fn numbers(&self, span: Span) -> &[Term] {
        self.numbers.get(&span).map_or(&[], Vec::as_slice)
    }

    /// Notes one application.
    pub fn applied(&mut self, span: Span, read: Chw, written: Chw) {
        once(&mut self.stages.entry(span).or_default().shapes, (read, written));
    }

    /// Notes the numbers of a definition at one place of the net.
    pub fn evaluated(&mut self, env: &Env<'_>) {
        for (span, term) in env.places() {
            once(self.numbers.entry(span).or_default(), term);
        }
    }
}

fn once<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if list.len() < MOST && !list.contains(&item) {
        list.push(item);
    }
}
