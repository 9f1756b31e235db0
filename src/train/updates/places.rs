//! Where parameters stand in a network, and what they answer to.

use crate::network::{ModuleId, ModuleKind, Network, Tensor, TensorKind, UnitId};

/// Weights of convolutions and linear layers, their biases, all of a batch norm, and what `scalar`,
/// `scale` and `shift` hold.
pub(super) const KINDS: [&str; 4] = ["weights", "biases", "norms", "scales"];

/// Where parameters stand in a network.
pub(super) struct Places<'a> {
    pub network: &'a Network,
    /// The unit that first reads each module, and how many units stand before it.
    units: Vec<(Option<UnitId>, usize)>,
    /// The stage of each unit: units in a row that write as many rows and columns.
    stages: Vec<usize>,
}

impl<'a> Places<'a> {
    pub fn new(network: &'a Network) -> Self {
        let mut units = vec![None; network.modules.len()];
        let mut before = 0;
        for value in &network.values {
            before = before.max(value.unit.map_or(0, |unit| unit.index() + 1));
            if let Some(module) = value.layer.module() {
                units[module.index()].get_or_insert((value.unit, before));
            }
        }
        let units = units.into_iter().map(|unit| unit.unwrap_or((None, 0))).collect();
        let mut stages: Vec<usize> = Vec::new();
        let mut last = None;
        for unit in &network.units {
            let shape = network.value(unit.output).shape;
            let size = (shape.h, shape.w);
            let stage = stages.last().copied().unwrap_or(0) + usize::from(last != Some(size));
            last = Some(size);
            stages.push(stage);
        }
        Self { network, units, stages }
    }

    fn unit(&self, module: ModuleId) -> (Option<UnitId>, usize) {
        self.units[module.index()]
    }

    /// What a tensor answers to: its name, its stage, its kind.
    pub fn names(&self, tensor: &Tensor) -> Vec<String> {
        let module = tensor.id.module;
        let stage = self.unit(module).0.map(|unit| self.stages[unit.index()]);
        let kind = match (&self.network.module(module).kind, tensor.kind) {
            (ModuleKind::BatchNorm { .. } | ModuleKind::Norm { .. }, _) => KINDS[2],
            (ModuleKind::Vector { .. }, _) => KINDS[3],
            (ModuleKind::Conv { .. } | ModuleKind::Linear { .. }, TensorKind::Vector) => KINDS[1],
            (ModuleKind::Conv { .. } | ModuleKind::Linear { .. }, _) => KINDS[0],
        };
        let name = self.network.tensor_name(tensor.id);
        let stage = stage.map(|stage| format!("stage{stage}"));
        [Some(name), stage, Some(kind.to_owned())].into_iter().flatten().collect()
    }

    /// How far each module is from the input, in units, and how far the head is.
    pub fn depths(&self) -> (Vec<usize>, usize) {
        let all = self.network.units.len();
        let depth = |&(unit, before): &(Option<UnitId>, usize)| match unit {
            Some(unit) => unit.index() + 1,
            // Behind the last unit is the head; between units, a layer goes with the unit before.
            None if before == all => all + 1,
            None => before,
        };
        (self.units.iter().map(depth).collect(), all + 1)
    }

    /// Names that patterns can have, without those of single layers.
    pub fn answers(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for tensor in self.network.tensors() {
            let names = self.names(&tensor);
            let mut parts = names[0].split('.');
            let first = parts.next().unwrap_or_default();
            let section = match (first, parts.next()) {
                ("units" | "between", Some(number)) => format!("{first}.{number}"),
                _ => first.to_owned(),
            };
            for name in [section].into_iter().chain(names.into_iter().skip(1)) {
                if !all.contains(&name) {
                    all.push(name);
                }
            }
        }
        all
    }
}
