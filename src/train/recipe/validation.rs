//! On what the best checkpoint is chosen, and when a run gives up.

use serde::{Deserialize, Serialize};

use super::{MOST_STEPS, Recipe};
use crate::data::validation::Amount;
use crate::train::yaml::Mistake;

/// When a run ends before its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// After so many epochs without a lower error.
    pub after: u64,
}

/// Says what is wrong with these keys.
pub fn check(recipe: &Recipe) -> Result<(), Mistake> {
    match recipe.validation {
        Some(Amount::Count(0)) => {
            return Err(Mistake::at("validation", "validation is 0; leave it away for none"));
        }
        Some(Amount::Share(share)) if !(share > 0.0 && share < 1.0) => {
            let text = format!(
                "validation is {share}, and a share must be above 0 and below 1; a number of \
                 pictures is written without a point"
            );
            return Err(Mistake::at("validation", text));
        }
        Some(Amount::Count(_) | Amount::Share(_)) | None => {}
    }
    match recipe.stop {
        Some(Stop { after }) if !(1..=MOST_STEPS).contains(&after) => {
            let text = format!("stop.after is {after}, and must be 1 to {MOST_STEPS} epochs");
            Err(Mistake::at("stop.after", text))
        }
        Some(_) | None => Ok(()),
    }
}
