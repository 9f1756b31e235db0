//! Which tensor of a PyTorch state dict is which of a network.
//!
//! Where the names are rnetc's, they say it. Otherwise both sides are taken apart into modules: [`net`]
//! has the network's in order of evaluation, with units and places (`network::anatomy`), [`file`] the
//! file's as a tree of names. Nothing is ever decided by the alphabet.
//!
//! 1. What whoever imports says ([`map`]) is as it is said.
//! 2. [`blocks`]: the parts of the tree that hold what units hold are the units, in the order of
//!    numbers in their names, of words, or of the file's data where that is no alphabet ([`order`]).
//! 3. [`cells`]: in a unit and its block, and among all that stands outside, modules of equal shapes
//!    are told apart by numbers, words and neighbours. What nothing tells apart is asked.
//! 4. [`doubts`]: what fits by its shapes and looks like another net is said; a block that would be
//!    spread over several units is refused.
//!
//! Nothing is tried twice: a file costs n·log n names and, for each group of equal shapes, a pass over
//! the values between them.

use std::collections::{BTreeMap, BTreeSet};

mod blocks;
mod cells;
mod doubts;
mod error;
mod file;
mod format;
mod map;
mod names;
mod net;
mod order;
mod other_habits;
mod pairing;
mod signature;

pub use error::{Candidates, Unpaired};
pub use file::{Found, is_counter};
pub use format::{OtherFormat, other_format};
pub use map::Map;
pub use pairing::{Doubt, Pair, Pairing, Spread, Why};

use super::error::Misfit;
use crate::network::{ModuleId, Network, Part, TensorKind};
use blocks::Wanted;
use cells::{Pairs, Pool};
use doubts::unit_name;
use file::{Called, File, Theirs};
use net::Net;
use signature::{Kind, Signature, content};

/// Pairs a network's modules with a file's tensors, which come in the order of the file's data.
pub fn pair(network: &Network, found: &[Found], map: &Map) -> Result<Pairing, Unpaired> {
    let telling = !found.is_sorted_by(|a, b| a.name <= b.name);
    pair_with(network, found, telling, map)
}

/// The same where the caller knows whether the order of the data tells something: it is not that of
/// the alphabet.
pub fn pair_with(
    network: &Network,
    found: &[Found],
    telling: bool,
    map: &Map,
) -> Result<Pairing, Unpaired> {
    let wanted: Vec<&Found> = found.iter().filter(|found| !is_counter(&found.name)).collect();
    if map.is_empty()
        && let Some(wrapper) = own_names(network, &wanted)
    {
        return Ok(by_name(network, &wrapper));
    }
    let told = map::told(map, network, found)?;
    let called: Vec<Called> = wanted
        .iter()
        .map(|tensor| Called {
            name: told.tensors.get(&tensor.name).map_or(tensor.name.as_str(), String::as_str),
            tensor,
        })
        .collect();
    let net = Net::new(network);
    let any = |is: &dyn Fn(&Signature) -> bool| net.modules.iter().any(|ours| is(&ours.signature));
    let known = file::Known {
        vectors: any(&|signature| signature.kind() == Kind::Vector),
        norms: any(&|signature| matches!(signature, Signature::Norm { running: false, .. })),
    };
    let file = File::new(&called, telling, known)?;
    let mut pairs = Pairs::default();
    say(&net, &file, &told, &mut pairs)?;
    equal(&net, &file, &pairs)?;
    search(&net, &file, &mut pairs)?;
    let mut doubts = doubts::doubts(&net, &file, &pairs).map_err(Unpaired::Spread)?;
    doubts.extend(other_habits::doubts(&net, &file, &pairs));
    Ok(Pairing { pairs: listed(&net, &file, &pairs), doubts })
}

