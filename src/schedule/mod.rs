//! From graph to kernels: which values are stored, what runs together, and where it lives.

pub mod fuse;
pub mod kernel;
pub mod loops;
pub mod memory;
pub mod placement;
