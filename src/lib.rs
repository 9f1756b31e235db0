//! rnetc: a compiler for residual networks.

mod api;

// The language.
#[doc(hidden)]
pub mod diagnostic;
#[doc(hidden)]
pub mod drawing;
#[doc(hidden)]
pub mod network;
#[doc(hidden)]
pub mod sema;
#[doc(hidden)]
pub mod source;
#[doc(hidden)]
pub mod syntax;

// All that computes.
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod chart;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod data;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod dissect;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod engine;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod export;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod gradcheck;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod graph;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod lower;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod nn;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod passes;
#[cfg(feature = "engines")]
mod protobuf;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod report;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod study;
#[cfg(feature = "engines")]
mod text;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod train;

// The program.
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod lsp;

// What a program uses.
pub use api::{Diagnostics, Spec};
pub use diagnostic::{Code, Diagnostic, Fix, Label, Severity};
pub use network::Network;
pub use source::{Source, Span};
#[cfg(feature = "engines")]
pub use {
    api::{
        Checkpoint, EngineKind, EngineOptions, Model, OpenEngine, Predictor, Reason, Run, Training,
    },
    data::dataset::Stored,
    data::{DataError, Dataset, Extent, Name, Pictures},
    engine::wgpu::{DeviceLimits, Tune},
    engine::{Device, EngineError, Precision},
    train::TrainError,
    train::evaluate::Score,
    train::metrics::{Evaluation, Step},
    train::recipe::Recipe,
    train::schedule::Length,
    train::trainer::{End, Observer},
};

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::main;
