//! Training and evaluation: a loop over a compiled program, and what it reads and writes.
//!
//! A [`recipe`] and a length make a [`schedule`], with a network its [`updates`], and with spec and data a run's [`config`]. [`trainer`]
//! takes the steps: a [`runner`] is a program on an engine, with inputs and outputs by what they mean,
//! [`stages`] the same for pictures of several sizes, [`inference`] the one loop that turns batches into scores, which [`evaluate`] counts and [`mistakes`]
//! gathers. [`record`] is what
//! stays on disk. [`tensors`], [`init`], [`layout`] and [`foreign`] are the weights: which there are, how they
//! start ([`whiten`]: of the pictures), how files lay them out, and what other programs call them; [`check`] compares logits with theirs.

pub mod check;
pub mod config;
pub mod epochs;
pub mod error;
pub mod evaluate;
pub mod fit;
pub mod foreign;
pub mod inference;
pub mod init;
pub mod layout;
pub mod mistakes;
pub mod part;
pub mod picture_misfit;
pub mod rates;
pub mod recipe;
pub mod record;
pub mod runner;
pub mod schedule;
pub mod sharing;
pub mod size_misfit;
pub mod stages;
pub mod start;
pub mod tally;
pub mod tensors;
pub mod trainer;
pub mod unclear;
pub mod updates;
pub mod whiten;
pub mod yaml;

#[cfg(test)]
mod stand_in;

pub use error::TrainError;
