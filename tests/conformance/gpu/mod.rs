//! What the GPU engine promises beside right results.

mod dispatches;
mod estimates;
mod faults;
mod limits;
mod pictures;
mod rows;
mod runs;
mod snapshots;
mod subgroups;
mod sums;
mod text;
pub mod tuning;
