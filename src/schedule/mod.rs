//! From graph to kernels: which values are stored, what runs together, and where it lives.

pub mod kernel;
pub mod fuse;
pub mod loops;
pub mod memory;
pub mod placement;
