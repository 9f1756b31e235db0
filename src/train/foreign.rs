//! Which tensor of a PyTorch state dict is which of a network.
//!
//! Where the names are rnetc's, they say it. Otherwise modules are paired by kind, by where they
//! stand (outside units, in F, on the shortcut: here by [`places`], there by the names), and in
//! order: natural order of PyTorch's names
//! (`layer1.0.conv1`, `layer1.0.conv2`, `layer1.1.conv1`, …), order of evaluation here.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::error::Misfit;
use crate::network::anatomy::{Place, places};
use crate::network::{ModuleKind, Network};

/// Words in the names of modules on shortcuts.
const SHORTCUT: [&str; 5] = ["downsample", "short", "proj", "skip", "identity"];
/// What wrappers put before all names.
const WRAPPERS: [&str; 3] = ["module.", "model.", "_orig_mod."];
/// A counter of PyTorch's batch norm, which nothing needs.
const COUNTER: &str = "num_batches_tracked";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Convolution,
    BatchNorm,
    Linear,
}

/// Why a file's tensors are not a network's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unpaired {
    /// There are more or fewer modules of a kind.
    #[error("it has {found} {what}, and the net has {own}; they are not the same net")]
    Counts {
        /// The kind, as a plural.
        what: &'static str,
        /// Those of the file.
        found: usize,
        /// Those of the net.
        own: usize,
    },
    /// A tensor is not there.
    #[error("{name} is missing, which would be {own}")]
    Missing {
        /// Its name in the file.
        name: String,
        /// In the net.
        own: String,
    },
    /// A tensor that the net has no place for.
    #[error("{0}: the net has nothing of that kind (a bias, perhaps)")]
    Extra(String),
    /// A tensor that no residual network has.
    #[error("{0}: no tensor of a residual network is like that")]
    Strange(String),
    /// A tensor that does not fit its counterpart.
    #[error("{name}, taken for {own}: {why}")]
    Misfit {
        /// Its name in the file.
        name: String,
        /// In the net.
        own: String,
        /// Why.
        why: Misfit,
    },
}

/// A module: its name and what it has.
type Modules = Vec<(String, Sort, Place)>;

/// For each tensor of a network, in order, the name in the file; `found` are the file's names with
/// their ranks. What does not fit is said.
pub fn pairs(network: &Network, found: &[(String, usize)]) -> Result<Vec<String>, Unpaired> {
    let found: BTreeMap<&str, usize> = found
        .iter()
        .filter(|(name, _)| !name.ends_with(COUNTER))
        .map(|(name, rank)| (name.as_str(), *rank))
        .collect();
    let own: Vec<String> = network.tensors().map(|t| network.tensor_name(t.id)).collect();
    let wanted: BTreeSet<&str> = own.iter().map(String::as_str).collect();
    for wrapper in [""].iter().chain(&WRAPPERS) {
        let inner: BTreeSet<&str> =
            found.keys().filter_map(|name| name.strip_prefix(wrapper)).collect();
        if inner == wanted && inner.len() == found.len() {
            return Ok(own.iter().map(|name| format!("{wrapper}{name}")).collect());
        }
    }
    let theirs = their_modules(&found)?;
    let ours = our_modules(network);
    let module = match matched(&ours, &theirs, true) {
        Ok(matched) => matched,
        Err(_) => matched(&ours, &theirs, false)?,
    };
    let mut pairs = Vec::new();
    for (tensor, own) in network.tensors().zip(&own) {
        let stem = network.module(tensor.id.module).name.as_str();
        let stem = module.get(stem).copied().unwrap_or(stem);
        let name = format!("{stem}.{}", tensor.id.part.suffix());
        if !found.contains_key(name.as_str()) {
            return Err(Unpaired::Missing { name, own: own.clone() });
        }
        pairs.push(name);
    }
    if pairs.len() != found.len() {
        let other = found.keys().find(|name| !pairs.iter().any(|pair| pair == **name));
        return Err(Unpaired::Extra(other.unwrap_or(&"a tensor").to_string()));
    }
    Ok(pairs)
}

