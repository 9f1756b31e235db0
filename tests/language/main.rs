//! The language against the papers' tables, broken specs against their messages, and hostile
//! texts against the promise that nothing panics or hangs.

mod anatomy;
mod bad;
mod drawings;
mod format;
mod geometry;
mod hostile;
mod meaning;
mod portable;
mod reference;
mod tables;

use rnetc::diagnostic::Diagnostic;
use rnetc::network::Network;
use rnetc::sema::{self, Compiled};
use rnetc::source::Source;

fn pairs(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// Compiles a text.
fn compile(text: &str) -> Result<Compiled, Vec<Diagnostic>> {
    sema::compile(&Source::new("test.rnet", text), &[])
}

/// Compiles a text that is right.
fn network(text: &str) -> Network {
    compile(text).map(|compiled| compiled.network).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// Compiles a spec of this repository; it must be right and free of warnings.
fn spec(name: &str, settings: &[(&str, &str)]) -> Network {
    let path = format!("{}/specs/{name}.rnet", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    let compiled = sema::compile(&Source::new(path, text), &pairs(settings))
        .unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
    assert_eq!(compiled.warnings, [], "{name}");
    compiled.network
}
