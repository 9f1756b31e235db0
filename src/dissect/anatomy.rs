//! What stands where in a unit: its shortcut, its residual function, and what deleting it means.
//!
//! y is a sum. A term *carries* x if x reaches it through at most one 1×1 convolution; of those
//! that do, the ones with the fewest weights on their way are the shortcut h, and the other terms
//! are F's contribution. Deleting a unit drops F's contribution and keeps h with all that stands
//! on it (subsampling, projection, scaling). Where one gate g opens F and 1 − g the shortcut, the
//! gate is set to 0, as Srivastava et al. (2015) lesion highways: what remains is h(x) as it is.
//! A unit or layer without a shortcut becomes the identity, where its shape allows.

use std::collections::HashSet;

use super::layers;
use crate::graph::ProbeId;
use crate::lower::probes::{Bypass, Pass, Probes, Tap};
use crate::network::{BinaryOp, Chw, Edge, Layer, ModuleKind, Network, UnitInstance, ValueId};

/// A unit, or in a net without units a layer, that studies delete, move or follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// `preact`, or `conv3` for a layer.
    pub name: String,
    /// What it reads; everything after it depends on this value and nothing before it.
    pub input: ValueId,
    /// y, before f.
    pub sum: ValueId,
    /// f(y).
    pub output: ValueId,
    /// Shapes of `input` and `output`.
    pub shapes: [Chw; 2],
    /// How y is made.
    pub body: Body,
}

/// How a unit's y is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A shortcut and F's contribution added up.
    Residual {
        /// The terms of h, as arguments of additions.
        shortcut: Vec<Term>,
        /// The terms of F.
        residual: Vec<Term>,
        /// What a factor of 0 on these arguments deletes.
        deletion: Vec<Edge>,
    },
    /// No shortcut.
    Chain,
}

/// One term of a sum: where it is read, and the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// As the argument of an addition (or subtraction).
    pub edge: Edge,
    /// What is added.
    pub value: ValueId,
}

impl Site {
    /// Whether it can be deleted: it has a shortcut, or may become the identity.
    pub fn deletable(&self, network: &Network) -> bool {
        match self.body {
            Body::Residual { .. } => true,
            Body::Chain => network.value(self.input).shape == network.value(self.sum).shape,
        }
    }
}

/// The sites of a network in order: its units that stand in no other unit; without units, its
/// convolutions with what follows them.
pub fn sites(network: &Network) -> Vec<Site> {
    let outermost = |unit: &&UnitInstance| !network.units.iter().any(|o| within(unit, o));
    let units: Vec<Site> = network.units.iter().filter(outermost).map(|u| of(network, u)).collect();
    if units.is_empty() { layers::sites(network) } else { units }
}

fn within(unit: &UnitInstance, other: &UnitInstance) -> bool {
    let (inner, outer) = ((unit.input, unit.output), (other.input, other.output));
    let same = inner == outer && unit.index > other.index;
    outer.0 <= inner.0 && inner.1 <= outer.1 && (inner != outer || same)
}

fn of(network: &Network, unit: &UnitInstance) -> Site {
    let UnitInstance { input, sum, output, .. } = *unit;
    let shapes = [input, output].map(|v| network.value(v).shape);
    Site {
        name: unit.definition.clone(),
        input,
        sum,
        output,
        shapes,
        body: body(network, input, sum),
    }
}

fn body(network: &Network, input: ValueId, sum: ValueId) -> Body {
    let ways = Ways::new(network, input, sum);
    let terms: Vec<Term> = terms(network, input, sum)
        .into_iter()
        .filter(|term| ways.least(term.value).is_some())
        .collect();
    let carries = |term: &&Term| ways.least(term.value).is_some_and(|least| least <= 1);
    let least = terms.iter().filter(carries).map(|term| ways.all(term.value)).min();
    let is_shortcut =
        |term: &Term| carries(&term) && least.is_some_and(|least| ways.all(term.value) == least);
    let (shortcut, residual): (Vec<Term>, Vec<Term>) = terms.into_iter().partition(is_shortcut);
    if shortcut.is_empty() || residual.is_empty() {
        return Body::Chain;
    }
    let deletion = deletion(network, &shortcut, &residual);
    Body::Residual { shortcut, residual, deletion }
}

/// What is added up to y. x is one term, even where it is a sum itself.
fn terms(network: &Network, input: ValueId, sum: ValueId) -> Vec<Term> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut open = if is_sum(network, sum) { vec![sum] } else { Vec::new() };
    while let Some(user) = open.pop() {
        for (slot, &value) in network.value(user).args.iter().enumerate() {
            if value != input && is_sum(network, value) && seen.insert(value) {
                open.push(value);
            } else {
                found.push(Term { edge: Edge { user, slot }, value });
            }
        }
    }
    found
}

fn is_sum(network: &Network, value: ValueId) -> bool {
    matches!(network.value(value).layer, Layer::Binary(BinaryOp::Add | BinaryOp::Sub))
}

