//! Patterns over names of parameters.

use std::ops::RangeInclusive;

/// A pattern: `*` is any text, `?` any character, `{2..7}` any number from 2 to 7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Is(char),
    One,
    Any,
    Number(RangeInclusive<u64>),
}

impl Pattern {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with a range.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            pieces.push(match c {
                '*' => Piece::Any,
                '?' => Piece::One,
                '{' => {
                    let (inner, after) = rest.split_once('}').ok_or(RANGE)?;
                    rest = after;
                    Piece::Number(range(inner).ok_or(RANGE)?)
                }
                c => Piece::Is(c),
            });
        }
        Ok(Self(pieces))
    }

    /// Whether it matches a name, or the beginning of one up to a dot.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let mut reached = vec![false; name.len() + 1];
        reached[0] = true;
        for piece in &self.0 {
            reached = piece.after(&name, &reached);
        }
        reached.iter().enumerate().any(|(at, &here)| here && name.get(at).is_none_or(|c| *c == '.'))
    }
}

const RANGE: &str = "a range of numbers is written {1..9}";

fn range(text: &str) -> Option<RangeInclusive<u64>> {
    let (first, last) = text.split_once("..")?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some(first..=last)
}

impl Piece {
    /// Where it can end, from where it can begin.
    fn after(&self, name: &[char], from: &[bool]) -> Vec<bool> {
        let mut to = vec![false; from.len()];
        if let Piece::Any = self {
            let mut begun = false;
            for (to, from) in to.iter_mut().zip(from) {
                begun |= from;
                *to = begun;
            }
            return to;
        }
        for at in (0..name.len()).filter(|&at| from[at]) {
            let length = match self {
                Piece::Is(c) => usize::from(name[at] == *c),
                Piece::One => 1,
                Piece::Number(range) => number(name, at, range),
                Piece::Any => 0,
            };
            if length > 0 {
                to[at + length] = true;
            }
        }
        to
    }
}

/// Digits of the whole number that stands at a place, where it is in the range; else 0.
fn number(name: &[char], at: usize, range: &RangeInclusive<u64>) -> usize {
    let inside = at > 0 && name[at - 1].is_ascii_digit();
    let digits: String = name[at..].iter().take_while(|c| c.is_ascii_digit()).collect();
    match digits.parse() {
        Ok(number) if !inside && range.contains(&number) => digits.len(),
        Ok(_) | Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(name)
    }

    #[test]
    fn a_pattern_matches_whole_names_and_sections() {
        let name = "units.12.F.conv1.weight";
        for pattern in [
            "units",
            "units.12",
            "units.12.F.conv1.weight",
            "*",
            "*.weight",
            "*.F.*",
            "units.1?",
            "units.{2..12}",
            "units.{12..30}.F",
            "*.conv{1..1}.weight",
            "*{1..1}",
            "un*w*ei*t",
        ] {
            assert!(matches(pattern, name), "{pattern}");
        }
        for pattern in [
            "unit",
            "units.1",
            "units.{1..2}",
            "units.1{2..2}",
            "units.{13..30}",
            "*.bias",
            "conv1",
            "?",
            "units.12.F.conv1.weights",
        ] {
            assert!(!matches(pattern, name), "{pattern}");
        }
    }

    #[test]
    fn ranges_that_are_none_are_told() {
        for pattern in ["{", "a{1..}", "{2..1}", "{1-3}", "{..}", "{99999999999999999999..2}"] {
            assert_eq!(Pattern::parse(pattern), Err(RANGE), "{pattern}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let (pattern, name) = ("*a".repeat(100), "a".repeat(20_000) + "b");
        assert!(!matches(&(pattern + "c"), &name));
    }
}
