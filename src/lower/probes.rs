//! What a study may ask of a lowered network beyond the plain pass: factors that are set at run
//! time on the way of values, and only a part of the values.
//!
//! Nothing here knows what a unit is: a tap names an argument of a value, a bypass a value and
//! what may stand in for it. All of them become ordinary graph inputs, so that no engine and no
//! pass knows either.

use crate::graph::ProbeId;
use crate::network::{Edge, Layer, ModuleId, Network, ValueId};

/// Which pass the factors of taps stand in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pass {
    /// Values are multiplied, and adjoints with them.
    #[default]
    Forward,
    /// Values are as ever; adjoints are multiplied.
    Backward,
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

    /// Whether it reads this module's tensors.
    pub fn reads(self, network: &Network, module: ModuleId) -> bool {
        let first = self.from.map_or(0, |from| from.index() + 1);
        let values = &network.values[first..=self.end(network).index()];
        self == Self::WHOLE || values.iter().any(|value| value.layer.module() == Some(module))
    }
}
