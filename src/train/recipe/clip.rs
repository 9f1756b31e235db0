//! The key that limits gradients.

use serde::{Deserialize, Serialize};

use super::optimiser::given;
use super::ranges::above_zero;
use crate::nn::optimiser;
use crate::train::yaml::Mistake;

/// A limit on gradients before an update; exactly one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    /// On the norm of all gradients together.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub norm: Option<f64>,
    /// On the size of each element.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

impl Clip {
    /// As the compiler takes it.
    pub fn rule(self) -> optimiser::Clip {
        match (self.norm, self.value) {
            (Some(norm), _) => optimiser::Clip::Norm(norm),
            (None, value) => optimiser::Clip::Value(value.unwrap_or(f64::MAX)),
        }
    }

    /// Says what is wrong with it.
    pub(super) fn check(self) -> Result<(), Mistake> {
        match (self.norm, self.value) {
            (Some(norm), None) => above_zero("clip.norm", norm),
            (None, Some(value)) => above_zero("clip.value", value),
            (Some(_), Some(_)) | (None, None) => {
                Err(Mistake::at("clip", "give clip one of norm and value"))
            }
        }
    }
}
