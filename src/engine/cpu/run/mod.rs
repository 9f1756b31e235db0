//! Running: a schedule linked to memory and compiled loops ([`link`]), and the threads that take
//! its steps ([`executable`]), on views of memory ([`view`]), against a clock ([`clock`]); with other ranks,
//! results go through [`underway`].

mod clock;
mod executable;
mod link;
mod merge;
mod underway;
mod view;

pub use link::{Job, compile};
