//! What verbs share: finding specs, weights and data, opening an engine, catching signals.

pub mod bundled;
pub mod download;
pub mod engine;
pub mod hold;
pub mod last_build;
pub mod launched;
pub mod recipe;
pub mod recorded;
#[cfg(target_os = "linux")]
pub mod runtime_folder;
pub mod signals;
pub mod spec;
pub mod start;
pub mod trained;
pub mod weights;
pub mod written;

/// Where runs go that name no folder.
pub const RUNS: &str = "runs";
