//! How numbers and bytes read.

use sha2::{Digest, Sha256};

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// 1234567 as 1,234,567.
#[cfg(feature = "cli")]
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

#[cfg(all(test, feature = "cli"))]
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
