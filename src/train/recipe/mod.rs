//! How to train: the YAML of `specs/recipes`.

use serde::{Deserialize, Serialize};

use super::epochs::{Epochs, in_steps};
use super::part::Part;
use super::{TrainError, yaml};
use crate::data::Pictures;
use crate::data::batches::Showing;
use crate::data::order::Sampling;
use crate::data::targets::Targets;
use crate::data::validation::Amount;
use crate::data::views::{View, Views};
use crate::engine::Precision;
use crate::network::Network;
use crate::network::survival::Survival;
use crate::pixels::Border;

mod augmentation;
pub mod averages;
mod base;
mod check;
mod classes;
mod clip;
pub mod groups;
mod optimiser;
pub mod pattern;
mod ranges;
mod schedule;
mod sizes;
#[cfg(test)]
mod tests;
mod validation;

pub use crate::data::sizing::MOST_RESIZE;
pub use augmentation::{Augment, Pad};
pub use averages::{Ema, Lookahead};
pub use classes::ClassWeights;
pub use validation::Stop;

use base::Based;
pub use base::Change;
pub use clip::Clip;
use groups::{Group, Patterns, Statistics};
pub use optimiser::{Decay, Kind, Optimiser, Otherwise};
pub use schedule::{Cosine, Curve, Divide, OneCycle, Point, Schedule, Warmup, WarmupCurve};
pub use sizes::{Size, Stage};

/// The recipe of the paper, carried inside the program.
pub const HE2016: &str = include_str!("../../../specs/recipes/he2016.yaml");

/// Recipes that are known by name.
pub const BUNDLED: [(&str, &str); 8] = [
    ("he2016", HE2016),
    ("stochastic_depth", include_str!("../../../specs/recipes/stochastic_depth.yaml")),
    ("shakedrop", include_str!("../../../specs/recipes/shakedrop.yaml")),
    ("fast", include_str!("../../../specs/recipes/fast.yaml")),
    ("resnet9", include_str!("../../../specs/recipes/resnet9.yaml")),
    ("airbench94", include_str!("../../../specs/recipes/airbench94.yaml")),
    ("airbench94_muon", include_str!("../../../specs/recipes/airbench94_muon.yaml")),
    ("airbench96", include_str!("../../../specs/recipes/airbench96.yaml")),
];

/// Largest batch a recipe or the command line may ask for.
pub const MOST_BATCH: usize = 65_536;
/// Longest run, in steps or epochs.
pub const MOST_STEPS: u64 = 1_000_000_000;

/// A recipe. Exactly one of `iterations` and `epochs` gives its length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Pictures a step.
    pub batch: usize,
    /// Length in steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u64>,
    /// Length in epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<Epochs>,
    /// The update.
    pub optimiser: Optimiser,
    /// Parameters that are not trained.
    #[serde(default, skip_serializing_if = "Patterns::is_empty")]
    pub freeze: Patterns,
    /// What batch norms of frozen parts do.
    #[serde(default, skip_serializing_if = "Statistics::is_default")]
    pub statistics: Statistics,
    /// Parameters with an update of their own; the first group that matches one has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// Whether batch norms of a run on several ranks take the statistics of all ranks' pictures, rather
    /// than each rank's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sync_bn: bool,
    /// How gradients are limited before the update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// Slow weights; none, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookahead: Option<Lookahead>,
    /// A moving average of the weights; none, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ema: Option<Ema>,
    /// The learning rate.
    pub schedule: Schedule,
    /// What is done to training pictures.
    pub augmentation: Augment,
    /// How pictures are standardised.
    pub normalise: Normalise,
    /// What the shorter side of pictures in files becomes before their middle is classified, as large as
    /// the net reads; training crops are taken out of the square in the middle. Unless given, pictures are
    /// stretched to what the net reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<usize>,
    /// What training pictures are stretched to for a part of the run, one part behind the other; then they
    /// are as large as the net reads. What is measured is always so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<Stage>,
    /// Share of a target that is spread evenly over all classes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub label_smoothing: f64,
    /// What each class counts in the loss; all alike, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<ClassWeights>,
    /// How often an epoch visits each picture.
    #[serde(default, skip_serializing_if = "Sampling::is_once")]
    pub sampling: Sampling,
    /// Precision of the computation, unless the command line gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
    /// How much of the training pictures is set apart to choose by; none, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Amount>,
    /// What the best checkpoint is chosen on: unless given, on the validation part where there is
    /// one, and else on the test pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Part>,
    /// When the run ends before its length; never, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// Which views of a picture are classified, where it is not the picture alone.
    #[serde(default, skip_serializing_if = "Views::is_one")]
    pub views: Views,
    /// When pictures are classified to choose by; after the last step they always are, and the test
    /// pictures too.
    #[serde(default)]
    pub evaluate: Cadence,
    /// When the run is saved, and what is kept.
    #[serde(default)]
    pub checkpoint: Checkpoints,
    /// Seed of the order, the crops, the first parameters and dropout.
    pub seed: u32,
    /// Which units' branches a mini-batch keeps; all, unless given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "serde_yaml::with::singleton_map_recursive"
    )]
    pub survival: Option<Survival>,
}

/// How pictures are standardised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalise {
    /// By each channel's mean and deviation over the training set.
    PerChannel,
    /// By each pixel's mean, and each channel's deviation.
    PerPixel,
    /// By torchvision's numbers for ImageNet.
    Imagenet,
}

/// How often; exactly one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cadence {
    /// Every so many epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u64>,
    /// Every so many steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
}

