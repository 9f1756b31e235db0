//! YAML that people write: mistakes are shown at their line, misspelt keys with what was meant.

use serde::de::DeserializeOwned;

use super::TrainError;
use crate::sema::nearest;

/// Reads a text; `kind` and `name` say what it is and where it comes from.
pub fn read<T: DeserializeOwned>(kind: &str, name: &str, text: &str) -> Result<T, TrainError> {
    serde_yaml::from_str(text).map_err(|error| {
        let message = error.to_string();
        let place = error.location().map(|at| (at.line(), at.column()));
        let mut shown = format!("{kind} {name}: {message}");
        if let Some(meant) = meant(&message) {
            shown += &format!("; did you mean `{meant}`?");
        }
        if let Some((line, column)) = place
            && let Some(source) = text.lines().nth(line.saturating_sub(1))
        {
            let source: String = source.chars().take(WIDEST).collect();
            let under = " ".repeat(column.saturating_sub(1).min(WIDEST));
            shown += &format!("\n {line:4} | {source}\n      | {under}^");
        }
        TrainError::Wrong(shown)
    })
}

/// Longest line of a text that is shown.
const WIDEST: usize = 120;

/// The key that an unknown one is nearest to, from serde's message: unknown field `a`, expected
/// one of `b`, `c`.
fn meant(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("unknown field `")?;
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
