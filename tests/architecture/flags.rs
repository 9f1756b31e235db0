//! Flags are of the command line: no other room names one in a text.

use std::path::{Path, PathBuf};

/// The language has parameters, and its messages say how to set them.
const LANGUAGE: [&str; 2] = ["src/sema", "src/diagnostic"];

#[test]
fn no_text_outside_the_command_line_names_a_flag() {
    let mut found = Vec::new();
    let mut count = 0;
    for path in sources(Path::new("src")) {
        let language = LANGUAGE.iter().any(|room| path.starts_with(room));
        let text = std::fs::read_to_string(&path).expect("a source");
        count += 1;
        for literal in literals(&text) {
            let named = flags(&literal);
            let foreign = named.into_iter().filter(|flag| !(language && flag == "--set"));
            found.extend(foreign.map(|flag| format!("{}: {flag} in {literal:?}", path.display())));
        }
    }
    assert!(count > 150, "only {count} sources were read");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path == Path::new("src/cli") {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

/// The string literals of a source.
fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/', '\'', 'r']) {
        let here = &rest[at..];
        rest = if here.starts_with("//") {
            here.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(inner) = here.strip_prefix("r#\"") {
            let (literal, after) = inner.split_once("\"#").expect("it ends");
            found.push(literal.to_owned());
            after
        } else if here.starts_with("'\"'") || here.starts_with("'\\\"'") {
            &here[3..]
        } else if let Some(inner) = here.strip_prefix('"') {
            let end = end(inner);
            found.push(inner[..end].to_owned());
            &inner[end + 1..]
        } else {
            &here[1..]
        };
    }
    found
}

/// Where the quote stands that ends a literal.
fn end(text: &str) -> usize {
    let mut escaped = false;
    let ends = |(_, c): &(usize, char)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    };
    text.char_indices().find(ends).expect("it ends").0
}

fn flags(literal: &str) -> Vec<String> {
    let word = |c: char| c.is_ascii_lowercase() || c == '-';
    let starts = literal.match_indices("--").map(|(at, _)| at);
    let alone =
        starts.filter(|&at| !literal[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-'));
    let named = alone.map(|at| literal[at..].chars().take_while(|c| word(*c)).collect::<String>());
    named.filter(|flag| flag.len() > 2 && !flag.starts_with("---")).collect()
}

#[test]
fn flags_are_found_in_literals_and_nowhere_else() {
    let source = "// \"--comment\"\nlet quote = '\"'; f(\"say \\\"x\\\" --batch {n}\", a--b);\n\
        g(\"two \\\n    --lines or --engine cpu\"); h(r#\"raw --raw\"#); i(\"a -- b, --- c, x--y\")";
    let found: Vec<String> = literals(source).iter().flat_map(|text| flags(text)).collect();
    assert_eq!(found, ["--batch", "--lines", "--engine", "--raw"]);
}
