//! The library's face: what a program needs that uses rnetc. The command line is its first user.

#![warn(clippy::missing_errors_doc, clippy::missing_panics_doc)]

mod bundled;
#[cfg(feature = "engines")]
mod data;
#[cfg(feature = "engines")]
mod engine;
#[cfg(feature = "engines")]
mod model;
mod spec;
#[cfg(feature = "engines")]
mod training;

#[cfg(feature = "engines")]
pub use engine::{EngineKind, EngineOptions, OpenEngine, Reason};
#[cfg(feature = "engines")]
pub use model::{Checkpoint, Judged, Model, Predictor};
pub use spec::{Diagnostics, Spec};
#[cfg(feature = "engines")]
pub use training::{Run, Training};
