//! A recipe's optimiser, groups and frozen parts on the parameters of a network.

use std::collections::BTreeMap;

use super::TrainError;
use super::recipe::groups::{Group, Patterns, Statistics};
use super::recipe::pattern::Pattern;
use super::recipe::{Decay, Recipe, averages};
use crate::graph::EndId;
use crate::lower::Updates;
use crate::network::{Layer, ModuleId, ModuleKind, Network, Tensor, TensorKind, UnitId};
use crate::nn::optimiser::Update;
use crate::text::nearest;

/// How a recipe updates the parameters of a network.
///
/// # Errors
/// [`TrainError::NoParameter`] where a pattern matches nothing, [`TrainError::AllFrozen`] where
/// nothing is left to train, [`TrainError::Parts`] where a batch norm would have too many parts,
/// [`TrainError::NoDepth`] where rates are to fall by units, and there are none.
pub fn of(recipe: &Recipe, network: &Network) -> Result<Updates, TrainError> {
    let optimiser = &recipe.optimiser;
    let mut updates = Updates {
        rule: optimiser.rule(),
        weight_decay: optimiser.weight_decay,
        decay_vectors: optimiser.decay == Decay::All,
        own: BTreeMap::new(),
        still: Default::default(),
        clip: recipe.clip.map(|clip| clip.rule()),
        averages: averages::of(recipe),
    };
    parts(recipe.batch, network)?;
    let places = Places::new(network);
    let groups = Groups::new(recipe);
    let depth = optimiser.layer_decay.map(|decay| (decay, places.depths()));
    if depth.is_some() && network.units.is_empty() {
        return Err(TrainError::NoDepth { net: network.name.clone() });
    }
    groups.check(&places)?;
    let ends = recipe.ends();
    for tensor in network.tensors() {
        let found = groups.find(&places.names(&tensor));
        let frozen = found.is_some_and(|group| group.is_none_or(|group| group.freeze));
        if !tensor.id.part.is_trained() {
            if frozen && recipe.statistics == Statistics::Frozen {
                updates.still.insert(tensor.id.module);
            }
            continue;
        }
        let common = updates.common(tensor.kind);
        let group = found.flatten().filter(|_| !frozen);
        let factor = group.and_then(|group| group.lr_factor).unwrap_or(1.0);
        let by_depth = depth.as_ref().map_or(1.0, |(decay, (depths, most))| {
            decay.powi((most - depths[tensor.id.module.0 as usize]) as i32)
        });
        let own = Update {
            rate: factor * by_depth,
            weight_decay: group.and_then(|g| g.weight_decay).unwrap_or(common.weight_decay),
            until: group.and_then(|group| group.until).and_then(|until| {
                let at = ends.iter().position(|end| *end == until);
                at.map(|at| EndId(at as u32))
            }),
        };
        if frozen || own != common {
            updates.own.insert(tensor.id, (!frozen).then_some(own));
        }
    }
    let mut trained = network.tensors().filter(|tensor| tensor.id.part.is_trained());
    if trained.all(|tensor| updates.own.get(&tensor.id) == Some(&None)) {
        return Err(TrainError::AllFrozen { net: network.name.clone() });
    }
    Ok(updates)
}

/// Most parts of a batch: what normalises them costs as much as parts times pictures.
const MOST_PARTS: usize = 256;

fn parts(batch: usize, network: &Network) -> Result<(), TrainError> {
    let ghosts = network.values.iter().filter_map(|value| match value.layer {
        Layer::BatchNorm { ghost, .. } => ghost,
        _ => None,
    });
    let Some(ghost) = ghosts.min() else { return Ok(()) };
    let (parts, most) = (batch.div_ceil(ghost), MOST_PARTS);
    if parts > most { Err(TrainError::Parts { batch, ghost, parts, most }) } else { Ok(()) }
}

/// Numbers that stay as they are, of all that are parameters.
pub fn frozen(updates: &Updates, network: &Network) -> usize {
    numbers(updates, network, &|own| own.is_none())
}

