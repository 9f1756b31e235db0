//! What is checked before the grammar sees the text: size, NUL, characters, and brackets.
//!
//! The parser recurses once for each open bracket, so their depth is bounded here. Brackets
//! that do not pair are reported here too, because only here is it known where they opened.

use super::characters;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Longest text taken, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting of brackets.
pub const MAX_DEPTH: usize = 64;
/// Most calls behind one another, `f(x)(x)(x)`: each is a level of the tree.
pub const MAX_CALLS: usize = 8;

/// Checks the raw text.
pub fn check(text: &str) -> Result<(), Diagnostic> {
    if text.len() > MAX_BYTES {
        let limit = MAX_BYTES / 1024;
        return Err(Diagnostic::error(
            Code::TooLarge,
            Span::new(0, 0),
            format!("the text has {} KiB; a spec has at most {limit} KiB", text.len() / 1024),
        )
        .hint("check that this is a spec, and write repeated stages as stage * n"));
    }
    if let Some(at) = text.find('\0') {
        return Err(Diagnostic::error(
            Code::Syntax,
            Span::new(at, at + 1),
            "the text holds a NUL byte, so it is not a spec",
        )
        .label("NUL")
        .hint("check that this is the file you meant; specs are plain text"));
    }
    characters::check(text)?;
    brackets(text)
}

fn brackets(text: &str) -> Result<(), Diagnostic> {
    let bytes = text.as_bytes();
    let mut open: Vec<(u8, usize)> = Vec::new();
    // Brackets behind one another at each depth, and the last byte that is no space.
    let (mut behind, mut last) = ([0; MAX_DEPTH + 1], b' ');
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += bytes[at..].iter().take_while(|b| !b"\r\n".contains(b)).count();
                continue;
            }
            bracket @ (b'(' | b'{') => {
                if open.len() == MAX_DEPTH {
                    return Err(too_deep(at));
                }
                let count = &mut behind[open.len()];
                *count = if last == b')' { *count + 1 } else { 0 };
                if *count > MAX_CALLS {
                    return Err(too_many_calls(Span::new(at, at + 1)));
                }
                open.push((bracket, at));
            }
            bracket @ (b')' | b'}') => close(text, &mut open, bracket, at)?,
            _ => {}
        }
        if !bytes[at].is_ascii_whitespace() {
            last = bytes[at];
        }
        at += 1;
    }
    match open.pop() {
        None => Ok(()),
        Some((bracket, at)) => Err(never_closed(text, bracket, at)),
    }
}

fn close(
    text: &str,
    open: &mut Vec<(u8, usize)>,
    bracket: u8,
    at: usize,
) -> Result<(), Diagnostic> {
    let found = char::from(bracket);
    let span = Span::new(at, at + 1);
    let Some((opened, opened_at)) = open.pop() else {
        return Err(Diagnostic::error(
            Code::Syntax,
            span,
            format!("this `{found}` closes nothing"),
        )
        .label("no open bracket before it")
        .hint(format!("remove it, or open it with `{}`", char::from(partner(bracket)))));
    };
    if partner(bracket) == opened {
        return Ok(());
    }
    if let Some(hidden) = hidden(&text[opened_at..at], char::from(partner(opened))) {
        return Err(in_comment(opened, opened_at, opened_at + hidden));
    }
    let (opened, wanted) = (char::from(opened), char::from(partner(opened)));
    Err(Diagnostic::error(Code::Syntax, span, format!("`{opened}` is closed by `{found}`"))
        .label(format!("`{wanted}` is missing before this"))
        .also(Span::new(opened_at, opened_at + 1), "opened here")
        .hint(format!("close it with `{wanted}`")))
}

fn partner(bracket: u8) -> u8 {
    match bracket {
        b'(' => b')',
        b')' => b'(',
        b'{' => b'}',
        _ => b'{',
    }
}

fn never_closed(text: &str, bracket: u8, at: usize) -> Diagnostic {
    if let Some(hidden) = hidden(&text[at..], char::from(partner(bracket))) {
        return in_comment(bracket, at, at + hidden);
    }
    let (bracket, wanted) = (char::from(bracket), char::from(partner(bracket)));
    Diagnostic::error(
        Code::Syntax,
        Span::new(at, at + 1),
        format!("this `{bracket}` is never closed"),
    )
    .label("opened here")
    .hint(format!("add `{wanted}`"))
}

/// Where a comment begins on the line of a bracket, if what closes it stands there.
fn hidden(text: &str, wanted: char) -> Option<usize> {
    let (line, opened) = (text.lines().next()?, text.chars().next()?);
    let at = line.find("//")?;
    let count = |bracket: char| line[at..].matches(bracket).count();
    (count(wanted) > count(opened)).then_some(at)
}

/// `conv(3x3, 6 // 2)`: the comment hides what closes the bracket.
fn in_comment(bracket: u8, at: usize, comment: usize) -> Diagnostic {
    let (opened, wanted) = (char::from(bracket), char::from(partner(bracket)));
    let message = format!("this `{opened}` is never closed: its `{wanted}` stands in a comment");
    Diagnostic::error(Code::Syntax, Span::new(at, at + 1), message)
        .label("opened here")
        .also(Span::new(comment, comment + 2), "a comment begins here")
        .hint("a division is written `/`; a comment stands behind what is written")
}

/// The parser finds these too, but only once it has read all of them.
pub fn too_many_calls(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::TooLarge,
        span,
        format!("more than {MAX_CALLS} calls stand behind one another"),
    )
    .label("one too many")
    .hint("bind the inner part to a name and use that")
}

fn too_deep(at: usize) -> Diagnostic {
    Diagnostic::error(
        Code::TooLarge,
        Span::new(at, at + 1),
        format!("brackets are nested more than {MAX_DEPTH} deep"),
    )
    .label("one too many")
    .hint("bind the inner part to a name and use that")
}
