//! Characters that look like those of the language, or like nothing: named, with what to write.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Look-alikes: the character, its name in Unicode, and what stands for it here.
const ALIKE: &[(char, &str, &str)] = &[
    ('\u{a0}', "no-break space", " "),
    ('\u{1680}', "Ogham space mark", " "),
    ('\u{2002}', "en space", " "),
    ('\u{2003}', "em space", " "),
    ('\u{2007}', "figure space", " "),
    ('\u{2009}', "thin space", " "),
    ('\u{200a}', "hair space", " "),
    ('\u{202f}', "narrow no-break space", " "),
    ('\u{205f}', "medium mathematical space", " "),
    ('\u{3000}', "ideographic space", " "),
    ('\u{85}', "next line", "\n"),
    ('\u{2028}', "line separator", "\n"),
    ('\u{2029}', "paragraph separator", "\n"),
    ('\u{ad}', "soft hyphen", ""),
    ('\u{200b}', "zero-width space", ""),
    ('\u{200c}', "zero-width non-joiner", ""),
    ('\u{200d}', "zero-width joiner", ""),
    ('\u{200e}', "left-to-right mark", ""),
    ('\u{200f}', "right-to-left mark", ""),
    ('\u{2060}', "word joiner", ""),
    ('\u{feff}', "byte order mark", ""),
    ('−', "minus sign", "-"),
    ('‐', "hyphen", "-"),
    ('‑', "non-breaking hyphen", "-"),
    ('–', "en dash", "-"),
    ('—', "em dash", "-"),
    ('·', "middle dot", "*"),
    ('⋅', "dot operator", "*"),
    ('∗', "asterisk operator", "*"),
    ('÷', "division sign", "/"),
    ('∕', "division slash", "/"),
    ('⁄', "fraction slash", "/"),
    ('→', "rightwards arrow", "->"),
    ('⟶', "long rightwards arrow", "->"),
    ('⇒', "rightwards double arrow", "->"),
    ('х', "Cyrillic letter ha", "x"),
    ('а', "Cyrillic letter a", "a"),
    ('е', "Cyrillic letter ie", "e"),
    ('о', "Cyrillic letter o", "o"),
    ('р', "Cyrillic letter er", "p"),
    ('с', "Cyrillic letter es", "c"),
    ('у', "Cyrillic letter u", "y"),
];

/// Refuses the first character outside comments that no spec is made of.
pub fn check(text: &str) -> Result<(), Diagnostic> {
    match foreign(text).next() {
        None => Ok(()),
        Some((at, c)) => Err(unwanted(text, at, c)),
    }
}

/// Characters outside comments that the grammar knows nothing of, with their places.
fn foreign(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let (mut comment, mut last) = (false, ' ');
    text.char_indices().filter(move |&(_, c)| {
        comment = (comment || (c == '/' && last == '/')) && c != '\n' && c != '\r';
        last = c;
        let known = c.is_ascii() && (!c.is_ascii_control() || matches!(c, '\t' | '\n' | '\r'));
        !comment && !known
    })
}

fn unwanted(text: &str, at: usize, c: char) -> Diagnostic {
    let span = Span::new(at, at + c.len_utf8());
    let write = written(text, at, c);
    let named = match name(c) {
        Some(name) => format!("{name} (U+{:04X})", u32::from(c)),
        None if c.is_control() => format!("control character (U+{:04X})", u32::from(c)),
        None => format!("`{c}` (U+{:04X})", u32::from(c)),
    };
    let hint = match write.as_deref() {
        Some("") => "remove it".to_owned(),
        Some(" ") => "write a plain space".to_owned(),
        Some("\n") => "write a plain line break".to_owned(),
        Some("x") if c != 'х' => "kernels are written with the letter x: 3x3".to_owned(),
        Some("*") if c == '×' => "write `*` for a product".to_owned(),
        Some("->") => "stages are joined with `->`".to_owned(),
        Some(write) => format!("write `{write}`"),
        None => instead(c).to_owned(),
    };
    let more = foreign(text).filter(|&(_, other)| other == c).count() - 1;
    let hint = match more {
        0 => hint,
        1 => format!("{hint}; one more stands further on"),
        _ => format!("{hint}; {more} more stand further on"),
    };
    let error = Diagnostic::error(Code::Syntax, span, format!("{named} is not of the language"))
        .label("this character")
        .hint(hint);
    match write {
        Some(write) => error.fix(span, write),
        None => error,
    }
}

/// What was meant, if that is known.
fn written(text: &str, at: usize, c: char) -> Option<String> {
    if let Some((_, _, write)) = ALIKE.iter().find(|(alike, ..)| *alike == c) {
        return Some((*write).to_owned());
    }
    if c == '×' {
        // Between two digits it is a kernel's.
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let kernel = digit(text[..at].chars().next_back())
            && digit(text[at + c.len_utf8()..].chars().next());
        return Some(if kernel { "x" } else { "*" }.to_owned());
    }
    wide(c).map(String::from)
}

/// The plain form of a full-width character.
fn wide(c: char) -> Option<char> {
    const FIRST: u32 = 0xff01;
    const LAST: u32 = 0xff5e;
    let code = u32::from(c);
    (FIRST..=LAST).contains(&code).then(|| char::from_u32(code - FIRST + u32::from('!')))?
}

fn name(c: char) -> Option<String> {
    let listed =
        ALIKE.iter().find(|(alike, ..)| *alike == c).map(|(_, name, _)| (*name).to_owned());
    let quote = || match c {
        '“' | '”' | '„' | '‘' | '’' => Some("curly quote".to_owned()),
        '×' => Some("multiplication sign".to_owned()),
        '²' | '³' => Some("raised digit".to_owned()),
        _ => None,
    };
    listed.or_else(|| wide(c).map(|plain| format!("full-width `{plain}`"))).or_else(quote)
}

fn instead(c: char) -> &'static str {
    match c {
        '“' | '”' | '„' | '‘' | '’' | '«' | '»' => "names are written without quotes",
        '²' | '³' => "there are no powers: write a * a",
        _ => "names are made of the letters a to z, digits and `_`; a comment begins with //",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (String, String, Option<String>) {
        let error = check(text).unwrap_err();
        (error.message, error.hint.unwrap(), error.fix.map(|fix| fix.text))
    }

    #[test]
    fn what_cannot_be_seen_is_named() {
        let (message, hint, fix) = found("a\u{a0}b\u{a0}c");
        assert_eq!(message, "no-break space (U+00A0) is not of the language");
        assert_eq!(
            (hint.as_str(), fix.as_deref()),
            ("write a plain space; one more stands further on", Some(" "))
        );
        assert_eq!(found("a\u{200b}").2.as_deref(), Some(""));
        assert_eq!(found("（3x3)").0, "full-width `(` (U+FF08) is not of the language");
        assert_eq!(found("３").2.as_deref(), Some("3"));
        assert_eq!(found("3×3").2.as_deref(), Some("x"));
        assert_eq!(found("n × 3").2.as_deref(), Some("*"));
        assert_eq!(found("“same”").1, "names are written without quotes");
        assert_eq!(found("\u{b}").0, "control character (U+000B) is not of the language");
    }

    #[test]
    fn comments_may_say_anything() {
        assert_eq!(check("a // 3×3 → “b”\u{a0}\r\nb /c"), Ok(()));
        assert!(check("a // ok\n×").is_err() && check("a / × b").is_err());
    }
}
