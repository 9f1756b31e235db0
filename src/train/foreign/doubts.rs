//! What is doubtful about pairs that fit by their shapes.

use std::collections::BTreeMap;

use super::blocks::{Node, nodes};
use super::cells::Pairs;
use super::file::File;
use super::names::{Token, without_kind};
use super::net::{Net, kinds};
use super::pairing::{Doubt, Spread, Why};
use super::signature::Kind;
use crate::network::anatomy::Place;

/// Everything that is doubtful; a block that is spread over units, but where that was told, is refused.
pub fn doubts(net: &Net<'_>, file: &File, pairs: &Pairs) -> Result<Vec<Doubt>, Box<Spread>> {
    let seen = View { net, file, pairs };
    let mut doubts = seen.spread()?;
    doubts.extend(seen.another_order());
    doubts.extend(seen.against_numbers());
    doubts.extend(seen.far_from_stem());
    Ok(doubts)
}

struct View<'a> {
    net: &'a Net<'a>,
    file: &'a File,
    pairs: &'a Pairs,
}

impl View<'_> {
    fn unit(&self, their: usize) -> Option<usize> {
        self.net.modules[self.pairs.own(their)?].unit
    }

    fn their_kinds(&self, modules: impl Iterator<Item = usize>) -> String {
        kinds(modules.map(|at| (self.file.modules[at].signature, self.file.modules[at].linear)))
    }

    /// Modules of the file that hold others, outermost first.
    fn holders(&self) -> Vec<Node> {
        let all: Vec<usize> = (0..self.file.modules.len()).collect();
        let name = |at: usize| &self.file.modules[at].name;
        let mut nodes = nodes(self.file, &all);
        nodes.retain(|node| {
            let (start, end) = (node.range.start, node.range.end);
            let before = start.checked_sub(1).map_or(0, |at| name(at).common(name(start)));
            let after = if end < all.len() { name(end - 1).common(name(end)) } else { 0 };
            let outer = before.max(after);
            let level = |level: &usize| (outer + 1..=node.depth).contains(level);
            node.range.len() > 1 && name(start).levels.iter().any(level)
        });
        nodes
    }

    /// Blocks that lie across units, and blocks that are a unit with something more.
    fn spread(&self) -> Result<Vec<Doubt>, Box<Spread>> {
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        for unit in self.net.modules.iter().filter_map(|ours| ours.unit) {
            *sizes.entry(unit).or_default() += 1;
        }
        let (mut doubts, mut spread) = (Vec::new(), Vec::new());
        let mut innermost: BTreeMap<usize, Node> = BTreeMap::new();
        for node in self.holders() {
            let mut held: BTreeMap<usize, usize> = BTreeMap::new();
            for unit in node.range.clone().filter_map(|their| self.unit(their)) {
                *held.entry(unit).or_default() += 1;
            }
            let part = |(unit, count): (&usize, &usize)| {
                (*count < sizes[unit] && *count < node.range.len()).then_some(*unit)
            };
            if let Some(unit) = held.iter().find_map(part)
                && self.is_block(&node)
            {
                spread.push((node.clone(), unit));
            }
            for (unit, count) in held {
                if count == sizes[&unit] {
                    innermost.insert(unit, node.clone());
                }
            }
        }
        // The smallest shows best what it is about.
        if let Some((node, unit)) = spread.iter().min_by_key(|(node, _)| node.range.len()) {
            let told = |(node, _): &(Node, usize)| node.range.clone().all(|at| self.told(at));
            let spread_of = Box::new(self.spread_of(node, *unit));
            if !spread.iter().all(told) {
                return Err(spread_of);
            }
            doubts.push(Doubt::Spread(spread_of));
        }
        if self.net.network.units.len() > 1 {
            doubts.extend(innermost.iter().find_map(|(unit, node)| self.with_more(*unit, node)));
        }
        Ok(doubts)
    }

    /// A list of modules of one kind is no block.
    fn is_block(&self, node: &Node) -> bool {
        let mut norms = node.range.clone().map(|at| self.file.modules[at].signature.kind());
        let first = norms.next();
        norms.any(|norm| Some(norm) != first)
    }

    fn told(&self, their: usize) -> bool {
        let own = self.pairs.own(their);
        own.and_then(|own| self.pairs.of.get(&own)).is_some_and(|pair| pair.2 == Why::Told)
    }

    fn block_name(&self, node: &Node) -> String {
        let name = &self.file.modules[node.range.start].name;
        let level = name.levels.iter().rev().find(|level| **level <= node.depth);
        name.up_to(level.copied().unwrap_or(node.depth)).to_owned()
    }

    /// The modules of a block, in the file's order where it tells something, or as people count.
    fn in_file_order(&self, range: std::ops::Range<usize>) -> Vec<usize> {
        let mut order: Vec<usize> = range.collect();
        if self.file.telling {
            order.sort_by_key(|at| self.file.modules[*at].place);
        }
        order
    }

    fn spread_of(&self, node: &Node, unit: usize) -> Spread {
        let name = |at: usize| self.file.modules[at].name.text.clone();
        let own = |their: usize| {
            self.pairs.own(their).map_or_else(String::new, |own| self.net.name(own).to_owned())
        };
        let order = self.in_file_order(node.range.clone());
        let inside = order.iter().copied().find(|their| self.unit(*their) == Some(unit));
        let other = order.iter().copied().find(|their| self.unit(*their) != Some(unit));
        let (inside, other) = (inside.unwrap_or(0), other.unwrap_or(0));
        let theirs = if self.file.telling {
            self.their_kinds(order.iter().copied())
        } else {
            let level = self.block_name(node).len();
            let short = |at: &usize| {
                let text = self.file.modules[*at].name.text.as_str();
                text.get(level..).unwrap_or(text).trim_start_matches('.').to_owned()
            };
            order.iter().take(8).map(short).collect::<Vec<_>>().join(", ")
        };
        Spread {
            block: self.block_name(node),
            theirs,
            module: name(inside),
            own: own(inside),
            other: name(other),
            others: own(other),
            unit: unit_name(unit),
            order: self.net.kinds(self.net.units[unit].iter().copied()),
        }
    }

    fn with_more(&self, unit: usize, node: &Node) -> Option<Doubt> {
        let mut others = node.range.clone().filter(|their| self.unit(*their) != Some(unit));
        let (first, own) = others.next().and_then(|at| Some((at, self.pairs.own(at)?)))?;
        if self.net.modules[own].unit.is_some() || others.any(|at| self.unit(at).is_some()) {
            return None;
        }
        Some(Doubt::Outside {
            block: self.block_name(node),
            unit: unit_name(unit),
            module: self.file.modules[first].name.text.clone(),
            own: self.net.name(own).to_owned(),
        })
    }

    /// A block that begins with the other kind of layer, by the file's own order.
    fn another_order(&self) -> Option<Doubt> {
        if !self.file.telling {
            return None;
        }
        (0..self.net.network.units.len()).find_map(|unit| {
            let branch = |own: &usize| self.net.modules[*own].place == Place::Branch;
            let ours: Vec<usize> = self.net.units[unit].iter().copied().filter(branch).collect();
            let mut theirs: Vec<usize> =
                ours.iter().filter_map(|own| Some(self.pairs.of.get(own)?.0)).collect();
            theirs.sort_by_key(|at| self.file.modules[*at].place);
            let own_kind = self.net.modules[*ours.first()?].signature.kind();
            let first = *theirs.first()?;
            if self.file.modules[first].signature.kind() == own_kind {
                return None;
            }
            let last = theirs.iter().max_by_key(|at| **at).copied().unwrap_or(first);
            let least = theirs.iter().min().copied().unwrap_or(first);
            let [least, last] = [least, last].map(|at| &self.file.modules[at].name);
            Some(Doubt::Order {
                block: least.up_to(least.common(last)).to_owned(),
                theirs: self.their_kinds(theirs.iter().copied()),
                unit: unit_name(unit),
                own: self.net.kinds(ours.iter().copied()),
            })
        })
    }

    /// Numbers in names that run against the order in which the net computes.
    fn against_numbers(&self) -> Option<Doubt> {
        let mut lists: BTreeMap<(Kind, Vec<Option<&str>>), usize> = BTreeMap::new();
        for (at, module) in self.file.modules.iter().enumerate() {
            let pattern = module.name.tokens.iter().map(Token::word).collect();
            let before = lists.insert((module.signature.kind(), pattern), at);
            let Some(before) = before else { continue };
            let own = |their: usize| self.pairs.own(their);
            let (Some(first), Some(second)) = (own(before), own(at)) else { continue };
            let [a, b] = [first, second].map(|own| &self.net.modules[own]);
            let aside = [a, b].iter().any(|ours| ours.place == Place::Shortcut);
            let told = self.told(before) || self.told(at);
            if second < first && !aside && !told && self.net.is_chain(&[second, first]) {
                return Some(Doubt::Numbers {
                    first: self.file.modules[before].name.text.clone(),
                    second: self.file.modules[at].name.text.clone(),
                    own_first: self.net.name(first).to_owned(),
                    own_second: self.net.name(second).to_owned(),
                });
            }
        }
        None
    }

    /// A batch norm that is named as the stem's convolution and stands behind all units, where no shape
    /// tells whether units normalise before or behind their convolutions.
    fn far_from_stem(&self) -> Option<Doubt> {
        let shapes_tell = |unit: &crate::network::UnitInstance| {
            let [x, y] =
                [unit.input, unit.output].map(|value| self.net.network.value(value).shape.c);
            x != y
        };
        if self.net.network.units.is_empty() || self.net.network.units.iter().any(shapes_tell) {
            return None;
        }
        let outside = |own: usize| self.net.modules[own].unit.is_none();
        let each = |want_norm: bool| {
            self.pairs.of.iter().filter(move |(own, (their, ..))| {
                outside(**own) && self.file.modules[*their].signature.is_norm() == want_norm
            })
        };
        let units = self.net.network.units.len();
        let late = each(true).filter(|(own, _)| self.net.modules[**own].region == units);
        late.into_iter().find_map(|(own, (norm, ..))| {
            let name = &self.file.modules[*norm].name;
            let stem = each(false).find(|(own, (their, ..))| {
                self.net.modules[**own].region == 0
                    && without_kind(&self.file.modules[*their].name) == without_kind(name)
            })?;
            Some(Doubt::FarFromStem {
                norm: name.text.clone(),
                beside: self.file.modules[stem.1.0].name.text.clone(),
                stem: self.net.name(*stem.0).to_owned(),
                own: self.net.name(*own).to_owned(),
            })
        })
    }
}

/// What messages call a unit.
pub fn unit_name(unit: usize) -> String {
    format!("units.{}", unit + 1)
}