impl Default for Cadence {
    fn default() -> Self {
        Self { epochs: Some(1), steps: None }
    }
}

/// When a run is saved; exactly one of `epochs` and `steps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoints {
    /// Every so many epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u64>,
    /// Every so many steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// How many are kept, next to the best.
    #[serde(default = "kept")]
    pub keep: usize,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Self { epochs: Some(1), steps: None, keep: kept() }
    }
}

impl Checkpoints {
    /// When.
    pub fn cadence(&self) -> Cadence {
        Cadence { epochs: self.epochs, steps: self.steps }
    }
}

fn kept() -> usize {
    5
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl Recipe {
    /// Reads and checks a recipe; `name` is where it comes from. One with a key `base` changes another:
    /// a file beside it, or one that is bundled.
    pub fn parse(name: &str, text: &str) -> Result<Self, TrainError> {
        let Some(Based { keys, texts }) = base::with_base(name, text)? else {
            let recipe: Recipe = yaml::read("recipe", name, text)?;
            check::check(&recipe).map_err(|mistake| mistake.shown("recipe", name, text))?;
            return Ok(recipe);
        };
        let whole = serde_yaml::to_string(&keys).unwrap_or_default();
        let recipe = Self::parse_keys(name, &whole).map_err(|error| {
            // A key is shown where it stands in a text that somebody wrote, not in what results.
            let what = error.without_place().into();
            let error = TrainError::Unclear { kind: "recipe", name: name.to_owned(), what };
            base::own_mistake(&texts).unwrap_or(error)
        })?;
        check::check(&recipe).map_err(|mistake| {
            let written = texts.iter().find(|(_, text)| mistake.is_in(text));
            let (name, text) = written.map_or((name, text), |(name, text)| (name, text));
            mistake.shown("recipe", name, text)
        })?;
        Ok(recipe)
    }

    fn parse_keys(name: &str, whole: &str) -> Result<Self, TrainError> {
        yaml::read("recipe", name, whole)
    }

    /// The same with some keys changed, each as its path and its value in YAML: `schedule.lr`, `0.05`.
    ///
    /// # Errors
    /// There is no such key, or what results makes no sense.
    pub fn changed(&self, changes: &[Change]) -> Result<Self, TrainError> {
        if changes.is_empty() {
            return Ok(self.clone());
        }
        let keys = serde_yaml::to_value(self).unwrap_or_default();
        let read = |changes: &[Change]| -> Result<Self, String> {
            let keys = base::changed(keys.clone(), changes)?;
            let whole = serde_yaml::to_string(&keys).unwrap_or_default();
            let recipe = Self::parse_keys("", &whole).map_err(|error| error.without_place())?;
            check::check(&recipe).map_err(|mistake| mistake.told().to_owned())?;
            Ok(recipe)
        };
        read(changes).map_err(|what| {
            let paths: Vec<&str> = changes.iter().map(|(path, _)| path.as_str()).collect();
            let (name, what) = (paths.join(", "), what.into());
            TrainError::Unclear { kind: "recipe, with", name, what }
        })
    }

    /// Says what is wrong with a recipe that a program made.
    pub fn check(&self) -> Result<(), TrainError> {
        check::check(self).map_err(|mistake| mistake.shown("recipe", "as it was made", ""))
    }

    /// The recipe of a name, if it is bundled.
    pub fn bundled(name: &str) -> Option<Result<Self, TrainError>> {
        let (name, text) = BUNDLED.iter().find(|(bundled, _)| *bundled == name)?;
        Some(Self::parse(name, text))
    }

    /// The paper's recipe.
    pub fn he2016() -> Result<Self, TrainError> {
        Self::parse("he2016", HE2016)
    }

    /// The network as this recipe trains and evaluates it.
    pub fn applied(&self, network: Network) -> Result<Network, TrainError> {
        match self.survival {
            None => Ok(network),
            Some(rule) => rule.on(&network).map_err(TrainError::Survival),
        }
    }

    /// Its length, in the unit of its boundaries.
    pub fn length(&self) -> f64 {
        let iterations = self.iterations.map(|iterations| iterations as f64);
        iterations.or(self.epochs.map(|epochs| epochs.0)).unwrap_or(0.0)
    }

    /// Its length in steps, where an epoch has so many.
    pub fn steps(&self, per_epoch: u64) -> u64 {
        in_steps(self.iterations, self.epochs, per_epoch)
    }

    /// Where the training of some groups ends, each once, in the order of the groups.
    pub fn ends(&self) -> Vec<Epochs> {
        let mut ends: Vec<Epochs> = Vec::new();
        for end in self.groups.iter().filter_map(|group| group.until) {
            if !ends.contains(&end) {
                ends.push(end);
            }
        }
        ends
    }

    /// What is put around training pictures.
    pub fn border(&self) -> (usize, Border) {
        let Pad { by, mode } = self.augmentation.pad;
        (by, mode)
    }

    /// The views of pictures that are classified.
    pub fn seen(&self, views: Views) -> Vec<View> {
        views.of(self.border())
    }

    /// How the loader shows training pictures.
    pub fn showing(&self, pictures: &dyn Pictures, classes: usize) -> Showing {
        let weights = self.class_weights.as_ref();
        let weights = weights.map(|weights| weights.resolved(pictures, classes));
        let (smoothing, weights) = (self.label_smoothing, weights.unwrap_or_default());
        Showing {
            augmentation: self.augmentation.augmentation(),
            targets: Targets { classes, smoothing, weights },
            sampling: self.sampling,
            sides: None,
            seed: self.seed,
            share: None,
        }
    }
}
