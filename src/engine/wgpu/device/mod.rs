//! The device: opening it, what goes wrong on it, its memory, its clock, and files that are kept
//! for it between runs.

pub mod adapter;
pub mod buffers;
pub mod disk;
pub mod fault;
pub mod options;
pub mod readback;
pub mod timer;
