//! A factor that scales what it is multiplied with, and 1 − g behind it.

use crate::network::{BinaryOp, Edge, Layer, Network, ValueId};

/// A value that scales a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// g.
    pub value: ValueId,
    /// Whether it scales by 1 − g.
    pub complement: bool,
    /// Where g is read: a factor of 0 here closes it.
    pub edge: Edge,
}

/// The gate behind a factor of a product.
pub fn gate(network: &Network, edge: Edge) -> Gate {
    let factor = network.value(edge.user).args[edge.slot];
    match (&network.value(factor).layer, network.value(factor).args.as_slice()) {
        (Layer::Binary(BinaryOp::Sub), &[one, value])
            if network.value(one).layer == Layer::Const(1.0) =>
        {
            Gate { value, complement: true, edge: Edge { user: factor, slot: 1 } }
        }
        _ => Gate { value: factor, complement: false, edge },
    }
}