/// Pairs modules in order; by their places too, or by their kinds only.
fn matched<'a>(
    ours: &'a Modules,
    theirs: &'a Modules,
    placed: bool,
) -> Result<BTreeMap<&'a str, &'a str>, Unpaired> {
    let group = |modules: &'a Modules| {
        let mut groups: BTreeMap<(Sort, Option<Place>), Vec<&'a str>> = BTreeMap::new();
        for (name, sort, place) in modules {
            groups.entry((*sort, placed.then_some(*place))).or_default().push(name);
        }
        groups
    };
    let (ours, theirs) = (group(ours), group(theirs));
    let mut pairs = BTreeMap::new();
    for key in ours.keys().chain(theirs.keys()) {
        let of = |groups: &BTreeMap<_, Vec<&'a str>>| groups.get(key).cloned().unwrap_or_default();
        let (own, other) = (of(&ours), of(&theirs));
        if own.len() != other.len() {
            let what = match key.0 {
                Sort::Convolution => "convolutions",
                Sort::BatchNorm => "batch norms",
                Sort::Linear => "linear layers",
            };
            return Err(Unpaired::Counts { what, found: other.len(), own: own.len() });
        }
        pairs.extend(own.into_iter().zip(other));
    }
    Ok(pairs)
}

fn our_modules(network: &Network) -> Modules {
    let sort = |kind: &ModuleKind| match kind {
        ModuleKind::Conv { .. } => Sort::Convolution,
        ModuleKind::BatchNorm { .. } => Sort::BatchNorm,
        ModuleKind::Linear { .. } => Sort::Linear,
    };
    let placed = network.modules.iter().zip(places(network));
    placed.map(|(module, place)| (module.name.clone(), sort(&module.kind), place)).collect()
}

