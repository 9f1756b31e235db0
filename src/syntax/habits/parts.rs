//! Parts of values as other languages take them: `a, b = split(x, 2)`, `x[:, 0:8]`.

use super::super::foreign::{self, Here};
use super::super::tokens::Token;
use super::{Stop, span};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Word of the layer that hands out some of the channels.
const SLICE: &str = "slice_channels";

impl<'t> Stop<'_, 't> {
    /// `a, b = split(x, 2)`, `(a, b) = …`
    pub(super) fn several_names(self) -> Option<Diagnostic> {
        let first = match self.found.text {
            "," if self.in_binding => self.before.len().checked_sub(1)?,
            "(" | "[" => self.before.len() + 1,
            _ => return None,
        };
        let all: Vec<Token<'t>> =
            self.before.iter().chain([&self.found]).chain(self.after).copied().collect();
        let (names, equals) = names(&all, first)?;
        let bound = names.iter().map(|name| name.text).collect::<Vec<_>>();
        let place = span(names[0]).to(span(*names.last()?));
        let line = rest_of_line(self.text, equals);
        let taken_apart = line.iter().any(|word| is_slice(word.text));
        let hint = match bound.as_slice() {
            [a, b] if taken_apart => format!(
                "some of the channels are {SLICE}(start, end): {a} = {SLICE}(0, 16)(x) and {b} = {SLICE}(16)(x)"
            ),
            [a, b, ..] if taken_apart => format!(
                "some of the channels are {SLICE}(start, end): {a} = {SLICE}(0, 16)(x), {b} = {SLICE}(16, 32)(x), …"
            ),
            [a, b, ..] => format!("bind each by itself: {a} = …, and {b} = … on a line of its own"),
            [] | [_] => return None,
        };
        let message = format!("a binding has one name, and this has {}", bound.len());
        Some(self.error(place, message, "several names").hint(hint))
    }

    /// `x[:, 0:8]`, `split(x, 2)[0]`
    pub(super) fn subscript(self) -> Option<Diagnostic> {
        let of = self.previous().filter(Token::ends_operand)?;
        if self.found.text != "[" || of.start + of.text.len() != self.found.start {
            return None;
        }
        let rest = &self.text[self.found.start + 1..];
        let length = rest.lines().next().and_then(|line| line.find(']'))?;
        let place = Span::new(self.found.start, self.found.start + length + 2);
        let axes: Vec<&str> = rest[..length].split(',').map(str::trim).collect();
        let what = if of.text == ")" { "x" } else { of.text };
        let hint = match axes.as_slice() {
            [":", channels] => channel_slice(channels, what),
            [":", ":", rows, ..] if rows.contains(':') => Some(
                "rows and columns are cut off by pad_pixels(top, bottom, left, right) below 0: pad_pixels(-1, -1, -1, -1)"
                    .to_owned(),
            ),
            _ => None,
        };
        let hint = hint.unwrap_or_else(|| {
            format!("some of the channels are {SLICE}(start, end): {SLICE}(0, 16)({what}), and from 16 on {SLICE}(16)({what})")
        });
        let error = self.error(
            place,
            "values have no square brackets behind them",
            "from another language",
        );
        Some(error.hint(hint))
    }
}

/// `start:end`, either of which may be absent.
fn channel_slice(channels: &str, of: &str) -> Option<String> {
    let (start, end) = channels.split_once(':')?;
    let (start, end) = (start.trim(), end.trim());
    let is_name_or_number = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !is_name_or_number(start) || !is_name_or_number(end) {
        return None;
    }
    let start = if start.is_empty() { "0" } else { start };
    Some(match end {
        "" => format!("write {SLICE}({start})({of})"),
        end => format!("write {SLICE}({start}, {end})({of})"),
    })
}

/// Names with commas between them, from a token on, in front of `=`, perhaps with a bracket before it; and
/// where that stands.
fn names<'t>(all: &[Token<'t>], first: usize) -> Option<(Vec<Token<'t>>, usize)> {
    let mut names = Vec::new();
    let mut at = first;
    loop {
        names.push(*all.get(at).filter(|token| is_name(token.text))?);
        match all.get(at + 1)?.text {
            "," => at += 2,
            ")" | "]" => {
                let equals = all.get(at + 2).filter(|token| token.text == "=")?;
                return Some((names, equals.start + 1));
            }
            "=" => return Some((names, all[at + 1].start + 1)),
            _ => return None,
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The tokens behind a byte on its line.
fn rest_of_line(text: &str, from: usize) -> Vec<Token<'_>> {
    super::tokens(text[from..].lines().next().unwrap_or_default())
}

fn is_slice(word: &str) -> bool {
    matches!(foreign::word(word), Some(Here::Called(SLICE, _)))
}

#[cfg(test)]
mod tests {
    use crate::source::Source;
    use crate::syntax;

    /// The hint for a line in a unit.
    fn hint(line: &str) -> String {
        let text = format!("unit u {{\n    {line}\n    y = x\n}}\n");
        let errors = syntax::parse(&Source::new("u", text)).expect_err(line);
        errors[0].hint.clone().unwrap_or_default()
    }

    #[test]
    fn parts_of_values_lead_to_slices_of_channels() {
        for (line, wanted) in [
            ("a, b = split(x, 2)", "a = slice_channels(0, 16)(x) and b = slice_channels(16)(x)"),
            ("(a, b) = x.split(8, dim=1)", "a = slice_channels(0, 16)(x) and b = "),
            ("let a, b = torch.chunk(x, 2)", "a = slice_channels(0, 16)(x) and b = "),
            ("[p, q] = x.tensor_split(2)", "p = slice_channels(0, 16)(x) and q = "),
            (
                "p, q, r = split(x, 3)",
                "p = slice_channels(0, 16)(x), q = slice_channels(16, 32)(x), …",
            ),
            ("a, b = F(x), G(x)", "bind each by itself: a = …, and b = … on a line of its own"),
            ("a = x[:, 0:8]", "write slice_channels(0, 8)(x)"),
            ("a = relu(x[:, :8])", "write slice_channels(0, 8)(x)"),
            ("a = left[:, 8:]", "write slice_channels(8)(left)"),
            ("a = x[ : , half : width ]", "write slice_channels(half, width)(x)"),
            ("a = x[:, ::2]", "some of the channels are slice_channels(start, end)"),
            ("a = x[:, -8:]", "some of the channels are slice_channels(start, end)"),
            ("a = x[0]", "some of the channels are slice_channels(start, end)"),
            ("a = split(x, 2)[0]", "some of the channels are slice_channels(start, end)"),
            ("a = x[:, :, 1:-1, 1:-1]", "pad_pixels(-1, -1, -1, -1)"),
            // What is meant is a kernel.
            ("a = conv([3, 3], 16)(x)", "kernels are written 3x3"),
        ] {
            let found = hint(line);
            assert!(found.contains(wanted), "{line}: {found}");
        }
        for hostile in
            ["a = x[", "a = x[:", "a, b", "a, b =", "(a, ", "(a, b", "a,, b = x", "x[é, 1]"]
        {
            hint(hostile);
        }
    }
}
