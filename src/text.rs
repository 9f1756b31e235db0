//! How numbers, lists and bytes read, and which name a wrong one may have been meant for.

use strsim::osa_distance;

/// Bytes as lower-case hexadecimal digits.
#[cfg(feature = "engines")]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of bytes one part after the other, in hexadecimal digits.
#[cfg(feature = "engines")]
pub fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = <sha2::Sha256 as sha2::Digest>::new();
    parts.into_iter().for_each(|part| sha2::Digest::update(&mut hash, part));
    hex(&sha2::Digest::finalize(hash))
}

/// 1234567 as 1,234,567.
pub fn thousands(n: impl std::fmt::Display) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number for a message: at most four decimals, powers of ten where it is very large or small.
pub fn short(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-3..1e15).contains(&size) {
        return format!("{number:e}");
    }
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// a, b and c; or with another word before the last.
pub fn series(items: &[impl ToString], before_last: &str) -> String {
    let words: Vec<String> = items.iter().map(ToString::to_string).collect();
    match words.as_slice() {
        [first @ .., last] if !first.is_empty() => {
            format!("{} {before_last} {last}", first.join(", "))
        }
        all => all.concat(),
    }
}

/// 1 unit, 2 units
#[cfg(feature = "engines")]
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A text as it stands between the commas of a CSV file: in quotes where it needs them (RFC 4180).
#[cfg(feature = "cli")]
pub fn csv_cell(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// A text as it stands in HTML and SVG, in quotes or out of them.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A text without the byte order mark that some editors put before it.
#[cfg(feature = "engines")]
pub fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The candidate nearest to `name`, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let limit = (name.chars().count() / 3).max(1);
    let folded = name.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST && *candidate != name)
        .map(|candidate| (osa_distance(&folded, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= limit && distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_is_near() {
        assert_eq!(nearest("widht", ["width", "stride"]), Some("width"));
        assert_eq!(nearest("Relu", ["relu", "conv"]), Some("relu"));
        assert_eq!(nearest("banana", ["width", "stride"]), None);
        assert_eq!(nearest("q", ["x", "y"]), None);
    }

    #[test]
    #[cfg(feature = "engines")]
    fn lists_and_counts_read_as_english() {
        let lists = [&["a"][..], &["a", "b", "c"]].map(|items| series(items, "or"));
        assert_eq!(lists, ["a", "a, b or c"]);
        assert_eq!([0, 1, 2].map(|n| counted(n, "unit")), ["0 units", "1 unit", "2 units"]);
    }

    #[test]
    fn commas_stand_before_every_third_digit_from_the_right() {
        assert_eq!([0, 999, 1000, 1_727_962].map(thousands), ["0", "999", "1,000", "1,727,962"]);
    }
}