fn their_modules(found: &BTreeMap<&str, usize>) -> Result<Modules, Unpaired> {
    let mut modules = Modules::new();
    for (name, rank) in found {
        let (stem, suffix) = split(name);
        let sort = match (suffix, rank) {
            ("weight", 4) => Sort::Convolution,
            ("weight", 2) => Sort::Linear,
            ("running_mean", 1) => Sort::BatchNorm,
            ("weight" | "bias" | "running_var", 1) => continue,
            _ => return Err(Unpaired::Strange(name.to_string())),
        };
        let lower = stem.to_lowercase();
        let place = if SHORTCUT.iter().any(|word| lower.contains(word)) {
            Place::Shortcut
        } else if stem.split('.').any(|part| part.parse::<u32>().is_ok()) {
            Place::Branch
        } else {
            Place::Outside
        };
        modules.push((stem.to_string(), sort, place));
    }
    modules.sort_by(|a, b| natural(&a.0, &b.0));
    Ok(modules)
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

/// As people count: conv2 before conv10.
fn natural(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| {
        let mut parts: Vec<(bool, u64, String)> = Vec::new();
        for c in text.chars() {
            let digit = c.to_digit(10);
            match (parts.last_mut(), digit) {
                (Some((true, number, _)), Some(d)) => {
                    *number = number.saturating_mul(10).saturating_add(u64::from(d));
                }
                (Some((false, _, word)), None) => word.push(c),
                (_, Some(d)) => parts.push((true, u64::from(d), String::new())),
                (_, None) => parts.push((false, 0, c.to_string())),
            }
        }
        parts
    };
    parts(a).cmp(&parts(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn net(text: &str, depth: &str) -> Network {
        let source = Source::new("a.rnet", text);
        let settings = [("depth".to_string(), depth.to_string())];
        crate::sema::compile(&source, &settings).unwrap().network
    }

    fn names(network: &Network) -> Vec<String> {
        network.tensors().map(|tensor| network.tensor_name(tensor.id)).collect()
    }

    fn norm(name: &str) -> Vec<(String, usize)> {
        let suffixes = ["weight", "bias", "running_mean", "running_var"].iter();
        let mut all: Vec<_> = suffixes.map(|suffix| (format!("{name}.{suffix}"), 1)).collect();
        all.push((format!("{name}.num_batches_tracked"), 0));
        all
    }

    /// The names of torchvision's `BasicBlock`, in three layers.
    fn torchvision(blocks: usize, projection: bool) -> Vec<(String, usize)> {
        let mut all = vec![("conv1.weight".to_string(), 4), ("fc.weight".to_string(), 2)];
        all.push(("fc.bias".into(), 1));
        all.extend(norm("bn1"));
        for layer in 1..=3 {
            for block in 0..blocks {
                let at = format!("layer{layer}.{block}");
                for k in [1, 2] {
                    all.push((format!("{at}.conv{k}.weight"), 4));
                    all.extend(norm(&format!("{at}.bn{k}")));
                }
                if projection && layer > 1 && block == 0 {
                    all.push((format!("{at}.downsample.0.weight"), 4));
                    all.extend(norm(&format!("{at}.downsample.1")));
                }
            }
        }
        all
    }

    #[test]
    fn torchvisions_names_find_their_places() {
        let original = include_str!("../../specs/original.rnet");
        // Twelve blocks a stage, so that the tenth must not come after the first.
        let network = net(original, "74");
        let pairs = pairs(&network, &torchvision(12, false)).unwrap();
        let own = names(&network);
        let of = |name: &str| {
            let at = own.iter().position(|own| own == name);
            pairs[at.unwrap_or_else(|| panic!("no {name}"))].as_str()
        };
        assert_eq!(of("stem.conv.weight"), "conv1.weight");
        assert_eq!(of("stem.bn.running_var"), "bn1.running_var");
        assert_eq!(of("units.3.F.conv2.weight"), "layer1.2.conv2.weight");
        assert_eq!(of("units.11.F.bn1.bias"), "layer1.10.bn1.bias");
        assert_eq!(of("units.36.F.conv1.weight"), "layer3.11.conv1.weight");
        assert_eq!(of("head.linear.bias"), "fc.bias");
    }

    #[test]
    fn a_shortcut_is_one_whatever_it_is_called() {
        let original =
            include_str!("../../specs/original.rnet").replace("kind = pad", "kind = project");
        let wicked = original.replace("    F = ", "    h2 = ").replace("F(x)", "h2(x)");
        let wicked = wicked.replace("    h = ", "    F = ").replace("h(x)", "F(x)");
        let skip = original.replace("    h = ", "    skip = ").replace("h(x)", "skip(x)");
        for (text, shortcut, branch) in
            [(original, "h", "F"), (skip, "skip", "F"), (wicked, "F", "h2")]
        {
            let network = net(&text, "20");
            let pairs = pairs(&network, &torchvision(3, true)).unwrap();
            let of = |name: String| {
                let at = names(&network).iter().position(|own| *own == name);
                pairs[at.unwrap_or_else(|| panic!("no {name}"))].clone()
            };
            let conv = of(format!("units.7.{shortcut}.conv.weight"));
            assert_eq!(conv, "layer3.0.downsample.0.weight");
            let mean = of(format!("units.4.{shortcut}.bn.running_mean"));
            assert_eq!(mean, "layer2.0.downsample.1.running_mean");
            assert_eq!(of(format!("units.7.{branch}.conv1.weight")), "layer3.0.conv1.weight");
            assert_eq!(of(format!("units.8.{branch}.bn2.weight")), "layer3.1.bn2.weight");
        }
    }

    #[test]
    fn rnetcs_own_names_need_no_guess_in_whatever_wrapper() {
        let network = net(include_str!("../../specs/preact.rnet"), "20");
        let own = names(&network);
        for wrapper in ["", "module.", "_orig_mod."] {
            let mut found: Vec<(String, usize)> =
                own.iter().map(|name| (format!("{wrapper}{name}"), 9)).collect();
            found.push((format!("{wrapper}units.1.F.bn1.{COUNTER}"), 0));
            let pairs = pairs(&network, &found).unwrap();
            assert_eq!(pairs[0], format!("{wrapper}{}", own[0]));
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let network = net(include_str!("../../specs/original.rnet"), "20");
        let error = |found: &[(String, usize)]| pairs(&network, found).unwrap_err().to_string();
        assert!(error(&torchvision(4, false)).contains("25 convolutions, and the net has 19"));
        assert!(error(&torchvision(3, true)).contains("21 convolutions"));
        let mut biased = torchvision(3, false);
        biased.push(("conv1.bias".into(), 1));
        assert!(error(&biased).contains("conv1.bias"));
        biased.push(("pos.embedding".into(), 3));
        assert!(error(&biased).contains("pos.embedding"));
        assert!(natural("conv2", "conv10").is_lt() && natural("a1.b", "a1.c").is_lt());
    }
}
