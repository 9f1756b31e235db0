//! The spec that the program carries inside.

use crate::source::Source;

/// Full pre-activation, used where no spec is named and none has been built.
pub const PREACT: &str = include_str!("../../../specs/preact.rnet");
/// Its short name.
pub const NAME: &str = "preact";
/// The depth it then has: one that trains in minutes.
pub const DEPTH: &str = "20";

/// The text with the name that messages show.
pub fn source() -> Source {
    Source::new("<built-in preact.rnet>", PREACT)
}
