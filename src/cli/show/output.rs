//! Lines on standard output and standard error. A reader that went away is not an error, and
//! never a panic.

use std::fmt::Display;
use std::io::Write;

/// A line of result.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A line about what is going on.
pub fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
