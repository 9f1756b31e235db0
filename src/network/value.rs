//! Values.

use super::{Chw, Layer, UnitId, ValueId};
use crate::source::Span;

/// One value of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// How it is made.
    pub layer: Layer,
    /// From what.
    pub args: Vec<ValueId>,
    /// Its shape for one image.
    pub shape: Chw,
    /// Where it is written.
    pub span: Span,
    /// The unit it stands in.
    pub unit: Option<UnitId>,
}

/// One argument of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// The value that reads.
    pub user: ValueId,
    /// Which of its arguments.
    pub slot: usize,
}
