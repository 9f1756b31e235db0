//! Where modules stand.

use std::collections::HashSet;

use super::{Residual, sites};
use crate::network::{ModuleId, Network, ValueId};

/// Where a module stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Outside units.
    Outside,
    /// In a unit's F, or needed by F and the shortcut.
    Branch,
    /// On a unit's shortcut.
    Shortcut,
}

/// The place of each module of a network, in its order.
pub fn places(network: &Network) -> Vec<Place> {
    let mut places = vec![Place::Outside; network.modules.len()];
    for value in network.values.iter().filter(|value| value.unit.is_some()) {
        if let Some(module) = value.layer.module() {
            places[module.index()] = Place::Branch;
        }
    }
    for site in sites(network) {
        let Some(residual) = site.residual() else { continue };
        let needed = needed(network, site.input, residual);
        let modules = residual.shortcut.way.iter().filter_map(|&v| network.value(v).layer.module());
        for module in modules.filter(|module| !needed.contains(module)) {
            places[module.index()] = Place::Shortcut;
        }
    }
    places
}

/// The modules from which a unit's branches are made.
fn needed(network: &Network, x: ValueId, residual: &Residual) -> HashSet<ModuleId> {
    let mut open: Vec<ValueId> = residual.branches.iter().map(|b| b.term.value).collect();
    let (mut seen, mut modules) = (HashSet::new(), HashSet::new());
    while let Some(value) = open.pop() {
        if value > x && seen.insert(value) {
            modules.extend(network.value(value).layer.module());
            open.extend(&network.value(value).args);
        }
    }
    modules
}
