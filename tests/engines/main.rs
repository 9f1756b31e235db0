//! Both engines against the f64 interpreter, and against each other, on whole networks.

mod fusion;
mod networks;
mod precision;
mod recompute;
mod steps;
mod support;
mod wide;
