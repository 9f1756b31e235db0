//! What ARCHITECTURE.md says of the source holds of the source.

mod direction;
mod flags;
mod rooms;
mod source;
