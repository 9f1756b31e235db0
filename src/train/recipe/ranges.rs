//! Ranges that numbers of several keys have.

use crate::train::yaml::Mistake;

/// Refuses what is below 0, and what is no number.
pub(super) fn at_least_zero(key: &'static str, value: f64) -> Result<(), Mistake> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Mistake::at(key, format!("{key} is {value}, and must be 0 or more")))
}
