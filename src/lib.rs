//! rnetc: a compiler for residual networks.
//!
//! A [`Spec`] is a text that reads like a figure of the papers. It compiles to a [`Network`], or to
//! [`Diagnostics`] that say what is wrong with it, where, and how to mend it:
//!
//! ```
//! let spec = rnetc::Spec::new("plain.rnet", "
//!     unit basic(width) { F = bn -> relu -> conv(3x3, width)   y = x + F(x) }
//!     net small(classes = 10) {
//!         input(3, 32, 32) -> conv(3x3, 16) -> basic(16) * 2 -> bn -> relu
//!         -> global_avg_pool -> linear(classes)
//!     }");
//! let network = spec.compile()?;
//! assert_eq!(network.units.len(), 2);
//! # Ok::<(), rnetc::Diagnostics>(())
//! ```
//!
//! With the feature `engines`, [`Training`] trains it on a [`Dataset`] with an engine that
//! [`EngineOptions`] opens, an [`Observer`] is told how it goes and may stop it, and what comes out
//! is a [`Model`]: it is tested, saved, and asked about pictures. A [`Checkpoint`] reads it again;
//! [`Build`] compiles a network to WGSL and a manifest, without a device. The folder `examples/`
//! has whole programs.
//!
//! # Features
//! - none: the language alone, which also compiles for `wasm32-unknown-unknown`;
//! - `engines`: all that computes;
//! - `cli` (the default): the program `rnetc`;
//! - `mpi`: training on several processes, with an MPI of the system.
//!
//! What is not listed here is public for rnetc's own tests, and changes without notice.

#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the rooms are documented for who works on them, private items included"
)]

#[cfg(all(feature = "engines", not(target_pointer_width = "64")))]
compile_error!("rnetc computes on 64-bit targets only; without its features it compiles for any");
#[cfg(all(feature = "engines", target_endian = "big"))]
compile_error!(
    "rnetc computes on little-endian targets only; without its features it compiles for any"
);

#[warn(rustdoc::private_intra_doc_links)]
mod api;

// The language.
#[doc(hidden)]
pub mod diagnostic;
#[doc(hidden)]
pub mod drawing;
#[warn(rustdoc::private_intra_doc_links)]
pub mod network;
#[doc(hidden)]
pub mod picture;
#[doc(hidden)]
pub mod sema;
#[doc(hidden)]
pub mod source;
#[doc(hidden)]
pub mod syntax;
#[doc(hidden)]
pub mod text;

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
#[doc(hidden)]
pub mod pixels;
#[cfg(feature = "engines")]
mod protobuf;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod ranks;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod report;
#[cfg(feature = "engines")]
#[doc(hidden)]
pub mod study;
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
pub use drawing::svg;
pub use network::Network;
pub use source::{Source, Span};
#[cfg(feature = "engines")]
pub use {
    api::{
        Checkpoint, EngineKind, EngineOptions, Judged, Model, OpenEngine, Predictor, Reason, Run,
        Training,
    },
    data::dataset::Stored,
    data::normalise::Normalisation,
    data::views::Views,
    data::{DataError, Dataset, Extent, Name, Pictures},
    engine::wgpu::{DeviceLimits, Tune},
    engine::{Device, EngineError, Precision},
    export::{Build, BuildError, BuildOptions, Manifest, Mode},
    train::TrainError,
    train::config::Config,
    train::evaluate::Score,
    train::mistakes::Mistake,
    train::part::Part,
    train::recipe::Recipe,
    train::record::checkpoint::{About, Imported, Origin},
    train::record::evaluation::Measure,
    train::record::metrics::{Evaluation, Step},
    train::schedule::Length,
    train::tally::Tally,
    train::trainer::{Best, End, Observer},
};

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::{command, main};
