//! What is checked before the grammar sees the text: size, NUL, and brackets.
//!
//! The parser recurses once for each open bracket, so their depth is bounded here. Brackets
//! that do not pair are reported here too, because only here is it known where they opened.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Longest text taken, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// Deepest nesting of brackets.
pub const MAX_DEPTH: usize = 64;

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
    brackets(text)
}

fn brackets(text: &str) -> Result<(), Diagnostic> {
    let bytes = text.as_bytes();
    let mut open: Vec<(u8, usize)> = Vec::new();
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
                open.push((bracket, at));
            }
            bracket @ (b')' | b'}') => close(&mut open, bracket, at)?,
            _ => {}
        }
        at += 1;
    }
    match open.pop() {
        None => Ok(()),
        Some((bracket, at)) => Err(never_closed(bracket, at)),
    }
}

fn close(open: &mut Vec<(u8, usize)>, bracket: u8, at: usize) -> Result<(), Diagnostic> {
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

fn never_closed(bracket: u8, at: usize) -> Diagnostic {
    let (bracket, wanted) = (char::from(bracket), char::from(partner(bracket)));
    Diagnostic::error(
        Code::Syntax,
        Span::new(at, at + 1),
        format!("this `{bracket}` is never closed"),
    )
    .label("opened here")
    .hint(format!("add `{wanted}`"))
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
