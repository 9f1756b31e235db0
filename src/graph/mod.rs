//! The graph IR: about ten tensor operations, in evaluation order.
//!
//! A [`Graph`] is a list of nodes whose arguments come before them; a [`Program`] adds what is
//! wanted of it. Tensors have four extents, channels last; a node is *batched* if its first axis
//! is the batch. Batch norm, gates, dropout, cross-entropy and SGD are functions that build these
//! nodes ([`crate::nn`]); no engine knows them by name.

pub mod autodiff;
pub mod builder;
pub mod infer;
pub mod interp;
mod op;
pub mod placement;
mod program;
pub mod random;
pub mod rewrite;
mod scalar;
mod types;
pub mod verify;

pub use op::*;
pub use program::*;
pub use scalar::{Binary, BinaryFacts, Rule, Unary, UnaryFacts};
pub use types::*;
