//! Lines on standard output and standard error. A reader that went away is not an error, and
//! never a panic; a result that cannot be written for another reason is remembered.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

use crate::cli::args::Colour;

/// Why a line of result could not be written.
static LOST: OnceLock<String> = OnceLock::new();

/// How much is said, and in what colours: set once, before anything is.
static MANNER: OnceLock<Manner> = OnceLock::new();

/// How much is said, and in what colours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Nothing of what is going on.
    pub quiet: bool,
    /// When messages are coloured.
    pub colour: Colour,
}

impl Manner {
    /// From now on.
    pub fn keep(self) {
        let _ = MANNER.set(self);
    }

    fn kept() -> Self {
        MANNER.get().copied().unwrap_or_default()
    }
}

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

/// A line about what is going on, unless quiet was asked for.
pub fn note(line: impl Display) {
    if !Manner::kept().quiet {
        fault(line);
    }
}

/// A line about what is wrong, or may be.
pub fn fault(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whether somebody watches standard error, and wants to see what is going on.
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal() && !Manner::kept().quiet
}

/// Whether messages on standard error are coloured.
pub fn is_coloured() -> bool {
    match Manner::kept().colour {
        Colour::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        Colour::Always => true,
        Colour::Never => false,
    }
}
