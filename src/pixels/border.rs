//! What lies around a picture.

use serde::{Deserialize, Serialize};

/// What a crop sees outside its picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Border {
    /// Zero, after standardisation.
    #[default]
    Zeros,
    /// The picture mirrored at its outermost pixels, which stand once: … 2 1 0 1 2 …
    Reflect,
}

/// Where place `at` of a row of `len` pixels, continued by mirrors, is in it.
pub(super) fn reflected(at: i64, len: usize) -> usize {
    let last = len as i64 - 1;
    if last <= 0 {
        return 0;
    }
    let within = at.rem_euclid(2 * last);
    within.min(2 * last - within) as usize
}
