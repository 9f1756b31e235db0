//! What is legal and probably not meant: definitions that nothing needs, comments that read like a
//! division, numbers in the order of another tool, even kernels, what stands behind the last layer,
//! names that tie weights, units whose shortcut is not clean, with what that cost in the papers, and,
//! where the batch is known, batch norm over a single value and parts that are larger than the batch.

pub mod allow;
pub mod even;
pub mod ghost;
pub mod head;
pub mod order;
pub mod shortcut;
pub mod single;
pub mod slashes;
pub mod tied;
pub mod unused;
