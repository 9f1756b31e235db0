//! The graph IR: about ten tensor operations, in evaluation order.

pub mod random;
mod types;

pub use types::*;
