//! A spec's text as tokens, comments and line breaks among them.
//!
//! The text has been parsed before, so whatever stands here is a token of the grammar.

/// A token or comment with what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// As written; a comment from its `//` to the end of its line, without spaces at its end.
    pub text: &'a str,
    /// Byte at which it starts.
    pub start: usize,
    /// Line breaks between the token before and this one.
    pub breaks: usize,
}

impl Token<'_> {
    /// Whether it is a comment.
    pub fn is_comment(&self) -> bool {
        self.text.starts_with("//")
    }

    /// Whether an expression may end here.
    pub fn ends_operand(&self) -> bool {
        self.text == ")" || self.text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    }
}

/// All tokens of a text.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut at, mut breaks) = (0, 0);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(length) = line_break(rest) {
            breaks += 1;
            at += length;
        } else if first == ' ' || first == '\t' {
            at += 1;
        } else {
            let length = length(rest, first);
            tokens.push(Token { text: rest[..length].trim_end(), start: at, breaks });
            breaks = 0;
            at += length;
        }
    }
    tokens
}

/// Bytes of the line break that a text starts with.
fn line_break(text: &str) -> Option<usize> {
    ["\r\n", "\n", "\r"].iter().find(|end| text.starts_with(**end)).map(|end| end.len())
}

fn length(rest: &str, first: char) -> usize {
    if rest.starts_with("//") {
        rest.find(['\n', '\r']).unwrap_or(rest.len())
    } else if rest.starts_with("->") {
        2
    } else if first.is_ascii_digit() {
        number(rest)
    } else if first.is_ascii_alphabetic() || first == '_' {
        word(rest)
    } else {
        first.len_utf8()
    }
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
}

/// A number or kernel: digits and letters, a point before digits, a sign behind the exponent's e.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let exponent = |at: usize| matches!(bytes[at], b'e' | b'E');
        let inside = match byte {
            b'.' => digit(at + 1),
            b'+' | b'-' => exponent(at - 1) && digit(at + 1),
            _ => byte.is_ascii_alphanumeric() || byte == b'_',
        };
        if !inside {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn numbers_kernels_and_comments_are_one_token() {
        assert_eq!(texts("1e-4-2"), ["1e-4", "-", "2"]);
        assert_eq!(texts("3x3,0.5)"), ["3x3", ",", "0.5", ")"]);
        assert_eq!(texts("a->b-c // d  \r-e"), ["a", "->", "b", "-", "c", "// d", "-", "e"]);
        let breaks: Vec<_> = tokens("a\n\n b\r\nc d").iter().map(|t| t.breaks).collect();
        assert_eq!(breaks, [0, 2, 1, 0]);
    }
}