/// Numbers that are trained until one of the recipe's ends.
pub fn until(updates: &Updates, network: &Network, end: EndId) -> usize {
    numbers(updates, network, &|own| own.is_some_and(|own| own.until == Some(end)))
}

/// Numbers whose own update is such a one.
fn numbers(updates: &Updates, network: &Network, is: &dyn Fn(&Option<Update>) -> bool) -> usize {
    let such = network.tensors().filter(|tensor| updates.own.get(&tensor.id).is_some_and(is));
    such.map(|tensor| tensor.shape.iter().product::<usize>()).sum()
}

/// Weights of convolutions and linear layers, their biases, all of a batch norm, and what `scalar`,
/// `scale` and `shift` hold.
const KINDS: [&str; 4] = ["weights", "biases", "norms", "scales"];

/// A key, the pattern read, the pattern as it is written, and its group; none is frozen.
type Named<'a> = (&'static str, Pattern, &'a str, Option<&'a Group>);

/// All patterns of a recipe, in the order in which they are tried.
struct Groups<'a> {
    patterns: Vec<Named<'a>>,
}

impl<'a> Groups<'a> {
    fn new(recipe: &'a Recipe) -> Self {
        let mut patterns = Vec::new();
        let mut add = |key, of: &'a Patterns, group| {
            let read =
                |text: &'a String| Some((key, Pattern::parse(text).ok()?, text.as_str(), group));
            patterns.extend(of.0.iter().filter_map(read));
        };
        add("freeze", &recipe.freeze, None);
        recipe.groups.iter().for_each(|group| add("groups", &group.matches, Some(group)));
        Self { patterns }
    }

    /// Refuses a pattern that matches nothing. Of a kind there may be no parameter.
    fn check(&self, places: &Places) -> Result<(), TrainError> {
        let all: Vec<_> = places.network.tensors().map(|tensor| places.names(&tensor)).collect();
        let matches = |pattern: &Pattern| all.iter().flatten().any(|name| pattern.matches(name));
        let idle = |(_, pattern, text, _): &&Named| !KINDS.contains(text) && !matches(pattern);
        let Some((key, _, pattern, _)) = self.patterns.iter().find(idle) else { return Ok(()) };
        let near = nearest(pattern, all.iter().flatten().flat_map(|name| beginnings(name)));
        let near = near.map(str::to_owned);
        let (pattern, net) = ((*pattern).to_owned(), places.network.name.clone());
        Err(TrainError::NoParameter { key, pattern, net, near, there: places.answers() })
    }

    /// The group of the first pattern that matches one of the names; none inside: it is frozen.
    fn find(&self, names: &[String]) -> Option<Option<&'a Group>> {
        let matches = |pattern: &Pattern| names.iter().any(|name| pattern.matches(name));
        self.patterns.iter().find(|(_, pattern, ..)| matches(pattern)).map(|named| named.3)
    }
}

/// A name, and its beginnings up to a dot.
fn beginnings(name: &str) -> impl Iterator<Item = &str> {
    std::iter::once(name).chain(name.match_indices('.').map(|(at, _)| &name[..at]))
}

