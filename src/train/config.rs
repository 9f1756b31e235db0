//! What a run was asked to do, resolved: the content of its `config.yaml`, and of the metadata
//! of its checkpoints.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::recipe::Recipe;
use super::record::format::FormatVersion;
use super::schedule::Length;
use crate::data::normalise::Normalisation;
use crate::engine::Precision;

/// The version of `config.yaml`. Checkpoints hold a configuration too, so their version grows with
/// this one.
pub const FORMAT: u32 = 1;

/// A resolved configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The version it is written in.
    #[serde(default)]
    pub format: FormatVersion<FORMAT>,
    /// Name of the spec, as the user gave it.
    pub spec: String,
    /// What `--set` gave.
    pub settings: BTreeMap<String, String>,
    /// Name of the data set.
    pub data: String,
    /// Pictures in its training set.
    pub pictures: usize,
    /// How long to train.
    #[serde(with = "serde_yaml::with::singleton_map")]
    pub length: Length,
    /// Steps of the whole run.
    pub steps: u64,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
    /// Precision of the computation.
    pub precision: Precision,
    /// Whether backward computes activations again instead of reading them.
    #[serde(default)]
    pub recompute: bool,
    /// Engine and device; a run may go on on another one.
    pub device: String,
    /// Recipe, with the command line's batch and seed in it.
    pub recipe: Recipe,
    /// Names of the classes, by label.
    pub classes: Vec<String>,
    /// Mean and deviation of each channel of the training set.
    pub normalisation: Normalisation,
    /// The spec's text.
    pub spec_text: String,
}

impl Config {
    /// What differs from an earlier configuration in a way that matters to a run that goes on.
    pub fn difference(&self, earlier: &Config) -> Option<String> {
        let pair = |name: &str, new: &dyn std::fmt::Debug, old: &dyn std::fmt::Debug| {
            let (new, old) = (format!("{new:?}"), format!("{old:?}"));
            (new != old).then(|| format!("{name} was {old}, and is {new} now"))
        };
        let precision = |config: &Config| config.precision.to_string();
        if self.spec_text != earlier.spec_text {
            return Some("the spec's text has changed".into());
        }
        pair("settings", &self.settings, &earlier.settings)
            .or_else(|| pair("data", &self.data, &earlier.data))
            .or_else(|| pair("the number of pictures", &self.pictures, &earlier.pictures))
            .or_else(|| pair("the classes", &self.classes, &earlier.classes))
            .or_else(|| {
                let changed = self.normalisation != earlier.normalisation;
                (changed && self.recipe.normalise == earlier.recipe.normalise)
                    .then(|| "the training pictures have changed".into())
            })
            .or_else(|| pair("precision", &precision(self), &precision(earlier)))
            .or_else(|| pair("recompute", &self.recompute, &earlier.recompute))
            .or_else(|| pair("the recipe", &self.recipe, &earlier.recipe))
            .or_else(|| pair("the number of steps", &self.steps, &earlier.steps))
    }
}
