//! A recipe's optimisers, groups and frozen parts on the parameters of a network.
//!
//! [`places`] says what a parameter answers to, [`patterns`] which group has it, [`rules`] which optimiser:
//! Muon has the weights of [`hidden`](mod@hidden) layers.

mod hidden;
mod patterns;
mod places;
mod rules;

use std::collections::BTreeMap;

use super::TrainError;
use super::recipe::groups::Statistics;
use super::recipe::{Decay, Recipe, averages};
use crate::graph::EndId;
use crate::lower::Updates;
use crate::network::{Layer, Network};
use crate::nn::optimiser::Update;
use patterns::Groups;
use places::Places;
use rules::Rules;

/// How a recipe updates the parameters of a network.
///
/// # Errors
/// [`TrainError::NoParameter`] where a pattern matches nothing, [`TrainError::AllFrozen`] where
/// nothing is left to train, [`TrainError::Parts`] where a batch norm would have too many parts,
/// [`TrainError::NoDepth`] where rates are to fall by units, and there are none, [`TrainError::NoHidden`]
/// and [`TrainError::NoMatrix`] where Muon finds nothing for it.
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
    check_ghosts(recipe.batch, network)?;
    let places = Places::new(network);
    let groups = Groups::new(recipe);
    let depth = optimiser.layer_decay.map(|decay| (decay, places.depths()));
    if depth.is_some() && network.units.is_empty() {
        return Err(TrainError::NoDepth { net: network.name.clone() });
    }
    groups.check(&places)?;
    let rules = Rules::new(recipe, network);
    let ends = recipe.ends();
    let mut of_groups = BTreeMap::new();
    for tensor in network.tensors() {
        let found = groups.find(&places.names(&tensor));
        let frozen = found.is_some_and(|group| group.is_none_or(|group| group.freeze));
        if !tensor.id.part.is_trained() {
            if frozen && recipe.statistics == Statistics::Frozen {
                updates.still.insert(tensor.id.module);
            }
            continue;
        }
        let group = found.flatten().filter(|_| !frozen);
        of_groups.extend(group.map(|group| (tensor.id, group)));
        let base = rules.update(&updates, &tensor, group);
        let factor = group.and_then(|group| group.lr_factor).unwrap_or(1.0);
        let by_depth = depth.as_ref().map_or(1.0, |(decay, (depths, most))| {
            decay.powi((most - depths[tensor.id.module.0 as usize]) as i32)
        });
        let own = Update {
            rule: base.rule,
            rate: base.rate * factor * by_depth,
            weight_decay: group.and_then(|g| g.weight_decay).unwrap_or(base.weight_decay),
            until: group.and_then(|group| group.until).and_then(|until| {
                let at = ends.iter().position(|end| *end == until);
                at.map(|at| EndId(at as u32))
            }),
        };
        if frozen || own != updates.common(tensor.kind) {
            updates.own.insert(tensor.id, (!frozen).then_some(own));
        }
    }
    let mut trained = network.tensors().filter(|tensor| tensor.id.part.is_trained());
    if trained.all(|tensor| updates.own.get(&tensor.id) == Some(&None)) {
        return Err(TrainError::AllFrozen { net: network.name.clone() });
    }
    rules.check(&updates, network, &of_groups)?;
    Ok(updates)
}

/// Most pictures times parts of a batch: as many numbers a channel are kept while parts are normalised.
const MOST_GHOSTS: usize = 1 << 17;

/// Whether the memory that ghost batches take is bounded.
///
/// # Errors
/// [`TrainError::Parts`] where a batch has too many.
pub fn check_ghosts(batch: usize, network: &Network) -> Result<(), TrainError> {
    let ghosts = network.values.iter().filter_map(|value| match value.layer {
        Layer::BatchNorm { ghost, module, .. } => ghost.map(|ghost| (ghost, module)),
        _ => None,
    });
    let Some((ghost, module)) = ghosts.min_by_key(|(ghost, _)| *ghost) else { return Ok(()) };
    let (parts, most) = (batch.div_ceil(ghost), (MOST_GHOSTS / batch.max(1)).max(1));
    if parts <= most {
        return Ok(());
    }
    let (net, layer) = (network.name.clone(), network.module(module).name.clone());
    Err(TrainError::Parts { net, layer, batch, ghost, parts, most })
}

/// Numbers that stay as they are, of all that are parameters.
pub fn frozen(updates: &Updates, network: &Network) -> usize {
    numbers(updates, network, &|own| own.is_none())
}

/// Numbers that are trained until one of the recipe's ends.
pub fn until(updates: &Updates, network: &Network, end: EndId) -> usize {
    numbers(updates, network, &|own| own.is_some_and(|own| own.until == Some(end)))
}

/// Numbers that the recipe's own optimiser trains, and that another does.
pub fn shared(updates: &Updates, network: &Network) -> [usize; 2] {
    let other = |own: &Update| own.rule != updates.rule;
    let others = numbers(updates, network, &|own| own.as_ref().is_some_and(other));
    [network.parameters() - frozen(updates, network) - others, others]
}

