//! What the GPU engine promises beside right results.

mod faults;
mod limits;
mod runs;
mod text;
mod tuning;
