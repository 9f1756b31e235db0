//! What single stages of the compiler leave, as text.
//!
//! Every file in a folder named after a stage holds a stage's input and, after a line of dashes,
//! what it leaves. `RNETC_BLESS=1` writes the second parts anew.

mod cpu;
mod files;
mod gpu;
mod language;
mod text;

use std::path::{Path, PathBuf};

use rnetc::network::Network;
use rnetc::sema;
use rnetc::source::Source;

/// The network of a spec.
fn network(name: &str, text: &str, settings: &[(String, String)]) -> Network {
    let source = Source::new(name, text);
    sema::compile(&source, settings).expect("a correct spec").network
}

const DASHES: &str = "\n----\n";

/// Compares what a stage makes of each of its files' inputs with what is written there.
fn compare(stage: &str, run: impl Fn(&str) -> String) {
    let bless = std::env::var_os("RNETC_BLESS").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stages").join(stage);
    let entries = std::fs::read_dir(folder).expect("a folder for each stage");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no file for {stage}");
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a file");
        let input = text.split_once(DASHES).map_or(text.trim_end(), |(input, _)| input);
        let left = format!("{input}{DASHES}{}", run(input));
        if bless {
            std::fs::write(&path, left).expect("written");
        } else if left != text {
            wrong.push(format!("{}:\n{left}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "not as written:\n{}", wrong.join("\n"));
}
