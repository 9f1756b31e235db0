//! `// allow W0002: why` in a comment of its own line: warnings of that code are not wanted.

use crate::diagnostic::{Code, Severity};

/// The warnings that a text's comments allow.
pub fn codes(text: &str) -> Vec<Code> {
    // A lone carriage return ends a line too, as it does for the grammar.
    text.split(['\n', '\r'])
        .filter_map(|line| line.trim().strip_prefix("//"))
        .flat_map(in_comment)
        .collect()
}

fn in_comment(comment: &str) -> impl Iterator<Item = Code> + '_ {
    let list = comment.trim().strip_prefix("allow ").unwrap_or("");
    let list = list.split_once(':').map_or(list, |(list, _)| list);
    list.split([' ', ',']).filter_map(warning)
}

fn warning(word: &str) -> Option<Code> {
    let code = Code::ALL.iter().find(|code| code.text() == word)?;
    (code.severity() == Severity::Warning).then_some(*code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_warnings_in_comments_of_their_own_are_allowed() {
        let text = "// allow W0001, W0002: the paper's experiment\nlet a = 1 // allow W0003";
        assert_eq!(codes(text), [Code::Unused, Code::ShortcutActivation]);
        assert_eq!(codes("// old\r// allow W0001\rlet a = 1"), [Code::Unused]);
        assert_eq!(codes("// allow E0001: no\n// we allow W0001"), []);
    }
}
