//! What serde and the YAML parser found, in plain words.

use super::elsewhere;
use super::place::{all, find, marked};
use crate::text::{nearest, series};
use crate::train::unclear::{Fault, Unclear};

/// What is wrong, with its line where it has one.
pub fn told(kind: &str, text: &str, error: &serde_yaml::Error) -> Unclear {
    let whole = error.to_string();
    let place = error.location().map(|at| (at.line(), at.column()));
    let at = place.map(|(line, column)| format!(" at line {line} column {column}"));
    // A value that is quoted may speak of lines too.
    let parts = at.and_then(|at| whole.split_once(&at)).or(whole.split_once(" at line "));
    let (said, behind) = parts.unwrap_or((&whole, ""));
    let (path, said) = path(said);
    if let Some(key) =
        quoted(said, "duplicate field `").or(quoted(said, "duplicate entry with key \""))
    {
        return twice(text, path, key);
    }
    if let Some(key) = quoted(said, "missing field `") {
        return missing(text, path, key);
    }
    let at =
        |place: Option<(usize, usize)>| place.map_or_else(String::new, |place| marked(text, place));
    let name = if path.is_empty() { String::new() } else { format!("{path}: ") };
    if let Some(unknown) = quoted(said, "unknown field `") {
        let lines = find(text, &joined(path, unknown)).or(place);
        let what = format!("{name}{}", unknown_key(kind, path, unknown, said));
        return Unclear::at(Fault::Unknown, what, at(lines));
    }
    if let Some(unknown) = quoted(said, "unknown variant `") {
        let near = nearest(unknown, offered(said));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let what = format!("{name}there is no `{unknown}`, expected {}{near}", choices(said));
        return Unclear::at(Fault::Other, what, at(place));
    }
    if let Some((have, need)) = lengths(said) {
        let has = format!("a list of {need} values is needed, and this has {have}");
        return Unclear::at(Fault::Other, format!("{name}{has}"), at(place));
    }
    if let Some((found, expected)) = mismatch(said) {
        let example = if kind == "recipe" { elsewhere::example(path) } else { None };
        let line = place.and_then(|(line, _)| text.lines().nth(line.saturating_sub(1)));
        let fault = if NOTHING.contains(&found) { Fault::Empty } else { Fault::Other };
        let what = needed(found, expected, line.unwrap_or_default(), example);
        return Unclear::at(fault, format!("{name}{what}"), at(place));
    }
    let (what, place) = parse(said, behind, text, place);
    Unclear::at(Fault::Other, format!("{name}{what}"), at(place))
}

/// `schedule.divide: …`: where in the nest of keys.
fn path(said: &str) -> (&str, &str) {
    let key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '-');
    match said.split_once(": ") {
        Some((path, rest)) if !path.is_empty() && path.chars().all(key) => (path, rest),
        Some(_) | None => ("", said),
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The word behind a beginning, up to the quote that closes it.
fn quoted<'a>(said: &'a str, beginning: &str) -> Option<&'a str> {
    let rest = said.strip_prefix(beginning)?;
    rest.split_once(beginning.chars().next_back()?).map(|(word, _)| word)
}

fn twice(text: &str, path: &str, key: &str) -> Unclear {
    let places = all(text, &joined(path, key));
    match places.as_slice() {
        [(first, _), second, ..] => {
            let where_ = if first == &second.0 {
                "before on the same line".to_owned()
            } else {
                format!("first on line {first}")
            };
            let what = format!("`{key}` stands twice, {where_}; remove one of them");
            Unclear::at(Fault::Other, what, marked(text, *second))
        }
        _ => format!("`{}` stands twice; remove one of them", joined(path, key)).into(),
    }
}

fn missing(text: &str, path: &str, key: &str) -> Unclear {
    // Of a list, the key that it stands under.
    let (above, _) = path.split_once('[').unwrap_or((path, ""));
    let place = if above.is_empty() { None } else { find(text, above) };
    let at = place.map_or_else(String::new, |place| marked(text, place));
    Unclear::at(Fault::Missing, format!("`{}` is missing", joined(path, key)), at)
}