/// What stands before rnetc's own names, if the file has just those.
fn own_names(network: &Network, found: &[&Found]) -> Option<String> {
    let own: BTreeSet<String> = network.tensors().map(|t| network.tensor_name(t.id)).collect();
    let first = own.first()?;
    let wrapper = |name: &&Found| Some(name.name.strip_suffix(first.as_str())?.to_owned());
    let mut wrappers: Vec<String> = found.iter().filter_map(wrapper).collect();
    wrappers.retain(|wrapper| wrapper.is_empty() || wrapper.ends_with('.'));
    wrappers.truncate(4);
    let is_all = |wrapper: &String| {
        let inner = found.iter().map(|name| name.name.strip_prefix(wrapper.as_str()));
        found.len() == own.len()
            && inner.into_iter().all(|name| name.is_some_and(|n| own.contains(n)))
    };
    wrappers.into_iter().find(is_all)
}

fn by_name(network: &Network, wrapper: &str) -> Pairing {
    let pair = |(at, module): (usize, &crate::network::Module)| {
        let tensors = network
            .tensors_of(ModuleId(at as u32))
            .map(|tensor| (tensor.id.part, format!("{wrapper}{}", network.tensor_name(tensor.id))));
        Pair {
            own: module.name.clone(),
            theirs: format!("{wrapper}{}", module.name),
            shape: Signature::of(module).to_string(),
            block: None,
            why: Why::SameName,
            tensors: tensors.collect(),
        }
    };
    let pairs = network.modules.iter().enumerate().map(pair).collect();
    Pairing { pairs, doubts: Vec::new() }
}

/// Pairs what is told.
fn say(net: &Net<'_>, file: &File, told: &map::Told, pairs: &mut Pairs) -> Result<(), Unpaired> {
    let own: BTreeMap<ModuleId, usize> =
        net.modules.iter().enumerate().map(|(at, ours)| (ours.id, at)).collect();
    let theirs: BTreeMap<&str, usize> =
        file.modules.iter().enumerate().map(|(at, of)| (of.name.text.as_str(), at)).collect();
    let whole = told.whole.iter().map(|id| (*id, net.network.module(*id).name.clone()));
    for (id, name) in told.modules.iter().cloned().chain(whole) {
        // What is told was looked for on both sides.
        let (Some(&own), Some(&their)) = (own.get(&id), theirs.get(name.as_str())) else {
            continue;
        };
        if net.modules[own].signature != file.modules[their].signature {
            return Err(misfit(net, own, &file.modules[their]));
        }
        pairs.add(own, their, None, Why::Told);
    }
    Ok(())
}

/// Refuses a file that does not hold just what the net holds.
fn equal(net: &Net<'_>, file: &File, pairs: &Pairs) -> Result<(), Unpaired> {
    let kind = |signature: &Signature, linear: bool| signature.kind().words(linear)[0];
    let ours: Vec<usize> = (0..net.modules.len()).filter(|at| !pairs.of.contains_key(at)).collect();
    let theirs: Vec<usize> =
        (0..file.modules.len()).filter(|at| pairs.own(*at).is_none()).collect();
    let mut excess: BTreeMap<Signature, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for &at in &ours {
        excess.entry(net.modules[at].signature).or_default().0.push(at);
    }
    for &at in &theirs {
        excess.entry(file.modules[at].signature).or_default().1.push(at);
    }
    excess.retain(|_, (ours, theirs)| ours.len() != theirs.len());
    if excess.is_empty() {
        return Ok(());
    }
    let own = |what: &str| {
        let same = |ours: &&net::Ours| kind(&ours.signature, ours.linear) == what;
        net.modules.iter().filter(same).count()
    };
    let found = |what: &str| {
        let same = |of: &&Theirs| kind(&of.signature, of.linear) == what;
        file.modules.iter().filter(same).count()
    };
    let weights = ["convolutions", "linear layers"];
    let sum = |of: &dyn Fn(&str) -> usize| weights.iter().map(|what| of(what)).sum::<usize>();
    let differ = |what: &&str| own(what) != found(what);
    let norms = ["batch norms", "learned vectors"].into_iter().filter(|what| differ(what));
    let others = weights.into_iter().filter(|what| sum(&own) != sum(&found) && differ(what));
    if let Some(what) = others.chain(norms).next() {
        return Err(Unpaired::Counts { what, found: found(what), own: own(what) });
    }
    // As many modules of each kind: the first that has no counterpart is shown with the net's first.
    let spare = |ours: &Vec<usize>, theirs: &Vec<usize>| {
        (ours.len().saturating_sub(theirs.len()), theirs.len().saturating_sub(ours.len()))
    };
    let mut wanting: Vec<usize> = Vec::new();
    let mut over: Vec<usize> = Vec::new();
    for (ours, theirs) in excess.values() {
        let (more, less) = spare(ours, theirs);
        wanting.extend(&ours[ours.len() - more..]);
        over.extend(&theirs[theirs.len() - less..]);
    }
    wanting.sort_unstable();
    over.sort_unstable();
    for &own in &wanting {
        let kind = net.modules[own].signature.kind();
        let their = over.iter().find(|at| file.modules[**at].signature.kind() == kind);
        if let Some(&their) = their {
            return Err(misfit(net, own, &file.modules[their]));
        }
    }
    Ok(())
}

