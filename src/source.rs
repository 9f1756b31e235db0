//! Source text and positions in it.

use std::sync::Arc;

/// A half-open byte range `start..end` of one source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// As a range usable for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "@{}..{}", self.start, self.end)
    }
}

/// A spec's text with the name to show it under.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path as the user gave it, or a name in angle brackets for built-in specs.
    pub name: Arc<str>,
    /// The whole text, without the byte order mark that some editors put before it.
    pub text: Arc<str>,
    /// Whether such a mark stood there.
    marked: bool,
}

/// U+FEFF at the start of a file: no part of its text.
const MARK: &str = "\u{feff}";

impl Source {
    /// Wraps a text.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        let (name, text) = (name.into(), text.into());
        match text.strip_prefix(MARK) {
            Some(rest) => Self { name, text: rest.into(), marked: true },
            None => Self { name, text, marked: false },
        }
    }

    /// Where a place stands in the file that the text was read from, in bytes.
    pub fn in_file(&self, span: Span) -> [u32; 2] {
        let before = if self.marked { MARK.len() as u32 } else { 0 };
        [span.start + before, span.end + before]
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn line_column(&self, at: usize) -> (usize, usize) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before[start..].chars().count() + 1)
    }
}
