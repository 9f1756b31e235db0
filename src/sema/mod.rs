//! From syntax to a typed network.
pub mod network;
