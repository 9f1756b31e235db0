//! Functions that build graph nodes for the layers of a network.
pub mod parameters;