/// Numbers whose own update is such a one.
fn numbers(updates: &Updates, network: &Network, is: &dyn Fn(&Option<Update>) -> bool) -> usize {
    let such = network.tensors().filter(|tensor| updates.own.get(&tensor.id).is_some_and(is));
    such.map(|tensor| tensor.shape.iter().product::<usize>()).sum()
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
        assert!(with(512, "2").is_ok() && with(513, "none").is_ok() && with(8192, "512").is_ok());
        assert!(with(8192, "256").is_err());
        let error = with(513, "2").unwrap_err();
        let told = "stem.bn1 of resnet9: a batch of 513 in parts of 2 is 257 parts, and `bn` has at most \
             255 of so many pictures";
        assert_eq!(error.to_string(), told);
        // The one with the most parts is named, behind others.
        let text = "net n { input(3, 8, 8) -> conv(1x1, 4) -> bn -> bn(ghost: 64) -> bn(ghost: 2) -> bn(ghost: 2)\n\
            -> global_avg_pool -> linear(3) }";
        let network = crate::Spec::new("n", text).compile().unwrap();
        let error = check_ghosts(513, &network).unwrap_err().to_string();
        assert!(error.starts_with("layers.bn3 of n: a batch of 513 in parts of 2"), "{error}");
    }

    /// The name of the optimiser of each trained tensor.
    fn kinds(updates: &Updates, network: &Network) -> Vec<(String, Rule)> {
        let trained = network.tensors().filter(|tensor| tensor.id.part.is_trained());
        let rule = |tensor: &crate::network::Tensor| {
            let own = updates.own.get(&tensor.id).copied().flatten();
            own.unwrap_or_else(|| updates.common(tensor.kind)).rule
        };
        trained.map(|tensor| (network.tensor_name(tensor.id), rule(&tensor))).collect()
    }

    const MUON: &str = "base: he2016\noptimiser:\n  kind: muon\n  otherwise: { kind: adamw, lr: 0.002, \
        weight_decay: 0.5 }\nschedule: { lr: 0.02, warmup: }\n";

    #[test]
    fn muon_has_the_weights_of_hidden_layers_and_what_groups_give_it() {
        let network = network();
        let found = |keys: &str| {
            let recipe = Recipe::parse("r.yaml", &format!("{MUON}{keys}")).unwrap();
            of(&recipe, &network).unwrap()
        };
        let plain = found("");
        for (name, rule) in kinds(&plain, &network) {
            let hidden = name.starts_with("units.") && name.contains("conv");
            assert_eq!(matches!(rule, Rule::Muon(_)), hidden, "{name}");
        }
        // A tenth of the rate, and a decay of its own.
        let with =
            |own: &Option<Update>| own.is_some_and(|o| (o.rate, o.weight_decay) == (0.1, 0.5));
        let others = own(&plain, &with);
        assert!(others.contains(&"stem.conv.weight".into()), "{others:?}");
        assert!(others.contains(&"head.linear.weight".into()), "{others:?}");
        assert_eq!(shared(&plain, &network).iter().sum::<usize>(), network.parameters());
        let told = found(
            "groups:\n- { match: head, optimiser: muon, lr_factor: 3 }\n\
             - { match: stage1, optimiser: adamw, lr_factor: 2 }\nfreeze: stem\n",
        );
        for (name, rule) in
            kinds(&told, &network).into_iter().filter(|(n, _)| !n.starts_with("stem."))
        {
            let is_muon = name == "head.linear.weight"
                || (name.starts_with("units.2.") || name.starts_with("units.3."))
                    && name.contains("conv");
            assert_eq!(matches!(rule, Rule::Muon(_)), is_muon, "{name}");
        }
        let rate = |name: &str| {
            let tensor = network.tensors().find(|t| network.tensor_name(t.id) == name).unwrap();
            told.own[&tensor.id].unwrap().rate
        };
        assert_eq!(rate("head.linear.weight"), 3.0);
        assert!((rate("head.linear.bias") - 0.3).abs() < 1e-12, "its factor on AdamW's rate");
        assert!((rate("units.1.F.conv1.weight") - 0.2).abs() < 1e-12);
        let vectors = Recipe::parse(
            "r.yaml",
            &MUON.replace("kind: muon\n", "kind: muon\n  decay: weights\n"),
        );
        let vectors = of(&vectors.unwrap(), &network).unwrap();
        let decayed = |own: &Option<Update>| own.is_some_and(|own| own.weight_decay == 0.5);
        assert_eq!(own(&vectors, &decayed), ["stem.conv.weight", "head.linear.weight"]);
    }

    #[test]
    fn muon_without_a_matrix_is_refused() {
        let one = "net n { input(1, 4, 4) -> linear(3) }";
        let one = crate::sema::compile(&crate::source::Source::new("n", one), &[]).unwrap().network;
        let read = |keys: &str| Recipe::parse("r.yaml", &format!("{MUON}{keys}")).unwrap();
        let error = of(&read(""), &one).unwrap_err();
        assert!(matches!(error, TrainError::NoHidden { .. }), "{error}");
        let head = "groups: [{ match: weights, optimiser: muon }]\n";
        assert!(of(&read(head), &one).is_ok(), "its head, when told");
        let error =
            of(&read("groups: [{ match: norms, optimiser: muon }]\n"), &network()).unwrap_err();
        assert!(matches!(error, TrainError::NoMatrix { .. }), "{error}");
        let frozen = of(&read("freeze: units\n"), &network()).unwrap_err();
        assert!(matches!(frozen, TrainError::NoHidden { .. }), "{frozen}");
    }
}
