//! YAML that people write: mistakes are shown at their line, misspelt keys with what was meant.

use serde::de::DeserializeOwned;

use super::TrainError;
use crate::text::nearest;

/// Reads a text; `kind` and `name` say what it is and where it comes from.
pub fn read<T: DeserializeOwned>(
    kind: &'static str,
    name: &str,
    text: &str,
) -> Result<T, TrainError> {
    serde_yaml::from_str(text).map_err(|error| {
        let message = error.to_string();
        let place = error.location().map(|at| (at.line(), at.column()));
        let mut what = message.clone();
        if let Some(meant) = meant(&message) {
            what += &format!("; did you mean `{meant}`?");
        }
        if let Some((line, column)) = place {
            what += &marked(text, line, column);
        }
        TrainError::Unclear { kind, name: name.to_owned(), what }
    })
}

/// A value that reads well and makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    key: &'static str,
    text: String,
}

impl Mistake {
    /// At a key, named from the outside in: `schedule.divide.at`.
    pub fn at(key: &'static str, text: impl Into<String>) -> Self {
        Self { key, text: text.into() }
    }

    /// As an error, with the key's line if it is written there.
    pub fn shown(&self, kind: &'static str, name: &str, text: &str) -> TrainError {
        let place = find(text, self.key);
        let line = place.map_or_else(String::new, |(line, column)| {
            format!(" at line {line} column {column}{}", marked(text, line, column))
        });
        TrainError::Unclear { kind, name: name.to_owned(), what: format!("{}{line}", self.text) }
    }
}

/// Line and column of a key, both from 1 on: each of its parts stands after the one before, and
/// before the next line that is not indented.
fn find(text: &str, key: &str) -> Option<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut parts = key.split('.');
    let first = parts.next()?;
    let from = lines.iter().position(|line| key_in(line, first) == Some(0))?;
    let inside = |line: &&&str| line.is_empty() || line.starts_with([' ', '#', '-', '}', ']']);
    let end = from + 1 + lines[from + 1..].iter().take_while(inside).count();
    let mut at = (from, 0);
    for part in parts {
        let (line, column) = at;
        let rest = |k: usize| if k == line { column } else { 0 };
        at = (line..end).find_map(|k| {
            let from = rest(k);
            key_in(&lines[k][from..], part).map(|column| (k, from + column))
        })?;
    }
    let column = lines[at.0][..at.1].chars().count();
    Some((at.0 + 1, column + 1))
}

/// Where `key:` begins in a line, outside a comment.
fn key_in(line: &str, key: &str) -> Option<usize> {
    let line = line.split('#').next().unwrap_or_default();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let found = line.match_indices(key).find(|(at, _)| {
        !line[..*at].ends_with(word) && line[at + key.len()..].trim_start().starts_with(':')
    });
    found.map(|(at, _)| at)
}

/// A line with a mark below a column, both from 1 on.
fn marked(text: &str, line: usize, column: usize) -> String {
    let Some(source) = text.lines().nth(line.saturating_sub(1)) else { return String::new() };
    let source: String = source.chars().take(WIDEST).collect();
    let under = " ".repeat(column.saturating_sub(1).min(WIDEST));
    format!("\n {line:4} | {source}\n      | {under}^")
}

/// Longest line of a text that is shown.
const WIDEST: usize = 120;

/// The key, or the word for a value, that an unknown one is nearest to, from serde's message:
/// unknown field `a`, expected one of `b`, `c`.
fn meant(message: &str) -> Option<&str> {
    let kinds = ["unknown field `", "unknown variant `"];
    let (_, rest) = kinds.iter().find_map(|kind| message.split_once(kind))?;
    let (unknown, rest) = rest.split_once('`')?;
    let (_, rest) = rest.split_once("expected")?;
    nearest(unknown, rest.split('`').skip(1).step_by(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        #[serde(rename = "first")]
        _first: u32,
        #[serde(rename = "second")]
        _second: u32,
    }

    fn error(text: &str) -> String {
        read::<Pair>("pair", "p.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_misspelt_key_is_shown_in_its_line_with_what_was_meant() {
        let text = error("first: 1\nsecnd: 2\n");
        assert!(text.starts_with("pair p.yaml: ") && text.contains("line 2"), "{text}");
        assert!(text.contains("did you mean `second`?"), "{text}");
        assert!(text.contains("    2 | secnd: 2"), "{text}");
        assert!(!error("first: 1\ncompletely: 2\n").contains("did you mean"));
        assert!(error("first: 1\nsecond: two\n").contains("    2 | second: two"));
    }

    #[test]
    fn a_key_is_found_in_blocks_and_in_braces() {
        let text = "lr: 1\n# at: 3\nschedule:\n  warmup: { lr: 2, at: 1 }\n\n  divide:\n    lr: 3\nat: 4\n";
        let found = |key| find(text, key);
        assert_eq!(found("lr"), Some((1, 1)));
        assert_eq!(found("schedule.warmup.lr"), Some((4, 13)));
        assert_eq!(found("schedule.divide.lr"), Some((7, 5)));
        assert_eq!(found("schedule.divide.at"), None);
        assert_eq!((found("at"), found("none")), (Some((8, 1)), None));
        let shown = Mistake::at("schedule.warmup.at", "at is 1").shown("recipe", "r", text);
        let shown = shown.to_string();
        assert!(shown.starts_with("recipe r: at is 1 at line 4 column 20"), "{shown}");
        assert!(
            shown.ends_with("   4 |   warmup: { lr: 2, at: 1 }\n      |                    ^"),
            "{shown}"
        );
    }

    #[test]
    fn aliases_that_multiply_are_refused_in_no_time() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_string();
        for k in 1..12 {
            let list = vec![format!("*a{}", k - 1); 10].join(", ");
            text += &format!("a{k}: &a{k} [{list}]\n");
        }
        read::<serde_yaml::Value>("bomb", "b.yaml", &text).unwrap_err();
        read::<serde_yaml::Value>("deep", "d.yaml", &"[".repeat(100_000)).unwrap_err();
    }
}
