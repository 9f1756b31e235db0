//! Links lead to files and headings that are there.

use std::path::{Path, PathBuf};

use crate::page::{Page, pages, read, root};

/// The targets of `[…](…)` and of `src="…"`.
fn targets(page: &Page) -> Vec<String> {
    let mut targets = Vec::new();
    for line in page.prose() {
        for start in ["](", "src=\""] {
            targets.extend(
                line.split(start)
                    .skip(1)
                    .filter_map(|rest| rest.split([')', '"']).next().map(ToOwned::to_owned)),
            );
        }
    }
    targets
}

/// A heading's anchor, as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter);
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter(kept)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn has_anchor(page: &Page, wanted: &str) -> bool {
    page.prose()
        .filter(|line| line.starts_with('#'))
        .any(|line| anchor(line.trim_start_matches('#')) == wanted)
}

#[test]
fn every_link_leads_somewhere() {
    let others = ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "specs/LANGUAGE.md"];
    let mut count = 0;
    for page in pages().into_iter().chain(others.map(read)) {
        let folder = page.path.parent().unwrap_or(Path::new("")).to_owned();
        for target in targets(&page) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() { page.path.clone() } else { folder.join(file) };
            let place = format!("{}: {target}", page.path.display());
            assert!(root().join(&path).exists(), "{place}");
            if !heading.is_empty() {
                assert!(has_anchor(&read(path), heading), "{place}");
            }
            count += 1;
        }
    }
    assert!(count >= 60, "{count}");
}

/// mdBook shows what SUMMARY.md lists, and nothing else.
#[test]
fn the_summary_lists_every_page() {
    let summary = read("docs/src/SUMMARY.md");
    let listed: Vec<PathBuf> = targets(&summary).into_iter().map(PathBuf::from).collect();
    for page in pages().iter().filter(|page| page.path.starts_with("docs")) {
        let name = Path::new(page.path.file_name().expect("a file"));
        assert!(name == Path::new("SUMMARY.md") || listed.contains(&name.to_owned()), "{name:?}");
    }
}
