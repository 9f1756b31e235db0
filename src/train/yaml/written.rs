//! YAML that older readers read alike.
//!
//! What is written here is YAML 1.2. Most scripts read it as 1.1 (PyYAML), in which `no` is a truth
//! value, `12:30` a number of base 60, and `1e-7` a text.

use serde::Serialize;

/// A value as YAML that means the same in 1.1 and in 1.2. What stands after a
/// block of text is left as it is.
pub fn to_string(value: &impl Serialize) -> Result<String, serde_yaml::Error> {
    let text = serde_yaml::to_string(value)?;
    let mut lines = text.lines();
    let mut out = String::with_capacity(text.len());
    for line in lines.by_ref() {
        out += &alike(line);
        out.push('\n');
        if [" |", " |-", " |+"].iter().any(|mark| line.ends_with(mark)) {
            break;
        }
    }
    // The block is what it is.
    lines.for_each(|line| {
        out += line;
        out.push('\n');
    });
    Ok(out)
}

/// A line whose value is written so that both versions agree on it.
fn alike(line: &str) -> String {
    let mut rest = line.trim_start_matches(' ');
    while let Some(inner) = rest.strip_prefix("- ") {
        rest = inner;
    }
    let value = match rest.split_once(": ") {
        Some((key, value)) if !key.starts_with(['\'', '"']) => value,
        Some(_) | None => rest,
    };
    let before = &line[..line.len() - value.len()];
    if value.starts_with(['\'', '"', '[', '{', '|', '>', '&', '*']) {
        return line.to_string();
    }
    if let Some(number) = with_point(value) {
        return format!("{before}{number}");
    }
    match is_other_in_1_1(value) {
        true => format!("{before}'{value}'"),
        false => line.to_string(),
    }
}

/// `1e-7` as `1.0e-7`.
fn with_point(value: &str) -> Option<String> {
    let (digits, exponent) = value.split_once('e')?;
    let whole = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = |text: &str| text.trim_start_matches(['+', '-']).to_string();
    if !whole(&unsigned(exponent)) {
        return None;
    }
    let sign = if exponent.starts_with(['+', '-']) { "" } else { "+" };
    match whole(&unsigned(digits)) {
        true => Some(format!("{digits}.0e{sign}{exponent}")),
        false => {
            (sign == "+" && value.parse::<f64>().is_ok()).then(|| format!("{digits}e+{exponent}"))
        }
    }
}

/// Whether 1.1 reads a plain text as something else: truth values, numbers of base 60, numbers
/// with underscores.
fn is_other_in_1_1(value: &str) -> bool {
    let truth = ["y", "n", "yes", "no", "on", "off"].contains(&value.to_lowercase().as_str());
    let digit = value.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit());
    let only = |more: &str| value.chars().all(|c| c.is_ascii_digit() || more.contains(c));
    truth
        || (digit
            && ((value.contains(':') && only("+-:._")) || (value.contains('_') && only("+-._"))))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_the_versions_read_otherwise_is_written_otherwise_and_reads_back() {
        let texts = ["no", "On", "y", "12:30", "1_000", "cat", "a: b", "no way", "1e5", "~", "0o7"];
        let texts: Vec<String> = texts.map(String::from).to_vec();
        let numbers: Vec<f64> = vec![1e-7, 0.1, 2.5e-9, 1e30, -1e-12, 3.0];
        let block = "no\n- yes\nrate: 1e-7\n".to_string();
        let value = (&texts, &numbers, BTreeMap::from([("spec_text", &block)]));
        let written = to_string(&value).unwrap();
        for line in ["- 'no'", "- 'On'", "- 'y'", "- '12:30'", "- '1_000'", "- cat", "- 1.0e-7"] {
            assert!(written.contains(&format!("{line}\n")), "{line} in {written}");
        }
        assert!(written.contains("- 1.0e+30\n") && written.contains("- 2.5e-9\n"), "{written}");
        let (t, n, b): (Vec<String>, Vec<f64>, BTreeMap<String, String>) =
            serde_yaml::from_str(&written).unwrap();
        assert_eq!((t, n, &b["spec_text"]), (texts, numbers, &block));
    }
}
