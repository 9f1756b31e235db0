//! What is legal and probably not meant: definitions that nothing needs, comments that read like a
//! division, and units whose shortcut is not clean, with what that cost in the papers.

pub mod allow;
pub mod shortcut;
pub mod slashes;
pub mod unused;
