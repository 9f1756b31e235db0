//! The net's side: its modules in order of evaluation, and where they stand.

use std::collections::HashMap;

use super::signature::Signature;
use crate::network::anatomy::{Place, places};
use crate::network::{ModuleId, ModuleKind, Network};

/// A module of the net.
#[derive(Clone, Debug)]
pub struct Ours {
    /// Which.
    pub id: ModuleId,
    /// Its shapes.
    pub signature: Signature,
    /// Whether it is a linear layer.
    pub linear: bool,
    /// The unit that it stands in, counted from 0.
    pub unit: Option<usize>,
    /// Outside, in F, or on the shortcut.
    pub place: Place,
    /// How many units stand before it, where it stands in none.
    pub region: usize,
    /// Positions of the first and the last value that reads it.
    uses: [usize; 2],
}

/// A net's modules.
pub struct Net<'a> {
    /// The net.
    pub network: &'a Network,
    /// In order of evaluation.
    pub modules: Vec<Ours>,
    /// Positions of each unit's modules.
    pub units: Vec<Vec<usize>>,
}

impl<'a> Net<'a> {
    /// A net's.
    pub fn new(network: &'a Network) -> Self {
        let mut uses: Vec<Option<[usize; 2]>> = vec![None; network.modules.len()];
        for (at, value) in network.values.iter().enumerate() {
            if let Some(module) = value.layer.module() {
                uses[module.index()].get_or_insert([at, at])[1] = at;
            }
        }
        let ends: Vec<usize> = network.units.iter().map(|unit| unit.output.index()).collect();
        let each = network.modules.iter().zip(places(network)).zip(uses).enumerate();
        let mut modules: Vec<Ours> = each
            .filter_map(|(at, ((module, place), uses))| {
                let uses = uses?;
                Some(Ours {
                    id: ModuleId(at as u32),
                    signature: Signature::of(module),
                    linear: matches!(module.kind, ModuleKind::Linear { .. }),
                    unit: network.values[uses[0]].unit.map(|unit| unit.index()),
                    place,
                    region: ends.partition_point(|end| *end < uses[0]),
                    uses,
                })
            })
            .collect();
        modules.sort_by_key(|ours| ours.uses[0]);
        let mut units = vec![Vec::new(); network.units.len()];
        for (at, ours) in modules.iter().enumerate() {
            if let Some(unit) = ours.unit {
                units[unit].push(at);
            }
        }
        Self { network, modules, units }
    }

    /// A module's name.
    pub fn name(&self, at: usize) -> &'a str {
        &self.network.module(self.modules[at].id).name
    }

    /// Whether modules, in order of evaluation, stand one behind another: the order in which they are
    /// computed is no accident.
    pub fn is_chain(&self, modules: &[usize]) -> bool {
        let places: HashMap<ModuleId, usize> =
            modules.iter().enumerate().map(|(place, at)| (self.modules[*at].id, place)).collect();
        let uses = |which: usize| modules.iter().map(move |at| self.modules[*at].uses[which]);
        let (Some(first), Some(last)) = (uses(0).min(), uses(1).max()) else { return true };
        // How many of them stand one behind another on the way to a value.
        let mut reached: Vec<usize> = Vec::with_capacity(last + 1 - first);
        for value in &self.network.values[first..=last] {
            let args = value.args.iter().filter_map(|arg| arg.index().checked_sub(first));
            let before = args.map(|arg| reached[arg]).max().unwrap_or(0);
            let place = value.layer.module().and_then(|module| places.get(&module));
            reached.push(if place == Some(&before) { before + 1 } else { before });
        }
        reached.contains(&modules.len())
    }

    /// The kinds of modules, in order: `bn, conv`.
    pub fn kinds(&self, modules: impl Iterator<Item = usize>) -> String {
        kinds(modules.map(|at| (self.modules[at].signature, self.modules[at].linear)))
    }
}

/// The kinds of modules, in order: `bn, conv`.
pub fn kinds(of: impl Iterator<Item = (Signature, bool)>) -> String {
    const MOST: usize = 12;
    let mut words: Vec<&str> =
        of.take(MOST + 1).map(|(signature, linear)| signature.kind().words(linear)[1]).collect();
    if words.len() > MOST {
        words[MOST] = "…";
    }
    words.join(", ")
}
