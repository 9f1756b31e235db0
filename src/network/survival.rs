//! Training with some of the units' branches dropped: stochastic depth (Huang et al. 2016), and
//! exactly k of n units live in each mini-batch (Veit et al. 2016, section 5.3), put on any net.
//!
//! A rule rewrites the network: on each term that is F's contribution stands a layer that drops
//! it. Training and evaluation of that network then know what to do.

use super::anatomy::{Residual, sites};
use super::{Edge, Layer, Network, Per, Value, ValueId};

/// Which branches a mini-batch keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "engines",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Survival {
    /// Unit l of L is kept with probability 1 − (l/L)(1 − last), one draw a unit and mini-batch;
    /// evaluation multiplies F by that probability.
    StochasticDepth {
        /// The last unit's probability, 0.5 in the paper.
        last: f64,
    },
    /// Exactly so many units are kept, drawn anew for each mini-batch; evaluation multiplies F by
    /// their share.
    Live {
        /// How many, 23 of 54 in the paper.
        units: usize,
    },
}

impl Survival {
    /// The network with the rule on its units.
    pub fn on(self, network: &Network) -> Result<Network, Unfit> {
        let sites = sites(network);
        let forks: Vec<&Residual> = sites.iter().filter_map(|site| site.residual()).collect();
        let count = forks.len();
        match self {
            Survival::StochasticDepth { last } if !(0.0 < last && last <= 1.0) => {
                return Err(Unfit::Last(last));
            }
            Survival::Live { units } if units == 0 || units > count => {
                return Err(Unfit::Live { units, most: count });
            }
            Survival::StochasticDepth { .. } if count == 0 => {
                return Err(Unfit::NoShortcut);
            }
            Survival::StochasticDepth { .. } | Survival::Live { .. } => {}
        }
        let mut drops: Vec<(Edge, Layer)> = Vec::new();
        for (at, residual) in forks.iter().enumerate() {
            let layer = match self {
                Survival::StochasticDepth { last } => {
                    let p = (at + 1) as f64 / count as f64 * (1.0 - last);
                    Layer::DropPath { p, per: Per::Batch, inverted: false }
                }
                Survival::Live { units } => Layer::Live { unit: at, units, of: count },
            };
            drops.extend(residual.branches.iter().map(|branch| (branch.term.edge, layer.clone())));
        }
        Ok(inserted(network, &drops))
    }
}

/// Why a rule does not fit a network.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Unfit {
    /// The last unit's probability is none, or zero.
    #[error("last is {0}, and must be above 0 and at most 1")]
    Last(f64),
    /// No unit, or more than there are with a shortcut, would be live.
    #[error("live units: {units}, and must be 1 to {most}, the net's units with a shortcut")]
    Live {
        /// How many would be.
        units: usize,
        /// Units with a shortcut.
        most: usize,
    },
    /// No unit has a shortcut, so none can be dropped.
    #[error("no unit has a shortcut, so none can be dropped")]
    NoShortcut,
}

/// The network with a layer on each of some edges.
fn inserted(network: &Network, drops: &[(Edge, Layer)]) -> Network {
    let mut values: Vec<Value> = Vec::with_capacity(network.values.len() + drops.len());
    let mut now: Vec<ValueId> = Vec::with_capacity(network.values.len());
    for (index, value) in network.values.iter().enumerate() {
        let mut args: Vec<ValueId> = value.args.iter().map(|arg| now[arg.index()]).collect();
        let user = ValueId(index as u32);
        for (edge, layer) in drops.iter().filter(|(edge, _)| edge.user == user) {
            let of = args[edge.slot];
            let Value { shape, .. } = values[of.index()];
            args[edge.slot] = ValueId(values.len() as u32);
            let (span, unit) = (value.span, value.unit);
            values.push(Value { layer: layer.clone(), args: vec![of], shape, span, unit });
        }
        now.push(ValueId(values.len() as u32));
        values.push(Value { args, ..value.clone() });
    }
    let mut changed = Network { values, ..network.clone() };
    let moved = |id: &mut ValueId| *id = now[id.index()];
    moved(&mut changed.input);
    moved(&mut changed.output);
    for unit in &mut changed.units {
        [&mut unit.input, &mut unit.sum, &mut unit.output].into_iter().for_each(moved);
        unit.bindings.iter_mut().for_each(|(_, id)| moved(id));
    }
    changed
}
