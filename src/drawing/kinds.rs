//! Units that look alike: same definition, same layers, same shapes.

use std::collections::HashMap;
use std::fmt::Write;

use super::label::name;
use crate::network::{Network, UnitId};

/// Units that look alike.
pub struct Kind {
    /// All of them, in order.
    pub members: Vec<UnitId>,
}

impl Kind {
    /// The one that is drawn.
    pub fn first(&self) -> UnitId {
        self.members[0]
    }
}

/// All kinds, in order of their first units, and each unit's.
pub fn kinds(network: &Network) -> (Vec<Kind>, Vec<usize>) {
    let mut looks: Vec<String> = network.units.iter().map(|unit| unit.definition.clone()).collect();
    for (unit, look) in network.units.iter().zip(&mut looks) {
        // Writing to a String cannot fail, here and below.
        let _ = write!(look, " {}", network.value(unit.input).shape);
    }
    for value in &network.values {
        // Numbers that depend on the place (stochastic depth) do not make another kind.
        if let Some(look) = value.unit.and_then(|unit| looks.get_mut(unit.index())) {
            let _ = write!(look, " {} {}", name(value), value.shape);
        }
    }
    let (mut kinds, mut of): (Vec<Kind>, _) = (Vec::new(), Vec::new());
    let mut by_look: HashMap<String, usize> = HashMap::new();
    for (at, look) in looks.into_iter().enumerate() {
        let kind = *by_look.entry(look).or_insert(kinds.len());
        if kind == kinds.len() {
            kinds.push(Kind { members: Vec::new() });
        }
        kinds[kind].members.push(UnitId(at as u32));
        of.push(kind);
    }
    (kinds, of)
}
