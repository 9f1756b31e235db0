//! YAML that people write: mistakes are shown at their line, in words that need no knowledge of this program.
//!
//! `place` finds keys in a text, `told` says what serde found in plain words, `elsewhere` has what other tools call keys.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::TrainError;
use super::unclear::{Fault, Unclear};
use crate::text::unmarked;

mod elsewhere;
mod place;
mod told;
pub mod written;

use place::{find, marked};

/// Reads a text, past a byte order mark; `kind` and `name` say what it is and where it comes from.
pub fn read<T: DeserializeOwned>(
    kind: &'static str,
    name: &str,
    text: &str,
) -> Result<T, TrainError> {
    let text = unmarked(text);
    let value = serde_yaml::from_str(text);
    // Maps take the last of equal keys without a word; as a value they are refused.
    let whole = serde_yaml::from_str::<serde_yaml::Value>(text);
    let unclear = |error: serde_yaml::Error| {
        let what = told::told(kind, text, &error);
        TrainError::Unclear { kind, name: name.to_owned(), what }
    };
    value.and_then(|value| whole.map(|_| value)).map_err(unclear)
}

/// The same of a text without one of its outermost keys, which stands on a line of its own.
pub fn read_without<T: DeserializeOwned>(
    kind: &'static str,
    name: &str,
    text: &str,
    key: &str,
) -> Result<T, TrainError> {
    let blank = find(unmarked(text), key).map_or(0, |(line, _)| line);
    let kept = unmarked(text).lines().enumerate();
    let kept = kept.map(|(at, line)| if at + 1 == blank { "" } else { line });
    read(kind, name, &kept.collect::<Vec<_>>().join("\n"))
}

/// What is wrong with a text of this program's own, which somebody may have changed.
pub fn in_words(kind: &str, text: &str, error: &serde_yaml::Error) -> String {
    told::told(kind, text, error).to_string()
}

/// A value that reads well and makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    key: Cow<'static, str>,
    text: String,
}

impl Mistake {
    /// At a key, named from the outside in: `schedule.divide.at`.
    pub fn at(key: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self { key: key.into(), text: text.into() }
    }

    /// Whether its key stands in a text.
    pub fn is_in(&self, text: &str) -> bool {
        find(unmarked(text), &self.key).is_some()
    }

    /// What is wrong, without a line.
    pub fn told(&self) -> &str {
        &self.text
    }

    /// As an error, with the key's line if it is written there.
    pub fn shown(self, kind: &'static str, name: &str, text: &str) -> TrainError {
        let text = unmarked(text);
        let line = find(text, &self.key).map_or_else(String::new, |at| marked(text, at));
        let what = Unclear::at(Fault::Other, self.text, line);
        TrainError::Unclear { kind, name: name.to_owned(), what }
    }
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
