//! Lines of tokens as text: spaces, kept breaks, and breaks where a line is too long.

use super::lines::Line;
use crate::syntax::tokens::Token;

/// Columns of a line at most, where it can be broken at all.
const WIDTH: usize = 100;

/// All lines, one after another. Between definitions stands an empty line, inside them where the
/// author left one, but never after `{` and before `}`.
pub fn layout(lines: &[Line<'_, '_>]) -> String {
    let mut text = String::new();
    // Whether a definition has just ended or begun: a comment beside its bracket does not count.
    let (mut ended, mut begun) = (false, false);
    for line in lines {
        let first = &line.tokens[0];
        let trailing = first.is_comment() && first.breaks == 0 && !text.is_empty();
        if trailing {
            text.push(' ');
        } else {
            let author = first.breaks > 1 && !begun && first.text != "}";
            text.push_str(match text.is_empty() {
                true => "",
                false if ended || author => "\n\n",
                false => "\n",
            });
            push_spaces(&mut text, line.indent);
        }
        Writer::new(&mut text, line).write();
        let last = line.tokens[line.tokens.len() - 1].text;
        ended = last == "}" || (ended && trailing);
        begun = last == "{" || (begun && trailing);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn push_spaces(text: &mut String, count: usize) {
    text.extend(std::iter::repeat_n(' ', count));
}

/// One line on its way into the text.
struct Writer<'w, 't, 'a> {
    text: &'w mut String,
    line: &'w Line<'t, 'a>,
    /// Where the last line of the text starts.
    start: usize,
    /// Places on it where it may be broken: the depth of brackets, and the byte of the space.
    places: Vec<(usize, usize)>,
    /// Open brackets.
    depth: usize,
}

impl<'w, 't, 'a> Writer<'w, 't, 'a> {
    fn new(text: &'w mut String, line: &'w Line<'t, 'a>) -> Self {
        let start = text.rfind('\n').map_or(0, |at| at + 1);
        Self { text, line, start, places: Vec::new(), depth: 0 }
    }

    fn write(mut self) {
        let tokens = self.line.tokens;
        for (i, token) in tokens.iter().enumerate() {
            self.depth -= usize::from(token.text == ")").min(self.depth);
            if i > 0 {
                self.between(&tokens[..i], token);
            }
            self.text.push_str(token.text);
            self.depth += usize::from(token.text == "(");
            if !token.is_comment() {
                self.fit();
            }
        }
    }

    /// What stands between a token and those before it.
    fn between(&mut self, before: &[Token<'_>], token: &Token<'_>) {
        let last = before[before.len() - 1];
        let kept = token.text == "->" && self.depth == 0 && token.breaks > 0;
        let comment = token.is_comment() && token.breaks > 0;
        if kept || comment || last.is_comment() {
            return self.new_line();
        }
        if spaced(before, token) {
            if may_break(before, token) {
                self.places.push((self.depth, self.text.len()));
            }
            self.text.push(' ');
        }
    }

    fn new_line(&mut self) {
        self.text.push('\n');
        self.start = self.text.len();
        self.places.clear();
        push_spaces(self.text, self.line.further);
    }

    /// Breaks the last line of the text while it is too long and there is a place.
    fn fit(&mut self) {
        while self.text[self.start..].chars().count() > WIDTH {
            let Some(shallowest) = self.places.iter().map(|place| place.0).min() else { return };
            let Some(at) = self.places.iter().rposition(|place| place.0 == shallowest) else {
                return;
            };
            let (_, space) = self.places[at];
            let indent = format!("\n{}", " ".repeat(self.line.further));
            self.text.replace_range(space..=space, &indent);
            self.start = space + 1;
            let moved = indent.len() - 1;
            self.places.drain(..=at);
            self.places.iter_mut().for_each(|place| place.1 += moved);
        }
    }
}

/// Whether a space stands before `token`.
fn spaced(before: &[Token<'_>], token: &Token<'_>) -> bool {
    let last = before[before.len() - 1];
    match (last.text, token.text) {
        ("(", _) | (_, ")" | "," | ":") => false,
        ("-", _) if !is_infix(before) => false,
        (_, "(") => !last.ends_operand(),
        _ => true,
    }
}

/// Whether the last token, a minus sign, stands between two operands.
fn is_infix(before: &[Token<'_>]) -> bool {
    let code = before[..before.len() - 1].iter().rev().find(|token| !token.is_comment());
    code.is_some_and(Token::ends_operand)
}

/// Whether a long line may be broken before `token`: before an operator and behind a comma.
fn may_break(before: &[Token<'_>], token: &Token<'_>) -> bool {
    let last = before[before.len() - 1];
    let infix = |sign: &str| matches!(sign, "->" | "+" | "*" | "/");
    let minus = token.text == "-" && last.ends_operand();
    infix(token.text) || minus || last.text == ","
}
