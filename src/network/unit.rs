//! Units where they stand in the net.

use super::{ModuleId, Network, UnitId, ValueId};
use crate::source::Span;

/// A place where a unit stands in the net.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitInstance {
    /// Name of the unit's definition.
    pub definition: String,
    /// 1-based position among all units.
    pub index: usize,
    /// Its input x.
    pub input: ValueId,
    /// Values of the unit's bindings after application, by name (`h(x)`, `F(x)`, `g(x)`, …).
    pub bindings: Vec<(String, ValueId)>,
    /// y, before f.
    pub sum: ValueId,
    /// f(y).
    pub output: ValueId,
    /// Names of the units that stand in it, each once.
    pub inner: Vec<String>,
    /// Where the net calls it.
    pub span: Span,
}

impl UnitInstance {
    /// Its place in [`Network::units`].
    pub fn id(&self) -> UnitId {
        UnitId(self.index as u32 - 1)
    }
}

impl Network {
    /// The modules that a unit's values read, in order of first use.
    pub fn modules_of(&self, unit: UnitId) -> Vec<ModuleId> {
        let own = self.values.iter().filter(|value| value.unit == Some(unit));
        let mut modules = Vec::new();
        for module in own.filter_map(|value| value.layer.module()) {
            if !modules.contains(&module) {
                modules.push(module);
            }
        }
        modules
    }
}