fn unknown_key(kind: &str, path: &str, unknown: &str, said: &str) -> String {
    let known: Vec<&str> = offered(said).collect();
    let foreign = if kind == "recipe" { elsewhere::key(path, unknown) } else { None };
    let hint = match (nearest(unknown, known.iter().copied()), foreign) {
        // A key that belongs to another place is none that is misspelt.
        (Some(near), None) => format!("did you mean `{near}`?"),
        (Some(near), Some(_)) if elsewhere::key(path, near).is_none() => {
            format!("did you mean `{near}`?")
        }
        (_, Some(write)) => write.to_owned(),
        (None, None) if known.is_empty() => "there are no keys here".to_owned(),
        (None, None) => format!("there are {}", series(&known, "and")),
    };
    format!("there is no key `{unknown}` here; {hint}")
}

/// The words in backquotes behind "expected".
fn offered(said: &str) -> impl Iterator<Item = &str> {
    let rest = said.split_once("expected").map_or("", |(_, rest)| rest);
    rest.split('`').skip(1).step_by(2)
}

fn choices(said: &str) -> String {
    let words: Vec<String> = offered(said).map(|word| format!("`{word}`")).collect();
    match words.len() {
        0..=2 => series(&words, "or"),
        _ => format!("one of {}", words.join(", ")),
    }
}

/// `invalid type: FOUND, expected EXPECTED`
fn mismatch(said: &str) -> Option<(&str, &str)> {
    let rest = said.strip_prefix("invalid type: ").or(said.strip_prefix("invalid value: "))?;
    rest.rsplit_once(", expected ")
}

/// `invalid length 3, expected an array of length 2`, or `… sequence of 2 elements`
fn lengths(said: &str) -> Option<(&str, &str)> {
    let (have, expected) = said.strip_prefix("invalid length ")?.split_once(", expected ")?;
    let need = expected
        .strip_prefix("an array of length ")
        .or_else(|| expected.strip_prefix("sequence of ")?.split(' ').next());
    Some((have, need?))
}

/// What serde calls a key without a value.
const NOTHING: [&str; 2] = ["unit value", "Option value"];

fn needed(found: &str, expected: &str, line: &str, example: Option<&str>) -> String {
    let wanted = wanted(expected);
    let text = found.strip_prefix("string \"").and_then(|text| text.strip_suffix('"'));
    let what = match (text, found) {
        (Some(text), _) => format!("\"{}\"", shortened(text)),
        (None, found) if NOTHING.contains(&found) => "nothing".to_owned(),
        (None, "sequence") => "a list".to_owned(),
        (None, "map") => "keys and values".to_owned(),
        (None, "enum") => "a value with a tag, !".to_owned(),
        (None, other) => other.split('`').nth(1).unwrap_or(other).to_owned(),
    };
    let example = || example.map(str::to_owned);
    let hint = text.and_then(|text| meant(text, expected, line));
    // How a list's values are written is known only of keys that have an example.
    let hint = hint.or_else(|| example().filter(|_| expected == "a sequence"));
    let hint = hint.or_else(|| whole(&what, expected)).or_else(example);
    let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
    format!("this is {what}, and {wanted} is needed{hint}")
}

/// A kind of value in plain words.
fn wanted(expected: &str) -> &str {
    match expected {
        "an array of length 2" => "a list of 2 values",
        "f64" | "f32" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a boolean" => "true or false",
        "a string" => "a text",
        "a sequence" => "a list such as [1, 2]",
        "a map" => "a set of keys and values",
        // YAML holds all others.
        "any YAML value" => "a number below 2^64",
        "field identifier" => "the name of a key",
        "a YAML tag starting with '!'" => "one word",
        other if other.starts_with("struct ") => "a set of keys and values",
        other if other.starts_with("enum ") || other.contains("variant") => "one of its words",
        other => other,
    }
}

