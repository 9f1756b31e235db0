//! Lines on standard output and standard error. A reader that went away is not an error, and
//! never a panic; a result that cannot be written for another reason is remembered.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::args::Colour;

/// Why a line of result could not be written.
static LOST: OnceLock<String> = OnceLock::new();

/// How much is said, and in what colours: set once, before anything is.
static MANNER: OnceLock<Manner> = OnceLock::new();

/// Whether another process speaks for this one.
static SILENT: AtomicBool = AtomicBool::new(false);

/// From now on only errors are said: another process speaks for this one.
pub fn silence() {
    SILENT.store(true, Ordering::Relaxed);
}

fn is_silent() -> bool {
    SILENT.load(Ordering::Relaxed)
}

/// How much is said, and in what colours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Nothing of what is going on.
    pub quiet: bool,
    /// Also what was read from where.
    pub verbose: bool,
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

/// A result for programs: one JSON object, on a line of its own. What is no number is null.
pub fn json(result: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(result);
    say(text.map_err(|error| Failure::File(format!("writing JSON: {error}")))?);
    Ok(())
}

/// Why not all results could be written, if so.
pub fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

/// A line about what is going on, unless quiet was asked for.
pub fn note(line: impl Display) {
    if !Manner::kept().quiet && !is_silent() {
        fault(line);
    }
}

/// A line about what was read from where, and the like, if it was asked for.
pub fn detail(line: impl Display) {
    if Manner::kept().verbose && !is_silent() {
        fault(line);
    }
}

/// A line about what may be wrong; quiet or not.
pub fn warn(line: impl Display) {
    if !is_silent() {
        fault(format_args!("{} {line}", marked("warning:", "33")));
    }
}

/// A line about what is wrong.
pub fn error(line: impl Display) {
    fault(format_args!("{} {line}", marked("error:", "31")));
}

/// A line about what is wrong, or may be, as it stands.
pub fn fault(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A word in a terminal's colour of that number, where messages are coloured.
fn marked(word: &str, colour: &str) -> String {
    if is_coloured() { format!("\x1b[1;{colour}m{word}\x1b[0m") } else { word.to_owned() }
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