fn misfit(net: &Net<'_>, own: usize, theirs: &Theirs) -> Unpaired {
    let module = net.name(own);
    let full = |part: Part| part.of(&theirs.name.text);
    let (ours, other) = (net.modules[own].signature, theirs.signature);
    if let (
        Signature::Norm { channels, affine, running },
        Signature::Norm { channels: c, affine: found, running: r },
    ) = (ours, other)
        && (channels, running) == (c, r)
    {
        let mut parts = [Part::Weight, Part::Bias].into_iter().zip(affine.into_iter().zip(found));
        if let Some((part, (is_ours, _))) = parts.find(|(_, (ours, theirs))| ours != theirs) {
            let name = full(part);
            return match is_ours {
                true => Unpaired::Missing { name, own: part.of(module) },
                false => Unpaired::Left { name, own: module.to_owned() },
            };
        }
    }
    if let (
        Signature::Weights { outputs, inputs, kernel, bias },
        Signature::Weights { outputs: o, inputs: i, kernel: k, .. },
    ) = (ours, other)
        && (outputs, inputs, kernel) == (o, i, k)
    {
        let name = full(Part::Bias);
        return match bias {
            true => Unpaired::Missing { name, own: format!("{module}.bias") },
            false => Unpaired::Extra { name, own: module.to_owned() },
        };
    }
    let shape = |signature: Signature, linear: bool| match signature {
        Signature::Norm { channels, .. } | Signature::Vector { channels } => vec![channels],
        Signature::Weights { outputs, inputs, .. } if linear => vec![outputs, inputs],
        Signature::Weights { outputs, inputs, kernel: [rows, columns], .. } => {
            vec![outputs, inputs, rows, columns]
        }
    };
    let why = Misfit::Shape {
        found: shape(other, theirs.linear),
        wanted: shape(ours, net.modules[own].linear),
    };
    Unpaired::Misfit { name: full(Part::Weight), own: format!("{module}.weight"), why }
}

/// Pairs what is not told: units with blocks, and what stands outside.
fn search(net: &Net<'_>, file: &File, pairs: &mut Pairs) -> Result<(), Unpaired> {
    let left: Vec<usize> = (0..file.modules.len()).filter(|at| pairs.own(*at).is_none()).collect();
    let open = |own: &usize| !pairs.of.contains_key(own);
    let units: Vec<Vec<usize>> =
        net.units.iter().map(|unit| unit.iter().copied().filter(open).collect()).collect();
    let wanted: Vec<Wanted> = units
        .iter()
        .enumerate()
        .filter(|(_, modules)| !modules.is_empty())
        .map(|(unit, modules)| Wanted {
            unit,
            content: content(modules.iter().map(|at| net.modules[*at].signature)),
        })
        .collect();
    let found = blocks::matches(file, &left, &wanted, unit_name)?;
    let mut rest: BTreeSet<usize> = left.iter().copied().collect();
    for block in &found {
        let theirs = &left[block.node.range.clone()];
        let pool = Pool {
            net,
            file,
            depth: block.node.depth.min(deepest(file, theirs)),
            block: Some(block.why),
            regions: BTreeMap::new(),
        };
        pool.settle(&units[block.unit], theirs, pairs)?;
        for at in theirs {
            rest.remove(at);
        }
    }
    let ours: Vec<usize> = (0..net.modules.len()).filter(|at| !pairs.of.contains_key(at)).collect();
    let theirs: Vec<usize> = rest.into_iter().collect();
    let regions = regions(file, &left, &found, &theirs);
    let all = theirs.first().zip(theirs.last());
    let depth = all.map_or(0, |(a, b)| file.modules[*a].name.common(&file.modules[*b].name));
    let depth = if left.len() > theirs.len() || theirs.len() < 2 { 0 } else { depth };
    Pool { net, file, depth, block: None, regions }.settle(&ours, &theirs, pairs)
}

