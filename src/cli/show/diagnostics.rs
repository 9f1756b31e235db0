//! Diagnostics on standard error, in the form that was asked for.

use super::{messages, output};
use crate::api::Diagnostics;
use crate::cli::args::MessageFormat;
use crate::diagnostic::render::render;

/// Prints diagnostics on standard error.
pub fn show(diagnostics: &Diagnostics, format: MessageFormat) {
    let Diagnostics { source, list } = diagnostics;
    if list.is_empty() {
        return;
    }
    let text = match format {
        MessageFormat::Human => render(source, list, output::is_coloured()),
        MessageFormat::Short => messages::short(source, list),
        MessageFormat::Json => messages::json(source, list),
    };
    output::fault(text.trim_end());
}