/// Where a factor of 0 leaves h(x): the gate, if one gate opens F and closes the shortcut, else
/// the terms of F.
fn deletion(network: &Network, shortcut: &[Term], residual: &[Term]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for term in residual {
        let gated = shortcut.iter().find_map(|h| gate(network, h.value, term.value));
        match gated {
            Some(gate) => edges.extend(gate),
            None => edges.push(term.edge),
        }
    }
    edges
}

/// The two places where g stands in (1 − g)·h and g·F.
fn gate(network: &Network, shortcut: ValueId, residual: ValueId) -> Option<[Edge; 2]> {
    let factors = |value: ValueId| match network.value(value).layer {
        Layer::Binary(BinaryOp::Mul) => network.value(value).args.as_slice(),
        _ => &[],
    };
    factors(shortcut).iter().find_map(|&rest| {
        let minuend = network.value(rest).args.first()?;
        let gate = *network.value(rest).args.get(1)?;
        let one_minus = network.value(rest).layer == Layer::Binary(BinaryOp::Sub)
            && network.value(*minuend).layer == Layer::Const(1.0);
        let slot = factors(residual).iter().position(|&factor| factor == gate)?;
        one_minus.then_some([Edge { user: rest, slot: 1 }, Edge { user: residual, slot }])
    })
}

/// Weights on the ways from x to the values of a unit, counted as kernel areas.
struct Ways {
    first: ValueId,
    /// The least over all ways, and all of them together, factors of a product added up.
    counts: Vec<Option<[usize; 2]>>,
}

impl Ways {
    fn new(network: &Network, input: ValueId, sum: ValueId) -> Self {
        let mut ways = Self { first: input, counts: vec![Some([0, 0])] };
        for index in input.index() + 1..=sum.index() {
            let value = network.value(ValueId(index as u32));
            let own = own(network, &value.layer);
            let args: Vec<[usize; 2]> = value.args.iter().filter_map(|&a| ways.at(a)).collect();
            let product = matches!(value.layer, Layer::Binary(BinaryOp::Mul | BinaryOp::Div));
            let all = args.iter().map(|a| a[1]);
            let all: usize = if product { all.sum() } else { all.max().unwrap_or(0) };
            let least = args.iter().map(|a| a[0]).min();
            ways.counts.push(least.map(|least| [least + own, all + own]));
        }
        ways
    }

    fn at(&self, value: ValueId) -> Option<[usize; 2]> {
        let index = value.index().checked_sub(self.first.index())?;
        self.counts.get(index).copied().flatten()
    }

    fn least(&self, value: ValueId) -> Option<usize> {
        self.at(value).map(|counts| counts[0])
    }

    fn all(&self, value: ValueId) -> usize {
        self.at(value).map_or(usize::MAX, |counts| counts[1])
    }
}

fn own(network: &Network, layer: &Layer) -> usize {
    match layer.module().map(|id| &network.module(id).kind) {
        Some(ModuleKind::Conv { kernel: [rows, columns], .. }) => rows * columns,
        // Reads more than a pixel.
        Some(ModuleKind::Linear { rows_columns: [rows, columns], .. }) => rows * columns + 1,
        Some(ModuleKind::BatchNorm { .. }) | None => 0,
    }
}

/// A probe for each site from number `first` on that can be deleted ([`keep`]): 1 keeps it, 0
/// deletes it.
pub fn deletions(network: &Network, sites: &[Site], first: usize) -> Probes {
    let mut probes = Probes::default();
    for (index, site) in sites.iter().enumerate().skip(first) {
        let probe = keep(index);
        match &site.body {
            Body::Residual { deletion, .. } => {
                probes.taps.extend(deletion.iter().map(|&edge| Tap { edge, probe }));
            }
            Body::Chain if site.deletable(network) => {
                probes.bypasses.push(Bypass { value: site.sum, instead: site.input, probe });
            }
            Body::Chain => continue,
        }
        probes.ids.push(probe);
    }
    probes
}

/// The probe that keeps a site, counted from 0.
pub fn keep(site: usize) -> ProbeId {
    ProbeId(site as u32)
}

/// Two probes for each site with a shortcut ([`branch`]): factors on F's contribution and on h,
/// in one pass.
pub fn branches(sites: &[Site], pass: Pass) -> Probes {
    let mut probes = Probes { pass, ..Probes::default() };
    for (index, site) in sites.iter().enumerate() {
        let Body::Residual { shortcut, residual, .. } = &site.body else { continue };
        for (probe, terms) in branch(index).into_iter().zip([residual, shortcut]) {
            probes.ids.push(probe);
            probes.taps.extend(terms.iter().map(|term| Tap { edge: term.edge, probe }));
        }
    }
    probes
}

/// The probes on F's contribution and on h of a site, counted from 0.
pub fn branch(site: usize) -> [ProbeId; 2] {
    [0, 1].map(|side| ProbeId(2 * site as u32 + side))
}
