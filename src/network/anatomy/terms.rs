//! y as a sum.

use std::collections::HashMap;

use super::Term;
use super::ways::Ways;
use crate::network::{BinaryOp, Edge, Layer, Network, ValueId};

/// A sum taken apart.
pub struct Opened {
    /// The terms that depend on x, in the order of the text.
    pub terms: Vec<Term>,
    /// Each value that was opened, with the one that reads it; y reads itself.
    readers: HashMap<ValueId, ValueId>,
}

impl Opened {
    /// The values from where a term is read up to y.
    pub fn additions(&self, term: &Term) -> Vec<ValueId> {
        let mut found = vec![term.edge.user];
        while let Some(&reader) = self.readers.get(&found[found.len() - 1]) {
            if found.ends_with(&[reader]) {
                break;
            }
            found.push(reader);
        }
        found
    }
}

/// The terms of y; none if it is no sum.
pub fn terms(ways: &Ways, sum: ValueId) -> Option<Opened> {
    let sums = sums(ways.network, ways.x, sum);
    let opens = |value: ValueId| value > ways.x && sums[value.index() - ways.x.index()];
    if sum <= ways.x || !opens(sum) {
        return None;
    }
    let mut opened = Opened { terms: Vec::new(), readers: HashMap::from([(sum, sum)]) };
    let whole = Term { edge: Edge { user: sum, slot: 0 }, value: sum, factor: 1.0 };
    let mut open = vec![(whole, true)];
    while let Some((term, opens_here)) = open.pop() {
        if !opens_here {
            opened.terms.push(term);
            continue;
        }
        let from = open.len();
        for (slot, factor) in factors(ways.network, term.value) {
            let (user, value) = (term.value, ways.network.value(term.value).args[slot]);
            let next = Term { edge: Edge { user, slot }, value, factor: term.factor * factor };
            // A sum that is read twice is opened once.
            let first = opens(value) && !opened.readers.contains_key(&value);
            if first {
                opened.readers.insert(value, user);
            }
            open.push((next, first));
        }
        open[from..].reverse();
    }
    opened.terms.retain(|term| ways.reaches(term.value));
    Some(opened)
}

/// For each value from x to y, whether it is a sum or a number's multiple of one; x is none.
fn sums(network: &Network, x: ValueId, y: ValueId) -> Vec<bool> {
    let mut sums = vec![false];
    for index in x.0 + 1..=y.0 {
        let id = ValueId(index);
        let is_sum = match network.value(id).layer {
            Layer::Binary(BinaryOp::Add | BinaryOp::Sub) => true,
            _ => factors(network, id).iter().any(|&(slot, _)| {
                let of = network.value(id).args[slot].index().checked_sub(x.index());
                of.and_then(|at| sums.get(at).copied()).unwrap_or(false)
            }),
        };
        sums.push(is_sum);
    }
    sums
}

/// The arguments that a sum, or a number's multiple, is made of, with their factors.
fn factors(network: &Network, id: ValueId) -> Vec<(usize, f64)> {
    let value = network.value(id);
    let number = |slot: usize| match network.value(value.args[slot]).layer {
        Layer::Const(number) => Some(number),
        _ => None,
    };
    match value.layer {
        Layer::Binary(BinaryOp::Add) => vec![(0, 1.0), (1, 1.0)],
        Layer::Binary(BinaryOp::Sub) => vec![(0, 1.0), (1, -1.0)],
        Layer::Binary(BinaryOp::Mul) => match (number(0), number(1)) {
            (Some(by), _) => vec![(1, by)],
            (None, Some(by)) => vec![(0, by)],
            (None, None) => Vec::new(),
        },
        Layer::Binary(BinaryOp::Div) => number(1).map(|by| (0, 1.0 / by)).into_iter().collect(),
        _ => Vec::new(),
    }
}
