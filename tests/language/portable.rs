//! The language asks the system for nothing, so that it also runs in a browser.

use std::path::{Path, PathBuf};

const ROOMS: [&str; 8] =
    ["api/spec.rs", "diagnostic", "drawing", "network", "sema", "source.rs", "syntax", "text.rs"];
const OF_THE_SYSTEM: [&str; 10] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::path",
    "std::process",
    "std::thread",
    "std::time",
    "println!",
];

fn files(at: PathBuf) -> Vec<PathBuf> {
    match std::fs::read_dir(&at) {
        Ok(entries) => entries.flat_map(|entry| files(entry.expect("an entry").path())).collect(),
        Err(_) => vec![at],
    }
}

#[test]
fn the_language_asks_the_system_for_nothing() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let all: Vec<PathBuf> = ROOMS.iter().flat_map(|room| files(source.join(room))).collect();
    assert!(all.len() > 50, "{}", all.len());
    for file in all {
        let text = std::fs::read_to_string(&file).expect("a file");
        let of_program = text.split("#[cfg(test)]").next().unwrap_or_default();
        for asked in OF_THE_SYSTEM {
            assert!(!of_program.contains(asked), "{}: {asked}", file.display());
        }
    }
}
