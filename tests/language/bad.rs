//! Every spec in tests/bad has the message beside it. `RNETC_BLESS=1` writes the messages anew.
//! A first line `// set: name=value` gives settings, and `// batch: N` the batch of training.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::pairs;
use rnetc::diagnostic::render::render;
use rnetc::diagnostic::{Code, Diagnostic, Severity};
use rnetc::sema;
use rnetc::source::Source;

fn specs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("tests/bad")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "rnet"))
        .collect();
    paths.sort();
    paths
}

fn diagnose(path: &Path) -> (Source, Vec<Diagnostic>) {
    let text = std::fs::read_to_string(path).expect("spec");
    let settings: Vec<(&str, &str)> = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("// set: "))
        .into_iter()
        .flat_map(|line| line.split_whitespace().filter_map(|pair| pair.split_once('=')))
        .collect();
    let settings = pairs(&settings);
    let first = text.lines().next().and_then(|line| line.strip_prefix("// batch: "));
    let batch: Option<usize> = first.map(|batch| batch.parse().expect("a number"));
    let name = path.file_name().expect("name").to_string_lossy().into_owned();
    let source = Source::new(name, text);
    let found = match (sema::compile(&source, &settings), batch) {
        (Ok(compiled), None) => compiled.warnings,
        (Ok(compiled), Some(batch)) => {
            sema::warnings_in_training(&source, &compiled.network, batch)
        }
        (Err(errors), _) => errors,
    };
    (source, found)
}

#[test]
fn messages_are_as_blessed() {
    let bless = std::env::var_os("RNETC_BLESS").is_some();
    let mut wrong = Vec::new();
    for path in specs() {
        let (source, found) = diagnose(&path);
        let text = render(&source, &found, false);
        let beside = path.with_extension("txt");
        if bless {
            std::fs::write(&beside, &text).expect("write");
        } else if std::fs::read_to_string(&beside).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "not as blessed:\n{}", wrong.join("\n"));
}

#[test]
fn every_code_is_shown_and_every_spec_is_bad() {
    let mut seen = BTreeSet::new();
    for path in specs() {
        let (_, found) = diagnose(&path);
        assert!(!found.is_empty(), "{} is not bad", path.display());
        for diagnostic in found {
            seen.insert(diagnostic.code);
            assert!(diagnostic.hint.is_some(), "{}: no hint: {diagnostic:?}", path.display());
            let warning = diagnostic.severity == Severity::Warning;
            assert_eq!(diagnostic.code.text().starts_with('W'), warning);
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), Code::ALL);
}

#[test]
fn colour_adds_only_escapes() {
    let path = specs().swap_remove(0);
    let (source, found) = diagnose(&path);
    let (plain, styled) = (render(&source, &found, false), render(&source, &found, true));
    assert!(styled.contains("\u{1b}[") && !plain.contains('\u{1b}'));
}
