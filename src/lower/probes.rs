//! What a study may ask of a lowered network beyond the plain pass: factors that are set at run
//! time on the way of values, and only a part of the values.
//!
//! Nothing here knows what a unit is: a tap names an argument of a value, a bypass a value and
//! what may stand in for it. All of them become ordinary graph inputs, so that no engine and no
//! pass knows either.

use crate::graph::ProbeId;
use crate::network::{Layer, Network, ValueId};
use crate::nn::parameters::StateTensor;

/// Which pass the factors of taps stand in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pass {
    /// Values are multiplied, and adjoints with them.
    #[default]
    Forward,
    /// Values are as ever; adjoints are multiplied.
    Backward,
}

/// One argument of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// The value that reads.
    pub user: ValueId,
    /// Which of its arguments.
    pub slot: usize,
}

/// A factor on an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    /// Where.
    pub edge: Edge,
    /// The factor, one of [`Probes::ids`].
    pub probe: ProbeId,
}

/// A value v that becomes m·v + (1 − m)·w.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bypass {
    /// v.
    pub value: ValueId,
    /// w, an earlier value of the same shape.
    pub instead: ValueId,
    /// m, one of [`Probes::ids`].
    pub probe: ProbeId,
}

/// Factors of each image, N×1×1×1, set at run time; 1 everywhere is the plain network.
#[derive(Clone, Debug, Default)]
pub struct Probes {
    /// The factors, each an input.
    pub ids: Vec<ProbeId>,
    /// Where they are factors.
    pub taps: Vec<Tap>,
    /// Where they choose between two values; in the forward pass.
    pub bypasses: Vec<Bypass>,
    /// The pass of `taps`.
    pub pass: Pass,
}

/// No probes: the plain network.
pub static NONE: Probes =
    Probes { ids: Vec::new(), taps: Vec::new(), bypasses: Vec::new(), pass: Pass::Forward };

/// The values after `from`, up to and with `to`. Nothing after a value where a part begins may
/// read anything before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it begins: this value is an input, of role `Cut`. None: with the pictures.
    pub from: Option<ValueId>,
    /// Its last value. None: the class scores.
    pub to: Option<ValueId>,
}

impl Part {
    /// The whole network.
    pub const WHOLE: Part = Part { from: None, to: None };

    /// The value it ends with.
    pub fn end(self, network: &Network) -> ValueId {
        self.to.unwrap_or(network.output)
    }

    /// Whether it begins at this value.
    pub fn begins_at(self, id: ValueId) -> bool {
        self.from == Some(id)
    }

    /// Whether it has a node for this value. Numbers belong to every part.
    pub fn computes(self, network: &Network, id: ValueId) -> bool {
        let inside = self.from.is_none_or(|from| id >= from) && id <= self.end(network);
        inside || matches!(network.value(id).layer, Layer::Const(_))
    }

    /// Whether it reads this tensor of the network's state.
    pub fn reads(self, network: &Network, tensor: &StateTensor) -> bool {
        if self == Self::WHOLE {
            return true;
        }
        let first = self.from.map_or(0, |from| from.index() + 1);
        let values = &network.values[first..=self.end(network).index()];
        let owner = tensor.name.rsplit_once('.').map(|(owner, _)| owner);
        let modules = values.iter().filter_map(|value| value.layer.module());
        modules.map(|id| network.module(id).name.as_str()).any(|name| owner == Some(name))
    }
}
