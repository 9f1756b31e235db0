//! Training and evaluation: a loop over a compiled program, and what it reads and writes.

pub mod atomic;
pub mod checkpoint;
pub mod config;
pub mod error;
pub mod evaluate;
pub mod fit;
pub mod foreign;
pub mod format;
pub mod inference;
pub mod init;
pub mod json_lines;
pub mod keeper;
pub mod layout;
pub mod lock;
pub mod manifest;
pub mod metrics;
pub mod recipe;
pub mod run_folder;
pub mod runner;
pub mod schedule;
pub mod tensorboard;
pub mod tensors;
pub mod trainer;
pub mod yaml;

#[cfg(test)]
mod stand_in;

pub use error::TrainError;
