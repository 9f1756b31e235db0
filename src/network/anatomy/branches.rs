//! The terms of F: which gates scale each, and what a factor of 0 deletes.

use std::collections::{HashMap, HashSet};

use super::gate::{Gate, gate};
use super::{Branch, Shortcut, Term};
use crate::network::{Activation, BinaryOp, Edge, Layer, Network, ValueId};

/// Terms of F with what scales them.
pub fn branches(network: &Network, shortcut: &Shortcut, terms: Vec<Term>) -> Vec<Branch> {
    let known: HashSet<ValueId> = shortcut.gates().map(|gate| gate.value).collect();
    let is_gate = |gate: &Gate| {
        known.contains(&gate.value)
            || matches!(
                network.value(gate.value).layer,
                Layer::Activation(Activation::Sigmoid | Activation::HardSigmoid)
            )
    };
    let mut seen = HashSet::new();
    let mut branch = |term: Term| {
        let mut gates = Vec::new();
        let mut open = vec![term.value];
        while let Some(user) = open.pop() {
            let value = network.value(user);
            if let Layer::Dropout { .. }
            | Layer::DropPath { .. }
            | Layer::Live { .. }
            | Layer::Detach = value.layer
            {
                open.extend(&value.args);
                continue;
            }
            let is_product = network.value(user).layer == Layer::Binary(BinaryOp::Mul);
            if !is_product || !seen.insert(user) {
                continue;
            }
            for slot in 0..2 {
                let gate = gate(network, Edge { user, slot });
                if is_gate(&gate) {
                    gates.push(gate);
                } else {
                    open.push(network.value(user).args[slot]);
                }
            }
        }
        Branch { term, gates }
    };
    terms.into_iter().map(&mut branch).collect()
}

/// Where a factor of 0 leaves h(x): the gate, if one gate opens a branch and closes the shortcut,
/// else the branch.
pub fn deletion(shortcut: &Shortcut, branches: &[Branch]) -> Vec<Edge> {
    let closing = shortcut.gates().filter(|gate| gate.complement);
    let closing: HashMap<ValueId, Edge> = closing.map(|gate| (gate.value, gate.edge)).collect();
    let mut edges = Vec::new();
    for Branch { term, gates } in branches {
        let opening = gates.iter().filter(|gate| !gate.complement);
        let both = opening.filter_map(|gate| Some([*closing.get(&gate.value)?, gate.edge])).next();
        let deleted = both.map_or(vec![term.edge], |edges| edges.to_vec());
        edges.extend(deleted);
    }
    edges
}
