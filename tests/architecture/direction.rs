//! Imports go one way: rooms import as ARCHITECTURE.md lists them, and the parts of a folder have no
//! circle of more than two.

use std::collections::{BTreeMap, BTreeSet};

use super::rooms::differences;
use super::source::{Module, Source};

/// The circles of three and more among the parts of each folder. What a part has to do with the
/// folder's own `mod.rs`, which introduces it, makes no circle.
fn circles(source: &Source) -> Vec<String> {
    let mut folders: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (module, imported) in source.imports() {
        for other in imported {
            let shared = module.iter().zip(&other).take_while(|(a, b)| a == b).count();
            if let (true, Some(from), Some(to)) =
                (shared > 0, module.get(shared), other.get(shared))
            {
                let parts = folders.entry(module[..shared].to_vec()).or_default();
                parts.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    let mut found = Vec::new();
    for (folder, arrows) in &folders {
        let about = source.texts.get(folder).map_or("", String::as_str);
        let explained = about.lines().any(|line| line.starts_with("//!") && line.contains("ircle"));
        let mut seen = BTreeSet::new();
        for part in arrows.keys().filter(|_| !explained) {
            let circle: Vec<&String> = reached(arrows, part)
                .into_iter()
                .filter(|other| reached(arrows, other).contains(part))
                .collect();
            if circle.len() > 2 && seen.insert(circle.clone()) {
                found.push(format!("{}: {circle:?}", folder.join("/")));
            }
        }
    }
    found
}

fn reached<'a>(arrows: &'a BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        for other in arrows.get(next).into_iter().flatten() {
            if found.insert(other) {
                open.push(other);
            }
        }
    }
    found
}

#[test]
fn rooms_import_as_they_are_listed() {
    assert_eq!(differences(&Source::read()), Vec::<String>::new());
}

#[test]
fn parts_of_a_folder_have_no_circle_that_is_not_explained() {
    assert_eq!(circles(&Source::read()), Vec::<String>::new());
}

/// Arrows that stood here once, put back one at a time.
#[test]
fn arrows_that_point_up_are_seen() {
    let arrows = [
        ("nn/optimiser", "use crate::lower::training;"),
        ("chart", "use crate::study::Table;"),
        ("train/recipe", "use crate::dissect::{lesion, paths};"),
        ("lsp/hover", "use crate::cli::show;"),
        ("graph/types", "use crate::sema::compile;"),
        ("graph/interp", "fn f() { crate::network::Network::new(); }"),
        ("engine/cpu", "use crate::{graph::Op, sema::compile};"),
        ("engine/wgpu", "mod inner { use super::super::super::sema::compile; }"),
        ("passes", "use crate::engine::Engine as _;"),
    ];
    let source = Source::read();
    let before = differences(&source);
    for (module, text) in arrows {
        let mut source = source.clone();
        let module: Module = module.split('/').map(str::to_owned).collect();
        source.texts.get_mut(&module).expect("a module").push_str(text);
        assert_ne!(differences(&source), before, "{text} in {module:?}");
    }
}

/// The same, where only tests do so.
#[test]
fn what_tests_import_does_not_count() {
    let mut source = Source::read();
    let before = differences(&source);
    let text = source.texts.get_mut(&vec!["graph".to_owned()]).expect("a module");
    text.push_str("#[cfg(test)]\n#[path = \"x\"]\nmod tests { use crate::sema::compile; }");
    assert_eq!(differences(&source), before);
}

#[test]
fn circles_are_seen_through_what_is_handed_on() {
    let text = |module: &str, text: &str| {
        (module.split('/').map(str::to_owned).collect::<Module>(), text.to_owned())
    };
    let circle = [
        text("graph", "//! Parts.\npub use c::C;"),
        text("graph/a", "use super::b::B;"),
        text("graph/b", "use super::C;"),
        text("graph/c", "use crate::graph::a::A;"),
    ];
    let mut source = Source { texts: BTreeMap::from(circle) };
    assert_eq!(circles(&source), [r#"graph: ["a", "b", "c"]"#]);
    source.texts.insert(vec!["graph".into()], "//! A circle, since …\npub use c::C;".into());
    assert_eq!(circles(&source), Vec::<String>::new());
}
