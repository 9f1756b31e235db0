//! The library's face: what a program needs that uses rnetc. The command line uses it too.

#[cfg(feature = "engines")]
mod engine;
mod spec;

#[cfg(feature = "engines")]
pub use engine::{EngineKind, EngineOptions, OpenEngine, Reason};
pub use spec::{Diagnostics, Spec};