/// What a text was probably meant to be.
fn meant(text: &str, expected: &str, line: &str) -> Option<String> {
    let number =
        matches!(wanted(expected), "a number" | "a whole number" | "a whole number from 0 on");
    let parses = |text: &str| text.parse::<f64>().is_ok();
    if wanted(expected).starts_with("true") {
        return match text.to_lowercase().as_str() {
            "yes" | "on" | "y" => Some("write true".to_owned()),
            "no" | "off" | "n" => Some("write false".to_owned()),
            _ => None,
        };
    }
    if expected.starts_with("struct ") && text.contains([' ', ':']) {
        return Some("a line is `key: value`, with a space behind the colon".to_owned());
    }
    if !number || expected.starts_with("struct ") {
        return None;
    }
    let (head, rest) = text.split_once([' ', '\n']).unwrap_or((text, ""));
    let plain = text.trim_end_matches([',', ';', '%']);
    let groups: Vec<&str> = text.split(',').collect();
    match groups.as_slice() {
        _ if !rest.is_empty() && parses(head) && line.contains(text) => {
            Some("each `key: value` stands on a line of its own".to_owned())
        }
        _ if !rest.is_empty() && parses(head) => Some(format!(
            "is the line below indented too far? it was read as a part of this: {}",
            shortened(rest)
        )),
        _ if plain.len() < text.len() && parses(plain) => Some(format!("write {plain}")),
        [whole, thousands @ ..]
            if wanted(expected) != "a number"
                && thousands.iter().all(|t| t.len() == 3)
                && parses(whole)
                && groups.len() > 1 =>
        {
            Some(format!("write {}", groups.concat()))
        }
        [whole, decimals] if parses(whole) && parses(decimals) => {
            Some(format!("write {whole}.{decimals}"))
        }
        _ if parses(&text.replace('_', "")) => Some(format!("write {}", text.replace('_', ""))),
        _ => None,
    }
}

/// A number that is whole, and written as a fraction; or a single value where a list is needed.
fn whole(found: &str, expected: &str) -> Option<String> {
    if expected == "a sequence" && found.parse::<f64>().is_ok() {
        return Some(format!("write [{found}]"));
    }
    let number: f64 = found.parse().ok()?;
    let counts = wanted(expected).starts_with("a whole number") && found.contains('.');
    (counts && number.fract() == 0.0 && number >= 0.0).then(|| format!("write {number}"))
}

/// What the parser could not read, and where.
fn parse(
    said: &str,
    behind: &str,
    text: &str,
    place: Option<(usize, usize)>,
) -> (String, Option<(usize, usize)>) {
    if said.contains("more than one document") {
        let what = "a file holds one document: remove the second --- and what stands behind it";
        return (what.to_owned(), None);
    }
    let Some((line, column)) = place else { return (said.to_owned(), None) };
    let c = text
        .lines()
        .nth(line.saturating_sub(1))
        .and_then(|l| l.chars().nth(column.saturating_sub(1)));
    let opened = behind.rsplit_once("at line ").and_then(|(_, at)| {
        let (line, column) = at.split_once(" column ")?;
        Some((line.trim().parse().ok()?, column.trim().parse().ok()?))
    });
    let quote = behind.contains("quoted scalar");
    let (what, place) = match (said, c) {
        ("found character that cannot start any token", Some('\t')) => {
            ("lines are indented with spaces, and this is a tab".to_owned(), (line, column))
        }
        ("found character that cannot start any token", Some(c)) => {
            (format!("a value that begins with `{c}` must stand in quotes"), (line, column))
        }
        ("found unexpected end of stream", _) if quote => {
            ("a quote is opened here and never closed".to_owned(), opened.unwrap_or((line, column)))
        }
        ("mapping values are not allowed in this context", _) => (
            "there is a `:` too many here, or the line is indented too far".to_owned(),
            (line, column),
        ),
        ("did not find expected key", _) => {
            ("this line is indented as none above it".to_owned(), (line, column))
        }
        ("could not find expected ':'", _) => (
            "a line is `key: value`, with a space behind the colon".to_owned(),
            opened.unwrap_or((line, column)),
        ),
        _ => (said.to_owned(), (line, column)),
    };
    (what, Some(place))
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