/// Where parameters stand in a network.
struct Places<'a> {
    network: &'a Network,
    /// The unit that first reads each module, and how many units stand before it.
    units: Vec<(Option<UnitId>, usize)>,
    /// The stage of each unit: units in a row that write as many rows and columns.
    stages: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(network: &'a Network) -> Self {
        let mut units = vec![None; network.modules.len()];
        let mut before = 0;
        for value in &network.values {
            before = before.max(value.unit.map_or(0, |unit| unit.index() + 1));
            if let Some(module) = value.layer.module() {
                units[module.index()].get_or_insert((value.unit, before));
            }
        }
        let units = units.into_iter().map(|unit| unit.unwrap_or((None, 0))).collect();
        let mut stages: Vec<usize> = Vec::new();
        let mut last = None;
        for unit in &network.units {
            let shape = network.value(unit.output).shape;
            let size = (shape.h, shape.w);
            let stage = stages.last().copied().unwrap_or(0) + usize::from(last != Some(size));
            last = Some(size);
            stages.push(stage);
        }
        Self { network, units, stages }
    }

    fn unit(&self, module: ModuleId) -> (Option<UnitId>, usize) {
        self.units[module.index()]
    }

    /// What a tensor answers to: its name, its stage, its kind.
    fn names(&self, tensor: &Tensor) -> Vec<String> {
        let module = tensor.id.module;
        let stage = self.unit(module).0.map(|unit| self.stages[unit.index()]);
        let kind = match (&self.network.module(module).kind, tensor.kind) {
            (ModuleKind::BatchNorm { .. } | ModuleKind::Norm { .. }, _) => KINDS[2],
            (ModuleKind::Vector { .. }, _) => KINDS[3],
            (ModuleKind::Conv { .. } | ModuleKind::Linear { .. }, TensorKind::Vector) => KINDS[1],
            (ModuleKind::Conv { .. } | ModuleKind::Linear { .. }, _) => KINDS[0],
        };
        let name = self.network.tensor_name(tensor.id);
        let stage = stage.map(|stage| format!("stage{stage}"));
        [Some(name), stage, Some(kind.to_owned())].into_iter().flatten().collect()
    }

    /// How far each module is from the input, in units, and how far the head is.
    fn depths(&self) -> (Vec<usize>, usize) {
        let all = self.network.units.len();
        let depth = |&(unit, before): &(Option<UnitId>, usize)| match unit {
            Some(unit) => unit.index() + 1,
            // Behind the last unit is the head; between units, a layer goes with the unit before.
            None if before == all => all + 1,
            None => before,
        };
        (self.units.iter().map(depth).collect(), all + 1)
    }

    /// Names that patterns can have, without those of single layers.
    fn answers(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for tensor in self.network.tensors() {
            let names = self.names(&tensor);
            let mut parts = names[0].split('.');
            let first = parts.next().unwrap_or_default();
            let section = match (first, parts.next()) {
                ("units" | "between", Some(number)) => format!("{first}.{number}"),
                _ => first.to_owned(),
            };
            for name in [section].into_iter().chain(names.into_iter().skip(1)) {
                if !all.contains(&name) {
                    all.push(name);
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::optimiser::{AdamW, Rule};

    /// Three units in three stages.
    fn network() -> Network {
        crate::Spec::preact().set("depth", 8).compile().unwrap()
    }

    fn recipe(keys: &str) -> Recipe {
        let text = crate::train::recipe::HE2016.to_owned() + keys;
        Recipe::parse("r.yaml", &text).unwrap()
    }

    fn updates(keys: &str) -> Updates {
        of(&recipe(keys), &network()).unwrap()
    }

    /// Names of the tensors with an update of their own, that `which` takes.
    fn own(updates: &Updates, which: &dyn Fn(&Option<Update>) -> bool) -> Vec<String> {
        let network = network();
        let own = updates.own.iter().filter(|(_, own)| which(own));
        own.map(|(id, _)| network.tensor_name(*id)).collect()
    }

    #[test]
    fn what_is_frozen_has_no_update_and_its_norms_stay_unless_they_are_to_move() {
        let still = updates("freeze: [stem, stage1]\n");
        let names = own(&still, &Option::is_none);
        assert_eq!(names.len(), 3 + 4, "{names:?}");
        assert!(names.iter().all(|n| n.starts_with("stem.") || n.starts_with("units.1.")));
        assert_eq!(still.still.len(), 2);
        assert_eq!(frozen(&still, &network()), 432 + 32 + 4640);
        let moving = updates("freeze: [stem, stage1]\nstatistics: moving\n");
        assert_eq!((moving.still.len(), moving.own), (0, still.own));
    }

    #[test]
    fn the_first_group_that_matches_decides() {
        let found = updates(
            "groups:\n- { match: head.linear, lr_factor: 10 }\n- match: [norms, biases]\n  \
             weight_decay: 0\n- { match: '*.conv1.weight', lr_factor: 0.5, weight_decay: 0.1 }\n\
             - { match: 'units.{2..3}.a', freeze: true }\n",
        );
        let with = |rate, weight_decay| {
            own(&found, &|own| {
                own.is_some_and(|o| (o.rate, o.weight_decay) == (rate, weight_decay))
            })
        };
        assert_eq!(with(10.0, 1e-4), ["head.linear.weight", "head.linear.bias"]);
        assert_eq!(with(0.5, 0.1).len(), 3);
        // γ and β of six norms in front of the group that would freeze two.
        assert_eq!(with(1.0, 0.0).len(), 14);
    }

    #[test]
    fn rates_fall_by_units_from_the_head() {
        let text = crate::train::recipe::HE2016
            .replace("momentum: 0.9", "kind: adamw\n  layer_decay: 0.5")
            .replace("  nesterov: false\n", "")
            + "groups: [{ match: stem.conv, lr_factor: 3 }]\n";
        let recipe = Recipe::parse("r.yaml", &text).unwrap();
        let found = of(&recipe, &network()).unwrap();
        assert_eq!(found.rule, Rule::AdamW(AdamW { betas: [0.9, 0.999], eps: 1e-8 }));
        let network = network();
        for tensor in network.tensors().filter(|t| t.id.part.is_trained()) {
            let name = network.tensor_name(tensor.id);
            let rate = found.own.get(&tensor.id).map_or(1.0, |own| own.unwrap().rate);
            let expected = match &name[..8] {
                "stem.con" => 3.0 / 16.0,
                "stem.bn." => 1.0 / 16.0,
                "units.1." => 1.0 / 8.0,
                "units.2." => 1.0 / 4.0,
                "units.3." => 1.0 / 2.0,
                _ => 1.0,
            };
            assert_eq!(rate, expected, "{name}");
        }
    }

    #[test]
    fn what_matches_nothing_or_everything_is_refused() {
        let error = of(&recipe("freeze: [stem, stage4]\n"), &network()).unwrap_err();
        let TrainError::NoParameter { key: "freeze", pattern, there, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(pattern, "stage4");
        for name in ["stem", "stage3", "units.3", "head", "norms", "weights", "biases"] {
            assert!(there.iter().any(|there| there == name), "{name} in {there:?}");
        }
        // The nearest is one of all names, and of their beginnings.
        for (pattern, meant) in [
            ("stem.conv1.weight", Some("stem.conv.weight")),
            ("units.2.F.con2", Some("units.2.F.conv2")),
            ("haed", Some("head")),
            ("stgae1", Some("stage1")),
            ("everything", None),
        ] {
            let error = of(&recipe(&format!("freeze: [{pattern}]\n")), &network()).unwrap_err();
            let TrainError::NoParameter { near, .. } = error else { panic!("{error}") };
            assert_eq!(near.as_deref(), meant, "{pattern}");
        }
        let error = of(&recipe("freeze: '*'\n"), &network()).unwrap_err();
        assert!(matches!(error, TrainError::AllFrozen { .. }), "{error}");
    }

    #[test]
    fn a_batch_in_too_many_parts_is_refused() {
        let with = |batch: usize, ghost: &str| {
            let text =
                crate::train::recipe::HE2016.replace("batch: 128", &format!("batch: {batch}"));
            let spec = crate::Spec::bundled("resnet9").unwrap().set("width", 1).set("ghost", ghost);
            of(&Recipe::parse("r.yaml", &text).unwrap(), &spec.compile().unwrap())
        };
        assert!(with(512, "2").is_ok() && with(513, "none").is_ok());
        let error = with(513, "2").unwrap_err();
        let told = "a batch of 513 in parts of 2 is 257 parts, and a batch norm has at most 256";
        assert_eq!(error.to_string(), told);
    }
}
