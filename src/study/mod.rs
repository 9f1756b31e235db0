//! Tables of runs: rows × seeds under one recipe, beside the figures of a paper.

pub mod file;
pub mod render;
pub mod state;
pub mod summary;

pub use file::{Row, Study};
pub use render::Table;
pub use state::{State, Unfinished};
pub use summary::Summary;
