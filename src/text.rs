//! How numbers read.

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

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn commas_stand_before_every_third_digit_from_the_right() {
        assert_eq!(
            [0, 999, 1000, 1_727_962].map(|n| thousands(n)),
            ["0", "999", "1,000", "1,727,962"]
        );
    }
}
