//! From syntax to a typed network.
//!
//! `resolve` finds every name and checks every call in all definitions, used or not: `elaborate` sorts
//! out which expressions are numbers, functions and values (`hir`), `calls` what stands with brackets, `functions` those that are no layers, `arguments` which argument is which
//! (of the layers in `layers`), `mentions` and `order` what needs what, `strangers` what to say of
//! names that nothing defines.
//!
//! `expand` then builds the one net with its numbers, unit by unit: `plain` and `attributes` evaluate
//! numbers and check their ranges, `instance` makes a function at one place of the net, `unit`, `apply` and
//! `arithmetic` compute values, whose `shapes` must fit, `naming` names modules, and `network_builder` keeps
//! what is there so far; `places` keeps what the places of the text come to. `settings` reads what the net's parameters are set to. `warnings` looks at what is
//! legal and probably not meant.

use crate::diagnostic::{Diagnostic, Severity};
use crate::network::Network;
use crate::source::Source;
use crate::syntax;

mod apply;
mod arguments;
mod arithmetic;
mod attributes;
mod calls;
mod elaborate;
mod expand;
mod expander;
pub mod functions;
mod hir;
mod instance;
pub mod layers;
mod mentions;
mod names;
mod naming;
mod network_builder;
mod order;
mod places;
mod plain;
mod resolve;
mod settings;
mod shapes;
mod strangers;
mod unit;
mod warnings;
mod whitened;
mod windows;

pub use names::reserved;
pub use places::{Places, Stage};

/// A network, and what its author should know about the spec.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The network.
    pub network: Network,
    /// Legal, but probably not meant.
    pub warnings: Vec<Diagnostic>,
    /// What its stages and numbers come to, by where they are written.
    pub places: Places,
}

/// Most messages of one run.
const MAX_DIAGNOSTICS: usize = 40;

/// Compiles a spec under `--set` pairs (name, value as written).
pub fn compile(
    source: &Source,
    settings: &[(String, String)],
) -> Result<Compiled, Vec<Diagnostic>> {
    compile_file(&syntax::parse(source)?, source, settings)
}

/// The same for pictures of other rows and columns than `input` says.
pub fn compile_for_pictures(
    source: &Source,
    settings: &[(String, String)],
    sides: [usize; 2],
) -> Result<Compiled, Vec<Diagnostic>> {
    compile_parsed(&syntax::parse(source)?, source, settings, Some(sides))
}

/// The same for a text that has been parsed.
pub fn compile_file(
    file: &syntax::ast::File,
    source: &Source,
    settings: &[(String, String)],
) -> Result<Compiled, Vec<Diagnostic>> {
    compile_parsed(file, source, settings, None)
}

fn compile_parsed(
    file: &syntax::ast::File,
    source: &Source,
    settings: &[(String, String)],
    sides: Option<[usize; 2]>,
) -> Result<Compiled, Vec<Diagnostic>> {
    let mut found = warnings::slashes::warnings(file, &source.text);
    let program = resolve::program(file, &source.text, &mut found);
    let (warnings, errors): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|d| d.severity == Severity::Warning);
    let program = match program {
        Some(program) if errors.is_empty() => program,
        _ => return Err(tidy(errors)),
    };
    let settings = settings::read(&program.net, settings).map_err(tidy)?;
    let (network, places) = expand::network(&program, source, settings, sides).map_err(tidy)?;
    let allowed = warnings::allow::codes(&source.text);
    let mut warnings = warnings;
    warnings.extend(warnings::tied::warnings(&program));
    warnings.extend(warnings::order::channels_last(&network));
    warnings.extend(warnings::even::warnings(&network));
    warnings.extend(warnings::head::warnings(&network));
    warnings.extend(warnings::shortcut::warnings(&network));
    warnings.retain(|warning| !allowed.contains(&warning.code));
    Ok(Compiled { network, warnings: tidy(warnings), places })
}

/// What its author should know about a spec's network where the batch that it is trained with is
/// known.
pub fn warnings_in_training(source: &Source, network: &Network, batch: usize) -> Vec<Diagnostic> {
    let allowed = warnings::allow::codes(&source.text);
    let mut warnings = warnings::single::warnings(network, batch);
    warnings.extend(warnings::ghost::warnings(network, batch));
    warnings.retain(|warning| !allowed.contains(&warning.code));
    tidy(warnings)
}

/// In the order of the text, each once, and not too many.
fn tidy(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|d| (d.span.start, d.span.end, d.code));
    diagnostics.dedup_by(|a, b| a.span == b.span && a.code == b.code && a.message == b.message);
    diagnostics.truncate(MAX_DIAGNOSTICS);
    diagnostics
}
