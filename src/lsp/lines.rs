//! Bytes of a text ↔ lines and UTF-16 columns, as the protocol counts.

use lsp_types::{Position, Range};

use crate::source::{Source, Span};

/// Where the lines of a text stand, and how long its characters are.
#[derive(Debug)]
pub struct Lines {
    /// First byte of each line, and the end of what stands in it, without its line break.
    lines: Vec<(usize, usize)>,
    /// Characters outside ASCII, in order.
    wide: Vec<Wide>,
    /// Columns before the text: a byte order mark is none of it, and the editor counts one.
    mark: usize,
}

/// A character of several bytes.
#[derive(Debug)]
struct Wide {
    start: usize,
    end: usize,
    /// Bytes up to its end, less UTF-16 units up to there.
    surplus: usize,
}

impl Lines {
    /// Of a text.
    pub fn new(source: &Source) -> Self {
        let text = &*source.text;
        let [before, _] = source.in_file(Span::default());
        Self { lines: lines(text), wide: wide(text), mark: usize::from(before > 0) }
    }

    /// The position of a byte.
    pub fn position(&self, at: usize) -> Position {
        let line = self.lines.partition_point(|&(start, _)| start <= at).saturating_sub(1);
        let (start, end) = self.lines[line];
        let column = self.units(at.min(end)) - self.units(start) + self.before(line);
        Position { line: line as u32, character: column as u32 }
    }

    /// The byte at a position; past a line's end it is the end, as the protocol has it. None where
    /// there is no such line.
    pub fn byte(&self, position: Position) -> Option<usize> {
        let line = position.line as usize;
        let &(start, end) = self.lines.get(line)?;
        let wanted = (position.character as usize).saturating_sub(self.before(line));
        let wanted = self.units(start) + wanted;
        // The last byte that is no further; units never fall from one to the next.
        let (mut low, mut high) = (start, end);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            match self.units(middle) <= wanted {
                true => low = middle,
                false => high = middle - 1,
            }
        }
        Some(self.boundary(low))
    }

    /// The range of a span.
    pub fn range(&self, span: Span) -> Range {
        let bytes = span.range();
        let end = bytes.end.max(bytes.start);
        Range { start: self.position(bytes.start), end: self.position(end) }
    }

    /// The start of the line of a byte.
    pub fn line_start(&self, at: usize) -> usize {
        let line = self.lines.partition_point(|&(start, _)| start <= at).saturating_sub(1);
        self.lines[line].0
    }

    /// The end of the text.
    pub fn end(&self) -> usize {
        self.lines.last().map_or(0, |&(_, end)| end)
    }

    fn before(&self, line: usize) -> usize {
        if line == 0 { self.mark } else { 0 }
    }

    /// UTF-16 units before a byte; those before its character where it stands inside one.
    fn units(&self, at: usize) -> usize {
        let at = self.boundary(at);
        let before = self.wide.partition_point(|wide| wide.end <= at);
        at - before.checked_sub(1).map_or(0, |last| self.wide[last].surplus)
    }

    /// The start of the character that a byte stands in.
    fn boundary(&self, at: usize) -> usize {
        let next = self.wide.partition_point(|wide| wide.end <= at);
        self.wide.get(next).map_or(at, |wide| at.min(wide.start))
    }
}

fn lines(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut found, mut start) = (Vec::new(), 0);
    for (at, &byte) in bytes.iter().enumerate() {
        let ends = byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        if ends {
            let pair = byte == b'\n' && at > start && bytes[at - 1] == b'\r';
            found.push((start, at - usize::from(pair)));
            start = at + 1;
        }
    }
    found.push((start, text.len()));
    found
}

fn wide(text: &str) -> Vec<Wide> {
    let mut surplus = 0;
    let characters = text.char_indices().filter(|(_, c)| !c.is_ascii());
    characters
        .map(|(start, c)| {
            surplus += c.len_utf8() - c.len_utf16();
            Wide { start, end: start + c.len_utf8(), surplus }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Lines {
        Lines::new(&Source::new("text", text))
    }

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn columns_count_utf16_units() {
        let text = "a\n// 🦀é x";
        let lines = lines(text);
        let x = text.find('x').expect("x");
        // Two for the crab, one for é, and five others.
        assert_eq!(lines.position(x), at(1, 7));
        assert_eq!(lines.byte(at(1, 7)), Some(x));
        // In the middle of the crab: before it.
        assert_eq!(lines.byte(at(1, 4)), Some(5));
        assert_eq!((lines.byte(at(1, 3)), lines.byte(at(1, 5))), (Some(5), Some(9)));
        for (byte, _) in text.char_indices() {
            assert_eq!(lines.byte(lines.position(byte)), Some(byte));
        }
        assert_eq!(lines.byte(at(0, 99)), Some(1));
        assert_eq!(lines.byte(at(9, 0)), None);
    }

    #[test]
    fn lines_end_as_the_protocol_says() {
        let lines = lines("ab\r\nc\rd\n");
        assert_eq!(lines.byte(at(0, 99)), Some(2), "before the carriage return");
        assert_eq!((lines.position(4), lines.position(6)), (at(1, 0), at(2, 0)));
        assert_eq!(lines.position(3), at(0, 2), "inside the line break");
        assert_eq!((lines.byte(at(3, 0)), lines.byte(at(4, 0))), (Some(8), None));
        assert_eq!((lines.end(), lines.line_start(5)), (8, 4));
        assert_eq!(super::lines(""), [(0, 0)]);
    }

    #[test]
    fn a_byte_order_mark_is_a_column_of_the_first_line() {
        let lines = lines("\u{feff}net\nn");
        assert_eq!((lines.position(0), lines.position(4)), (at(0, 1), at(1, 0)));
        assert_eq!((lines.byte(at(0, 0)), lines.byte(at(0, 2))), (Some(0), Some(1)));
        assert_eq!(lines.byte(at(1, 0)), Some(4));
    }
}
