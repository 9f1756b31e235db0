//! Which blocks of the file are the net's units: parts of the tree of names that hold what units hold.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::file::File;
use super::names::Token;
use super::order::{Placed, order};
use super::pairing::Why;
use super::signature::Contents;
use super::{Candidates, Unpaired};

/// A part of the tree of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its modules, among those that are left, in natural order.
    pub range: Range<usize>,
    /// Tokens that their names begin with in common.
    pub depth: usize,
}

/// Parts of the tree of names that hold different modules, each before those in it.
pub fn nodes(file: &File, left: &[usize]) -> Vec<Node> {
    let name = |at: usize| &file.modules[left[at]].name;
    let mut nodes: Vec<Node> = (0..left.len())
        .map(|at| Node { range: at..at + 1, depth: name(at).tokens.len() })
        .collect();
    let mut open: Vec<(usize, usize)> = Vec::new();
    for at in 1..=left.len() {
        let common = (at < left.len()).then(|| name(at - 1).common(name(at)));
        let mut start = at - 1;
        while let Some(&(depth, from)) = open.last() {
            if common.is_some_and(|common| depth <= common) {
                break;
            }
            open.pop();
            nodes.push(Node { range: from..at, depth });
            start = from;
        }
        if let Some(common) = common
            && open.last().is_none_or(|(depth, _)| *depth < common)
        {
            open.push((common, start));
        }
    }
    nodes.sort_by_key(|node| (node.range.start, std::cmp::Reverse(node.range.end)));
    nodes.dedup();
    nodes
}

/// A unit, by what it holds.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Which.
    pub unit: usize,
    /// What its modules hold.
    pub content: u128,
}

/// A unit and its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The unit.
    pub unit: usize,
    /// The block.
    pub node: Node,
    /// What decided it.
    pub why: Why,
}

/// Finds the blocks of as many units as have some for certain, in the net's order.
pub fn matches(
    file: &File,
    left: &[usize],
    units: &[Wanted],
    unit_name: impl Fn(usize) -> String,
) -> Result<Vec<Match>, Unpaired> {
    let contents = Contents::new(left.iter().map(|at| file.modules[*at].signature));
    let mut wanted: BTreeMap<u128, Vec<usize>> = BTreeMap::new();
    for unit in units {
        wanted.entry(unit.content).or_default().push(unit.unit);
    }
    let nodes = nodes(file, left);
    let fits: Vec<&Node> =
        nodes.iter().filter(|node| wanted.contains_key(&contents.of(&node.range))).collect();
    let choice = |chosen: Vec<&Node>| {
        let mut found: BTreeMap<u128, Vec<Node>> = BTreeMap::new();
        for node in chosen {
            found.entry(contents.of(&node.range)).or_default().push(node.clone());
        }
        let kept = found.into_iter().filter_map(|(content, nodes)| {
            let nodes = exactly(file, left, nodes, wanted[&content].len())?;
            Some((content, nodes))
        });
        kept.collect::<Vec<_>>()
    };
    let covered = |choice: &[(u128, Vec<Node>)]| -> usize {
        choice.iter().map(|(_, nodes)| nodes.len()).sum()
    };
    let (outer, inner) = (choice(outermost(&fits)), choice(innermost(&fits)));
    let chosen = if covered(&inner) > covered(&outer) { inner } else { outer };
    let mut all = Vec::new();
    for (content, nodes) in chosen {
        let units = &wanted[&content];
        let placed: Vec<Placed> = nodes.iter().map(|node| placed(file, left, node)).collect();
        let told = match nodes.len() {
            1 => Some((vec![0], Why::Shape)),
            _ => order(&placed, file.telling),
        };
        let Some((order, why)) = told else {
            let node = |node: &Node| name(file, left, node).to_owned();
            return Err(Unpaired::Unclear(Box::new(Candidates {
                what: "blocks",
                shape: super::net::kinds(first(&nodes, |node| {
                    let of = &file.modules[left[node]];
                    (of.signature, of.linear)
                })),
                ours: units.iter().map(|unit| unit_name(*unit)).collect(),
                theirs: nodes.iter().map(node).collect(),
            })));
        };
        let pairs = units.iter().zip(order);
        all.extend(pairs.map(|(&unit, at)| Match { unit, node: nodes[at].clone(), why }));
    }
    all.sort_by_key(|found| found.unit);
    Ok(all)
}

fn first<'a, T: 'a>(
    nodes: &'a [Node],
    of: impl Fn(usize) -> T + 'a,
) -> impl Iterator<Item = T> + 'a {
    nodes.first().map_or(0..0, |node| node.range.clone()).map(of)
}

/// A block's name.
pub fn name<'a>(file: &'a File, left: &[usize], node: &Node) -> &'a str {
    file.modules[left[node.range.start]].name.up_to(node.depth)
}

fn placed<'a>(file: &'a File, left: &[usize], node: &Node) -> Placed<'a> {
    let name = &file.modules[left[node.range.start]].name;
    let places = left[node.range.clone()].iter().map(|at| file.modules[*at].place);
    Placed { tokens: &name.tokens[..node.depth], place: places.min().unwrap_or(0) }
}

/// Those that no other holds.
fn outermost<'a>(fits: &[&'a Node]) -> Vec<&'a Node> {
    let mut chosen: Vec<&Node> = Vec::new();
    for node in fits {
        if chosen.last().is_none_or(|last| last.range.end <= node.range.start) {
            chosen.push(node);
        }
    }
    chosen
}

/// Those that hold no other.
fn innermost<'a>(fits: &[&'a Node]) -> Vec<&'a Node> {
    let mut inner = fits.to_vec();
    inner.sort_by_key(|node| (node.range.end, std::cmp::Reverse(node.range.start)));
    outermost(&inner)
}

/// As many blocks as there are units: all, or those whose names differ in numbers only.
fn exactly(file: &File, left: &[usize], nodes: Vec<Node>, count: usize) -> Option<Vec<Node>> {
    if nodes.len() <= count {
        return (nodes.len() == count).then_some(nodes);
    }
    let mut alike: BTreeMap<Vec<Option<&str>>, BTreeSet<usize>> = BTreeMap::new();
    for (at, node) in nodes.iter().enumerate() {
        let tokens = placed(file, left, node).tokens;
        alike.entry(tokens.iter().map(Token::word).collect()).or_default().insert(at);
    }
    let excess = nodes.len() - count;
    let mut some = alike.values().filter(|group| group.len() == count);
    let mut others = alike.values().filter(|group| group.len() == excess);
    let keep: BTreeSet<usize> = match (some.next(), some.next(), others.next(), others.next()) {
        (Some(group), None, _, _) => group.clone(),
        (None, _, Some(group), None) => (0..nodes.len()).filter(|at| !group.contains(at)).collect(),
        _ => return None,
    };
    Some(
        nodes.into_iter().enumerate().filter(|(at, _)| keep.contains(at)).map(|(_, n)| n).collect(),
    )
}
