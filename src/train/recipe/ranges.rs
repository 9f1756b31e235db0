//! Ranges that numbers of several keys have.

use std::borrow::Cow;
use std::fmt::Display;

use super::MOST_STEPS;
use crate::train::epochs::Epochs;
use crate::train::yaml::Mistake;

/// Refuses what is below 0, and what is no number.
pub(super) fn at_least_zero(key: &'static str, value: f64) -> Result<(), Mistake> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Mistake::at(key, format!("{key} is {value}, and must be 0 or more")))
}

/// Refuses what is not above 0.
pub(super) fn above_zero(key: impl Into<Cow<'static, str>>, value: f64) -> Result<(), Mistake> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    let key = key.into();
    let text = format!("{key} is {value}, and must be above 0");
    Err(Mistake::at(key, text))
}

/// Refuses what is not from 0 on, below 1.
pub(super) fn below_one(key: impl Into<Cow<'static, str>>, value: f64) -> Result<(), Mistake> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    let key = key.into();
    let text = format!("{key} is {value}, and must be 0 or more, below 1");
    Err(Mistake::at(key, text))
}

/// Refuses what is not above 0, at most 1.
pub(super) fn up_to_one(key: &'static str, value: f64) -> Result<(), Mistake> {
    if value > 0.0 && value <= 1.0 {
        return Ok(());
    }
    Err(Mistake::at(key, format!("{key} is {value}, and must be above 0, at most 1")))
}

/// Refuses what is not from 0 to `most`.
pub(super) fn up_to<T: PartialOrd + Default + Display>(
    key: &'static str,
    value: T,
    most: T,
) -> Result<(), Mistake> {
    within(key, value, [T::default(), most])
}

/// Refuses what is not from the first to the last.
pub(super) fn within<T: PartialOrd + Display>(
    key: impl Into<Cow<'static, str>>,
    value: T,
    [least, most]: [T; 2],
) -> Result<(), Mistake> {
    if least <= value && value <= most {
        return Ok(());
    }
    let key = key.into();
    let text = format!("{key} is {value}, and must be {least} to {most}");
    Err(Mistake::at(key, text))
}

/// Refuses what is no length.
pub(super) fn length_makes_sense(
    key: &'static str,
    name: &str,
    epochs: Epochs,
) -> Result<(), Mistake> {
    if epochs.0 > 0.0 && epochs.0 <= MOST_STEPS as f64 {
        return Ok(());
    }
    let text = format!("{name} is {epochs}, and must be above 0, at most {MOST_STEPS}");
    Err(Mistake::at(key, text))
}
