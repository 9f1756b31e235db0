//! Lines on standard output and standard error. A reader that went away is not an error, and
//! never a panic; a result that cannot be written for another reason is remembered.

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

/// Why a line of result could not be written.
static LOST: OnceLock<String> = OnceLock::new();

/// A line of result.
pub fn say(line: impl Display) {
    if let Err(error) = writeln!(std::io::stdout(), "{line}")
        && error.kind() != ErrorKind::BrokenPipe
    {
        LOST.get_or_init(|| error.to_string());
    }
}

/// Why not all results could be written, if so.
pub fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

/// A line about what is going on.
pub fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