/// Words before a module's own are the block's; a block of one module has a word of its own.
fn deepest(file: &File, theirs: &[usize]) -> usize {
    theirs.iter().map(|at| file.modules[*at].name.tokens.len().saturating_sub(1)).min().unwrap_or(0)
}

/// How many units stand before a module outside blocks, where numbers in names tell: `net.8` behind
/// the blocks `net.3` to `net.7`.
fn regions(
    file: &File,
    left: &[usize],
    found: &[blocks::Match],
    outside: &[usize],
) -> BTreeMap<usize, usize> {
    let start = |block: &blocks::Match| left[block.node.range.start];
    // Blocks in the net's order must be in natural order too, and positions are in natural order.
    if !found.is_sorted_by_key(start) {
        return BTreeMap::new();
    }
    let numbered = |a: usize, b: usize| {
        let [a, b] = [a, b].map(|at| &file.modules[at].name);
        let at = a.common(b);
        let number =
            |name: &names::Name| matches!(name.tokens.get(at), Some(names::Token::Number(..)));
        number(a) && number(b)
    };
    let each = outside.iter().filter_map(|&at| {
        let after = found.partition_point(|block| start(block) < at);
        let before = after.checked_sub(1).map(|before| &found[before]);
        let beside = before.into_iter().chain(found.get(after));
        let told = !found.is_empty() && beside.into_iter().all(|block| numbered(start(block), at));
        let region = found.get(after).map_or_else(|| before.map(|b| b.unit + 1), |b| Some(b.unit));
        told.then_some((at, region?))
    });
    each.collect()
}

fn listed(net: &Net<'_>, file: &File, pairs: &Pairs) -> Vec<Pair> {
    let each = pairs.of.iter().map(|(own, (their, block, why))| {
        let theirs = &file.modules[*their];
        // Tensors that are told one by one have the net's names here.
        let name = match theirs.tensors.first() {
            Some((_, tensor)) if !tensor.starts_with(&theirs.name.text) => {
                let names: Vec<&str> =
                    theirs.tensors.iter().map(|(_, name)| name.as_str()).collect();
                names.join(", ")
            }
            _ => theirs.name.text.clone(),
        };
        Pair {
            own: net.name(*own).to_owned(),
            theirs: name,
            shape: net.modules[*own].signature.to_string(),
            block: *block,
            why: *why,
            tensors: theirs.tensors.clone(),
        }
    });
    each.collect()
}

/// The shape that a file has a tensor in that is `wanted` in the net: a linear layer and a 1×1
/// convolution may stand for each other.
pub fn same_content(kind: TensorKind, found: &[usize], wanted: &[usize]) -> bool {
    let bare = |shape: &[usize]| match shape {
        [outputs, inputs, 1, 1] => vec![*outputs, *inputs],
        other => other.to_vec(),
    };
    match kind {
        TensorKind::Convolution | TensorKind::Linear => bare(found) == bare(wanted),
        TensorKind::Vector => file::numbers(found) == file::numbers(wanted),
    }
}

#[cfg(test)]
mod tests;
