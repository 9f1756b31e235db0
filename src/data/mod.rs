//! Data sets: pictures with labels, and what a training loop reads of them.

pub mod augment;
pub mod batches;
pub mod checksums;
pub mod cifar;
pub mod dataset;
pub mod error;
pub mod fetch;
pub mod folder;
pub mod locate;
pub mod normalise;
pub mod order;
pub mod picture;
pub mod prefetch;
pub mod progress;
pub mod random;
pub mod selected;
pub mod set;
pub mod shapes;
pub mod sizing;
pub mod targets;
pub mod validation;
pub mod views;

pub use crate::pixels::Extent;
pub use dataset::{Dataset, Name, Pictures};
pub use error::DataError;
pub use set::Set;
