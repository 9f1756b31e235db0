//! What a text without errors means.

use crate::network::Network;
use crate::sema::Places;
use crate::source::Span;
use crate::syntax::ast::{self, Definition};

/// A text without errors, with the defaults of its net's parameters.
#[derive(Debug)]
pub struct Whole {
    /// As written.
    pub file: ast::File,
    /// The network.
    pub network: Network,
    /// What its places come to.
    pub places: Places,
}

impl Whole {
    /// What the binding is bound to whose name begins at a byte.
    pub fn binding(&self, name: u32) -> Option<&ast::Expr> {
        let bindings = self.file.definitions.iter().flat_map(|definition| match definition {
            Definition::Unit(unit) => unit.bindings.as_slice(),
            Definition::Def(_) => &[],
            Definition::Net(net) => net.bindings.as_slice(),
        });
        let mut own = bindings.filter(|binding| binding.name.span.start == name);
        own.next().map(|binding| &binding.value)
    }

    /// The name of the parameter that begins at a byte.
    pub fn parameter(&self, name: u32) -> Option<Span> {
        let parameters = self.file.definitions.iter().flat_map(|definition| match definition {
            Definition::Unit(unit) => &unit.parameters,
            Definition::Def(def) => &def.parameters,
            Definition::Net(net) => &net.parameters,
        });
        let mut own = parameters.map(|parameter| parameter.name.span);
        own.find(|span| span.start == name)
    }
}
