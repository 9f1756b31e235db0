//! A network as a picture: `graph.svg` as the papers draw it, and Graphviz's text.

mod cells;
pub mod dot;
mod figure;
mod net;
pub mod unravel;

pub use net::svg;
