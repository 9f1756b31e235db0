//! What whoever imports says of names: modules or tensors of the net, and those of the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use super::Unpaired;
use super::file::{Found, is_counter, split};
use crate::network::{ModuleId, Network};
use crate::text::nearest;

/// Names of the net with names of the file, in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map(Vec<(String, String)>);

impl Map {
    /// From pairs.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Map;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("lines of a name of the net, a colon and a name of the file, in quotes where it is a number")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry::<String, String>()? {
                    pairs.push(pair);
                }
                Ok(Map(pairs))
            }

            fn visit_unit<E>(self) -> Result<Map, E> {
                Ok(Map::default())
            }
        }
        from.deserialize_any(Pairs)
    }
}

/// What is told, taken apart.
#[derive(Debug, Default)]
pub struct Told {
    /// Modules of the net with modules of the file.
    pub modules: Vec<(ModuleId, String)>,
    /// Tensors of the file with the net's names for them.
    pub tensors: BTreeMap<String, String>,
    /// Modules of the net of which each tensor is told.
    pub whole: Vec<ModuleId>,
}

/// Finds what a map names.
pub fn told(map: &Map, network: &Network, found: &[Found]) -> Result<Told, Unpaired> {
    let modules: BTreeMap<&str, ModuleId> = network
        .modules
        .iter()
        .enumerate()
        .map(|(at, module)| (module.name.as_str(), ModuleId(at as u32)))
        .collect();
    let tensors: BTreeMap<String, ModuleId> = network
        .tensors()
        .map(|tensor| (network.tensor_name(tensor.id), tensor.id.module))
        .collect();
    let wanted = || found.iter().map(|found| found.name.as_str()).filter(|name| !is_counter(name));
    let their_tensors: BTreeSet<&str> = wanted().collect();
    let their_modules: BTreeSet<&str> = wanted().map(|name| split(name).0).collect();
    let mut seen: [BTreeSet<&str>; 2] = Default::default();
    let mut told = Told::default();
    let mut parts: BTreeSet<ModuleId> = BTreeSet::new();
    for (own, their) in &map.0 {
        for (name, seen) in [own, their].into_iter().zip(&mut seen) {
            if !seen.insert(name) {
                return Err(Unpaired::Twice(name.clone()));
            }
        }
        if let Some(&module) = modules.get(own.as_str()) {
            known("file has no module", their, &their_modules)?;
            told.modules.push((module, their.clone()));
        } else if let Some(&module) = tensors.get(own) {
            known("file has no tensor", their, &their_tensors)?;
            told.tensors.insert(their.clone(), own.clone());
            parts.insert(module);
        } else {
            let all = modules.keys().copied().chain(tensors.keys().map(String::as_str)).collect();
            known("net has no module or tensor", own, &all)?;
        }
    }
    for module in parts {
        if told.modules.iter().any(|(other, _)| *other == module) {
            return Err(Unpaired::Twice(network.module(module).name.clone()));
        }
        for tensor in network.tensors_of(module) {
            let name = network.tensor_name(tensor.id);
            if !told.tensors.values().any(|own| *own == name) {
                return Err(Unpaired::Partly { name, module: network.module(module).name.clone() });
            }
        }
        told.whole.push(module);
    }
    Ok(told)
}

fn known(what: &'static str, name: &str, among: &BTreeSet<&str>) -> Result<(), Unpaired> {
    if among.contains(name) {
        return Ok(());
    }
    let near = nearest(name, among.iter().copied()).map(str::to_owned);
    Err(Unpaired::NoSuch { what, name: name.to_owned(), near })
}
