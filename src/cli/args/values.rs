//! Values of options, read and checked.

use std::ops::RangeInclusive;
use std::path::Path;

use crate::data::Set;

pub(super) fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_string(), value.trim().to_string()))
        }
        Some(_) | None => Err("write a name, =, and a value: --set depth=20".into()),
    }
}

pub(super) fn set(text: &str) -> Result<Set, String> {
    Set::parse(text, Path::new("")).ok_or_else(|| format!("must be {}", Set::known()))
}

pub(super) fn batch(text: &str) -> Result<usize, String> {
    between(text, crate::train::recipe::MOST_BATCH)
}

pub(super) fn threads(text: &str) -> Result<usize, String> {
    between(text, 1024)
}

/// `3..7` (both ends included), or `3`.
pub(super) fn amounts(text: &str) -> Result<RangeInclusive<usize>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if 1 <= first && first <= last => Ok(first..=last),
        _ => Err("write a range of whole numbers from 1 on, both ends included: 1..20".into()),
    }
}

fn between(text: &str, most: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=most).contains(&n) => Ok(n),
        Ok(_) | Err(_) => Err(format!("must be a whole number from 1 to {most}")),
    }
}
