//! Modules of equal shapes, told apart by what is known of both sides.
//!
//! A cell is modules of the net and as many of the file that may be one another. Each kind of evidence
//! may split it; it counts only where it names as many on both sides. What nothing splits is asked.

use std::collections::BTreeMap;

use super::file::File;
use super::names::{End, Token, end, of_shortcut, without_kind};
use super::net::Net;
use super::order::{Placed, order};
use super::pairing::Why;
use super::signature::Kind;
use super::{Candidates, Unpaired};
use crate::network::anatomy::Place;

/// Pairs so far.
#[derive(Debug, Default)]
pub struct Pairs {
    /// By the net's module: the file's, the unit's evidence and the module's.
    pub of: BTreeMap<usize, (usize, Option<Why>, Why)>,
    /// By the file's module: the net's.
    back: BTreeMap<usize, usize>,
}

impl Pairs {
    /// One more.
    pub fn add(&mut self, own: usize, their: usize, block: Option<Why>, why: Why) {
        self.of.insert(own, (their, block, why));
        self.back.insert(their, own);
    }

    /// The net's module that one of the file is.
    pub fn own(&self, their: usize) -> Option<usize> {
        self.back.get(&their).copied()
    }
}

/// Modules of both sides that hold the same: a unit and its block, or what stands outside.
pub struct Pool<'a> {
    /// The net.
    pub net: &'a Net<'a>,
    /// The file.
    pub file: &'a File,
    /// Tokens with which all the file's names begin.
    pub depth: usize,
    /// How the block was found.
    pub block: Option<Why>,
    /// How many units stand before a module of the file, where numbers tell.
    pub regions: BTreeMap<usize, usize>,
}

#[derive(Clone, Debug)]
struct Cell {
    ours: Vec<usize>,
    theirs: Vec<usize>,
    why: Why,
}

