//! Bytes of a text ↔ lines and UTF-16 columns, as the protocol counts.

use lsp_types::{Position, Range};

use crate::source::Span;

/// The position of a byte.
pub fn position(text: &str, at: usize) -> Position {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before[start..].encode_utf16().count();
    Position { line: line as u32, character: column as u32 }
}

/// The byte at a position; past a line's end it is the end.
pub fn byte(text: &str, position: Position) -> usize {
    let mut start = 0;
    for _ in 0..position.line {
        match text[start..].find('\n') {
            Some(newline) => start += newline + 1,
            None => return text.len(),
        }
    }
    let line = text[start..].split('\n').next().unwrap_or("");
    let mut columns = 0;
    for (at, c) in line.char_indices() {
        if columns >= position.character as usize {
            return start + at;
        }
        columns += c.len_utf16();
    }
    start + line.len()
}

/// The range of a span.
pub fn range(text: &str, span: Span) -> Range {
    let bytes = span.range();
    Range { start: position(text, bytes.start), end: position(text, bytes.end.max(bytes.start)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf16_units() {
        let text = "a\n// 🦀é x";
        let at = text.find('x').expect("x");
        // Two for the crab, one for é, and five others.
        assert_eq!(position(text, at), Position { line: 1, character: 7 });
        assert_eq!(byte(text, position(text, at)), at);
        assert_eq!(byte(text, Position { line: 0, character: 99 }), 1);
        assert_eq!(byte(text, Position { line: 9, character: 0 }), text.len());
    }
}
