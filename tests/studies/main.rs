//! Studies of trained nets, on small nets with known weights: other specs, enumeration, brute
//! force and the f64 interpreter say what is right.

mod deletion;
mod measure;
mod paths;
mod plan;
mod reorder;
mod sizes;
mod support;
mod survival;
