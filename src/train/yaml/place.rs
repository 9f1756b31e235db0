//! Keys in the text of a YAML file, by their lines.

/// Line and column of a key, both from 1 on: each of its parts stands after the one before, and
/// before the next line that is not indented.
pub fn find(text: &str, key: &str) -> Option<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut parts = key.split('.');
    let first = parts.next()?;
    let from = lines.iter().position(|line| key_in(line, first) == Some(0))?;
    let inside = |line: &&&str| line.is_empty() || line.starts_with([' ', '#', '-', '}', ']']);
    let end = from + 1 + lines[from + 1..].iter().take_while(inside).count();
    let mut at = (from, 0);
    for part in parts {
        let (line, column) = at;
        let rest = |k: usize| if k == line { column } else { 0 };
        at = (line..end).find_map(|k| {
            let from = rest(k);
            key_in(&lines[k][from..], part).map(|column| (k, from + column))
        })?;
    }
    let column = lines[at.0][..at.1].chars().count();
    Some((at.0 + 1, column + 1))
}

/// Where `key:` begins in a line, outside a comment.
pub fn key_in(line: &str, key: &str) -> Option<usize> {
    let line = line.split('#').next().unwrap_or_default();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let found = line.match_indices(key).find(|(at, _)| {
        !line[..*at].ends_with(word) && line[at + key.len()..].trim_start().starts_with(':')
    });
    found.map(|(at, _)| at)
}

/// Where a place is, both from 1 on, and its line with a mark below it.
pub fn marked(text: &str, (line, column): (usize, usize)) -> String {
    let place = format!(" at line {line} column {column}");
    let Some(source) = text.lines().nth(line.saturating_sub(1)) else { return place };
    let source: String = source.chars().take(WIDEST).collect();
    let under = " ".repeat(column.saturating_sub(1).min(WIDEST));
    format!("{place}\n {line:4} | {source}\n      | {under}^")
}

/// Longest line of a text that is shown.
const WIDEST: usize = 120;

/// All places where a key stands beside its first: below it in a block, behind it between braces.
pub fn all(text: &str, key: &str) -> Vec<(usize, usize)> {
    let Some((line, column)) = find(text, key) else { return Vec::new() };
    let lines: Vec<&str> = text.lines().collect();
    let name = key.rsplit('.').next().unwrap_or(key);
    let byte = |line: &str| line.char_indices().nth(column - 1).map_or(line.len(), |(at, _)| at);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let start = byte(lines[line - 1]);
    let mut found = vec![(line, column)];
    if indent(lines[line - 1]) == start {
        let inside =
            |line: &&&str| line.trim().is_empty() || line.starts_with('#') || indent(line) >= start;
        for (k, text) in lines.iter().enumerate().skip(line).take_while(|(_, line)| inside(line)) {
            if key_in(text, name) == Some(start) {
                found.push((k + 1, column));
            }
        }
        return found;
    }
    let mut from = start + name.len();
    while let Some(at) = key_in(&lines[line - 1][from..], name) {
        found.push((line, lines[line - 1][..from + at].chars().count() + 1));
        from += at + name.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_again_beside_its_first() {
        let text =
            "seed: 0\nschedule:\n  lr: 1\n  warmup: { lr: 2, at: 3, lr: 4 }\n  lr: 5\nseed: 1\n";
        assert_eq!(all(text, "seed"), [(1, 1), (6, 1)]);
        assert_eq!(all(text, "schedule.lr"), [(3, 3), (5, 3)]);
        assert_eq!(all(text, "schedule.warmup.lr"), [(4, 13), (4, 27)]);
        assert_eq!(all(text, "none"), []);
    }
}
