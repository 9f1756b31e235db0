//! The rooms of the source as ARCHITECTURE.md lists them, in its block that begins with
//! ` ```rooms`. A line is `room: what it imports from  what it is for`; each imports only from rooms
//! that stand before it (`*`: from any of them).

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// What each room imports from; none for one that may import from all before it.
type Listed = BTreeMap<String, Option<BTreeSet<String>>>;

/// As ARCHITECTURE.md says.
fn listed() -> Listed {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).expect("ARCHITECTURE.md");
    let block = text.split("```rooms\n").nth(1).expect("a block of rooms");
    let block = block.split("```").next().expect("its end");
    let mut rooms = Listed::new();
    for line in block.lines() {
        let arrows = line.split("  ").next().unwrap_or_default();
        let (room, imports) = arrows.split_once(':').unwrap_or((arrows, ""));
        let imports: BTreeSet<String> = imports.split_whitespace().map(str::to_owned).collect();
        let all = imports.contains("*");
        for import in imports.iter().filter(|_| !all) {
            assert!(rooms.contains_key(import), "{import} must stand before {room}");
        }
        rooms.insert(room.to_owned(), (!all).then_some(imports));
    }
    rooms
}

/// Where the source is not as ARCHITECTURE.md says: rooms, and arrows between them.
pub fn differences(source: &Source) -> Vec<String> {
    let mut there: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, imports) in source.imports() {
        let others = imports.iter().map(|other| other[0].clone());
        let others = others.filter(|other| *other != module[0]);
        there.entry(module[0].clone()).or_default().extend(others);
    }
    let listed = listed();
    let mut found: Vec<String> = listed
        .keys()
        .filter(|room| !there.contains_key(*room))
        .map(|r| format!("no {r}"))
        .collect();
    for (room, imports) in &there {
        match listed.get(room) {
            None => found.push(format!("{room} is not listed")),
            Some(None) => {}
            Some(Some(listed)) => {
                let new = imports.difference(listed).map(|other| format!("{room} → {other}"));
                found.extend(new);
                let gone = listed.difference(imports);
                found.extend(gone.map(|other| format!("{room} → {other} is listed alone")));
            }
        }
    }
    found
}
