//! Diagnostics on standard error, in the form that was asked for.

use std::io::IsTerminal;

use super::{messages, output};
use crate::cli::args::MessageFormat;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::render;
use crate::source::Source;

/// Prints diagnostics of one source on standard error.
pub fn show(source: &Source, diagnostics: &[Diagnostic], format: MessageFormat) {
    if diagnostics.is_empty() {
        return;
    }
    let text = match format {
        MessageFormat::Human => {
            let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            render(source, diagnostics, colour)
        }
        MessageFormat::Short => messages::short(source, diagnostics),
        MessageFormat::Json => messages::json(source, diagnostics),
    };
    output::note(text.trim_end());
}
