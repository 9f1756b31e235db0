//! The network under construction, kept within its budgets.

use std::collections::{BTreeSet, HashSet};

use super::shapes;
use crate::diagnostic::{Code, Diagnostic};
use crate::network::{
    self, Chw, Layer, Module, ModuleId, ModuleKind, UnitId, UnitInstance, Value, ValueId,
};
use crate::source::Span;

/// Most values of a network.
const MAX_VALUES: usize = 60_000;
/// Most units of a network.
pub const MAX_UNITS: usize = 5_000;
/// Most trainable parameters.
const MAX_PARAMETERS: usize = 1 << 31;
/// Most multiply-accumulates for one image.
const MAX_MACS: u64 = 1 << 53;

/// Values, modules and units so far.
#[derive(Debug, Default)]
pub struct NetworkBuilder {
    /// In evaluation order.
    pub values: Vec<Value>,
    /// In order of first use.
    pub modules: Vec<Module>,
    /// In order.
    pub units: Vec<UnitInstance>,
    /// The unit that new values stand in.
    pub unit: Option<UnitId>,
    /// Definitions of the units that have been applied since it began.
    pub applied: BTreeSet<usize>,
    names: HashSet<String>,
    parameters: usize,
    macs: u64,
}

impl NetworkBuilder {
    /// Shape of a value.
    pub fn shape(&self, id: ValueId) -> Chw {
        self.values[id.index()].shape
    }

    /// Adds a value.
    pub fn value(
        &mut self,
        layer: Layer,
        args: Vec<ValueId>,
        shape: Chw,
        span: Span,
    ) -> Result<ValueId, Diagnostic> {
        if self.values.len() >= MAX_VALUES {
            let what = format!("the net has more than {MAX_VALUES} values");
            return Err(too_large(span, what, "repeat its stages less often"));
        }
        let shape = shapes::bounded(shape, span)?;
        self.count_macs(&layer, shape, span)?;
        let id = ValueId(self.values.len() as u32);
        self.values.push(Value { layer, args, shape, span, unit: self.unit });
        Ok(id)
    }

    fn count_macs(&mut self, layer: &Layer, shape: Chw, span: Span) -> Result<(), Diagnostic> {
        let macs = network::macs(&self.modules, layer, shape);
        self.macs = self.macs.saturating_add(macs);
        if self.macs <= MAX_MACS {
            return Ok(());
        }
        let what = "the net needs more than 2^53 multiplications for one image".to_owned();
        Err(too_large(span, what, "use fewer channels or smaller pictures"))
    }

    /// Adds a module under a name of its own.
    pub fn module(
        &mut self,
        name: &str,
        kind: ModuleKind,
        span: Span,
    ) -> Result<ModuleId, Diagnostic> {
        self.parameters = self.parameters.saturating_add(kind.parameters());
        if self.parameters > MAX_PARAMETERS {
            let what = "the net has more than 2^31 parameters".to_owned();
            return Err(too_large(span, what, "use fewer channels or smaller kernels"));
        }
        let id = ModuleId(self.modules.len() as u32);
        let name = self.unique(name);
        self.modules.push(Module { name, kind, span });
        Ok(id)
    }

    /// The name, with a number behind it if it is taken: a unit `a1` beside a second unit `a`.
    fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut number = 1;
        while !self.names.insert(unique.clone()) {
            number += 1;
            unique = format!("{name}_{number}");
        }
        unique
    }
}

fn too_large(span: Span, what: String, hint: &str) -> Diagnostic {
    Diagnostic::error(Code::TooLarge, span, what).label("passes the limit here").hint(hint)
}