impl Pool<'_> {
    /// Pairs all modules.
    pub fn settle(
        &self,
        ours: &[usize],
        theirs: &[usize],
        pairs: &mut Pairs,
    ) -> Result<(), Unpaired> {
        let beside = self.beside(theirs);
        let mut open = self.by_shape(ours, theirs);
        loop {
            let mut left: Vec<Cell> = Vec::new();
            let mut moved = false;
            for cell in open {
                if let ([own], [their]) = (cell.ours.as_slice(), cell.theirs.as_slice()) {
                    pairs.add(*own, *their, self.block, cell.why);
                    moved = true;
                    continue;
                }
                match self.split(&cell, &beside, pairs) {
                    Some(parts) => {
                        moved = true;
                        left.extend(parts);
                    }
                    None => left.push(cell),
                }
            }
            open = left;
            if !moved || open.is_empty() {
                break;
            }
        }
        match open.first() {
            None => Ok(()),
            Some(cell) => Err(self.unclear(cell)),
        }
    }

    fn by_shape(&self, ours: &[usize], theirs: &[usize]) -> Vec<Cell> {
        let mut cells = BTreeMap::new();
        let empty = || Cell { ours: Vec::new(), theirs: Vec::new(), why: Why::Shape };
        for &own in ours {
            let cell = cells.entry(self.net.modules[own].signature).or_insert_with(empty);
            cell.ours.push(own);
        }
        for &their in theirs {
            let cell = cells.entry(self.file.modules[their].signature).or_insert_with(empty);
            cell.theirs.push(their);
        }
        cells.into_values().collect()
    }

    /// The convolution that each batch norm is named as: of the same number, or one before in a list.
    fn beside(&self, theirs: &[usize]) -> BTreeMap<usize, usize> {
        let module = |at: usize| &self.file.modules[at];
        let mut weights: BTreeMap<Vec<&Token>, Option<usize>> = BTreeMap::new();
        let mut listed: BTreeMap<&[Token], usize> = BTreeMap::new();
        let weights_of = |at: &&usize| module(**at).signature.kind() == Kind::Weights;
        for &at in theirs.iter().filter(weights_of) {
            let same = weights.entry(without_kind(&module(at).name)).or_insert(Some(at));
            if *same != Some(at) {
                *same = None;
            }
            listed.insert(&module(at).name.tokens, at);
        }
        let norms = theirs.iter().filter(|at| module(**at).signature.is_norm());
        let found = norms.filter_map(|&at| {
            let name = &module(at).name;
            let same = weights.get(&without_kind(name)).copied().flatten();
            let before = || {
                let (last, list) = name.tokens.split_last()?;
                let Token::Number(number, _) = last else { return None };
                let number = number.checked_sub(1)?;
                let before = Token::Number(number, number.to_string());
                listed.get([list, &[before]].concat().as_slice()).copied()
            };
            Some((at, same.or_else(before)?))
        });
        found.collect()
    }

    fn split(
        &self,
        cell: &Cell,
        beside: &BTreeMap<usize, usize>,
        pairs: &Pairs,
    ) -> Option<Vec<Cell>> {
        let ours = |at: usize| &self.net.modules[at];
        let theirs = |at: usize| &self.file.modules[at];
        let outside = |at: usize| ours(at).unit.is_none().then_some(ours(at).region);
        let named = |at: usize| pairs.own(*beside.get(&at)?);
        let shortcut = |at: usize| ours(at).place == Place::Shortcut;
        by(cell, Why::Shape, |own| ours(own).linear, |their| Some(theirs(their).linear))
            .or_else(|| self.in_order(cell))
            .or_else(|| {
                let of = |their: usize| self.regions.get(&their).map(|region| Some(*region));
                by(cell, Why::Numbers, outside, of)
            })
            .or_else(|| {
                let word = |their: usize| {
                    of_shortcut(&theirs(their).name.tokens[self.depth..]).then_some(true)
                };
                by(cell, Why::Words, shortcut, word)
            })
            .or_else(|| by(cell, Why::Neighbour, outside, |their| outside(named(their)?).map(Some)))
            .or_else(|| by(cell, Why::Neighbour, shortcut, |their| Some(shortcut(named(their)?))))
            .or_else(|| by(cell, Why::Words, outside, |their| self.end(their).map(Some)))
            .or_else(|| self.by_binding(cell))
    }

    /// Both sides in order, where both have one.
    fn in_order(&self, cell: &Cell) -> Option<Vec<Cell>> {
        if !self.net.is_chain(&cell.ours) {
            return None;
        }
        let placed: Vec<Placed> = cell
            .theirs
            .iter()
            .map(|at| &self.file.modules[*at])
            .map(|module| Placed::new(&module.name, module.place))
            .collect();
        let (order, why) = order(&placed, self.file.telling)?;
        let pair = |(own, at): (&usize, usize)| Cell {
            ours: vec![*own],
            theirs: vec![cell.theirs[at]],
            why: why.max(cell.why),
        };
        Some(cell.ours.iter().zip(order).map(pair).collect())
    }

    /// The region that a word tells, before any number.
    fn end(&self, their: usize) -> Option<usize> {
        let tokens = &self.file.modules[their].name.tokens[self.depth..];
        let words = tokens.iter().take_while(|token| token.word().is_some());
        match words.map(end).find(|end| *end != End::Neither)? {
            End::First => Some(0),
            End::Last => Some(self.net.network.units.len()),
            End::Neither => None,
        }
    }

    /// By the net's own words: the bindings in which a module is written, from the unit's on inwards.
    fn by_binding(&self, cell: &Cell) -> Option<Vec<Cell>> {
        let bindings = |own: usize| -> Vec<String> {
            let parts: Vec<String> = self.net.name(own).split('.').map(str::to_lowercase).collect();
            match parts.as_slice() {
                // The last is the layer's, which is numbered as it happens to stand.
                [units, _, inner @ .., _] if units == "units" => inner.to_vec(),
                _ => Vec::new(),
            }
        };
        let all: Vec<Vec<String>> = cell.ours.iter().map(|own| bindings(*own)).collect();
        let deepest = all.iter().map(Vec::len).max().unwrap_or(0);
        (0..deepest).find_map(|depth| {
            let known: Vec<&String> = all.iter().filter_map(|inner| inner.get(depth)).collect();
            let binding = |own: usize| bindings(own).get(depth).cloned();
            by(cell, Why::Words, binding, |their| self.says(their, &known).map(Some))
        })
    }

    /// Which of some names is a part of a module's name behind the block's, if one alone is.
    fn says(&self, their: usize, known: &[&String]) -> Option<String> {
        let name = &self.file.modules[their].name;
        // What all names of a block begin with may end within a part: `net1` and `net2`.
        let common = name.levels.partition_point(|level| *level <= self.depth);
        let text = name.text.to_lowercase();
        let parts = text.split(['.', '/']).filter(|part| !part.is_empty()).skip(common);
        let words = name.tokens[self.depth..].iter().filter_map(Token::word);
        let is_known = |part: &&str| known.iter().any(|binding| binding == part);
        let mut said = parts.chain(words).filter(is_known);
        let first = said.next()?;
        said.all(|other| other == first).then(|| first.to_owned())
    }

    fn unclear(&self, cell: &Cell) -> Unpaired {
        let first = &self.net.modules[cell.ours[0]];
        let [what, _] = first.signature.kind().words(first.linear);
        Unpaired::Unclear(Box::new(Candidates {
            what,
            shape: self.net.modules[cell.ours[0]].signature.to_string(),
            ours: cell.ours.iter().map(|at| self.net.name(*at).to_owned()).collect(),
            theirs: cell.theirs.iter().map(|at| self.file.modules[*at].name.text.clone()).collect(),
        }))
    }
}

/// Splits off what is the same on both sides, and in the same number.
fn by<T: Ord>(
    cell: &Cell,
    why: Why,
    own: impl Fn(usize) -> T,
    their: impl Fn(usize) -> Option<T>,
) -> Option<Vec<Cell>> {
    let mut groups: BTreeMap<T, [Vec<usize>; 2]> = BTreeMap::new();
    let mut rest = Cell { ours: Vec::new(), theirs: Vec::new(), why: cell.why.max(why) };
    cell.ours.iter().for_each(|&at| groups.entry(own(at)).or_default()[0].push(at));
    for &at in &cell.theirs {
        match their(at) {
            Some(value) => groups.entry(value).or_default()[1].push(at),
            None => rest.theirs.push(at),
        }
    }
    if groups.len() < 2 {
        return None;
    }
    let mut cells = Vec::new();
    for [ours, theirs] in groups.into_values() {
        if !ours.is_empty() && ours.len() == theirs.len() {
            cells.push(Cell { ours, theirs, why: rest.why });
        } else {
            rest.ours.extend(ours);
            rest.theirs.extend(theirs);
        }
    }
    if cells.is_empty() {
        return None;
    }
    if !rest.ours.is_empty() {
        rest.ours.sort_unstable();
        rest.theirs.sort_unstable();
        cells.push(rest);
    }
    Some(cells)
}
