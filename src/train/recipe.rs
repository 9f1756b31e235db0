//! How to train: the YAML of `specs/recipes`.

use serde::{Deserialize, Serialize};

use super::TrainError;
use crate::data::augment::Augmentation;
use crate::lower::Sgd;
use crate::sema::network::Network;
use crate::study::survival::Survival;

/// The recipe of the paper, carried inside the program.
pub const HE2016: &str = include_str!("../../specs/recipes/he2016.yaml");

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
    pub epochs: Option<u64>,
    /// The update.
    pub optimiser: Optimiser,
    /// The learning rate.
    pub schedule: Schedule,
    /// What is done to training pictures.
    pub augmentation: Augment,
    /// How pictures are standardised.
    pub normalise: Normalise,
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

/// Stochastic gradient descent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimiser {
    /// Momentum.
    pub momentum: f64,
    /// Weight decay of every parameter.
    pub weight_decay: f64,
    /// Nesterov's form.
    #[serde(default)]
    pub nesterov: bool,
}

/// The learning rate over a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// After the warm-up.
    pub lr: f64,
    /// At first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup: Option<Warmup>,
    /// Later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divide: Option<Divide>,
}

/// A constant, lower rate at first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warmup {
    /// For so many steps, or an eighth of the run if that is less.
    pub iterations: u64,
    /// The rate.
    pub lr: f64,
}

/// Steps down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Divide {
    /// By what the rate is divided at each boundary.
    pub by: f64,
    /// The boundaries, in the unit of the recipe's length.
    pub at: Vec<u64>,
}

/// Crops and flips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augment {
    /// Zeros on each side before a random crop.
    pub pad: usize,
    /// Whether half of the pictures are mirrored.
    pub flip: bool,
}

/// How pictures are standardised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalise {
    /// By each channel's mean and deviation over the training set.
    PerChannel,
}

impl Recipe {
    /// Reads and checks a recipe; `name` is where it comes from.
    pub fn parse(name: &str, text: &str) -> Result<Self, TrainError> {
        let recipe: Recipe = serde_yaml::from_str(text)
            .map_err(|error| TrainError::Wrong(format!("recipe {name}: {error}")))?;
        recipe.check().map_err(|text| TrainError::Wrong(format!("recipe {name}: {text}")))?;
        Ok(recipe)
    }

    /// The paper's recipe.
    pub fn he2016() -> Result<Self, TrainError> {
        Self::parse("he2016", HE2016)
    }

    /// The network as this recipe trains and evaluates it.
    pub fn applied(&self, network: Network) -> Result<Network, TrainError> {
        match self.survival {
            None => Ok(network),
            Some(rule) => rule
                .on(&network)
                .map_err(|text| TrainError::Wrong(format!("recipe, survival: {text}"))),
        }
    }

    /// Its length, in the unit of its boundaries.
    pub fn length(&self) -> u64 {
        self.iterations.or(self.epochs).unwrap_or(0)
    }

    /// The optimiser as the compiler takes it.
    pub fn sgd(&self) -> Sgd {
        let Optimiser { momentum, weight_decay, nesterov } = self.optimiser;
        Sgd { momentum, weight_decay, nesterov }
    }

    /// Crops and flips as the loader takes them.
    pub fn augmentation(&self) -> Augmentation {
        Augmentation { pad: self.augmentation.pad, flip: self.augmentation.flip }
    }

    fn check(&self) -> Result<(), String> {
        if !(1..=MOST_BATCH).contains(&self.batch) {
            return Err(format!("batch is {}, and must be 1 to {MOST_BATCH}", self.batch));
        }
        if self.iterations.is_some() == self.epochs.is_some() {
            return Err("give its length as one of iterations and epochs".into());
        }
        if !(1..=MOST_STEPS).contains(&self.length()) {
            return Err(format!("its length must be 1 to {MOST_STEPS}"));
        }
        if self.augmentation.pad > 64 {
            return Err(format!("pad is {}, and must be 0 to 64", self.augmentation.pad));
        }
        self.check_rates()
    }

    fn check_rates(&self) -> Result<(), String> {
        let Schedule { lr, warmup, divide } = &self.schedule;
        at_least_zero("schedule.lr", *lr)?;
        if let Some(warmup) = warmup {
            at_least_zero("schedule.warmup.lr", warmup.lr)?;
        }
        if let Some(divide) = divide {
            if !(divide.by.is_finite() && divide.by > 0.0) {
                return Err(format!("schedule.divide.by is {}, and must be above 0", divide.by));
            }
            if !divide.at.is_sorted() || divide.at.iter().any(|&at| at > self.length()) {
                return Err(format!(
                    "schedule.divide.at must rise and stay within the length, {}",
                    self.length()
                ));
            }
        }
        at_least_zero("optimiser.weight_decay", self.optimiser.weight_decay)?;
        let momentum = self.optimiser.momentum;
        if !(0.0..1.0).contains(&momentum) {
            return Err(format!(
                "optimiser.momentum is {momentum}, and must be 0 or more, below 1"
            ));
        }
        Ok(())
    }
}

fn at_least_zero(name: &str, value: f64) -> Result<(), String> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(format!("{name} is {value}, and must be 0 or more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(change: impl Fn(&str) -> String) -> String {
        let text = change(HE2016);
        assert_ne!(text, HE2016, "the change changed nothing");
        Recipe::parse("r.yaml", &text).unwrap_err().to_string()
    }

    #[test]
    fn the_papers_recipe_reads_as_the_paper_says() {
        let recipe = Recipe::he2016().unwrap();
        assert_eq!((recipe.batch, recipe.iterations), (128, Some(64_000)));
        assert_eq!(recipe.sgd(), Sgd { momentum: 0.9, weight_decay: 1e-4, nesterov: false });
        assert_eq!(recipe.schedule.warmup, Some(Warmup { iterations: 400, lr: 0.01 }));
        let divide = recipe.schedule.divide.unwrap();
        assert_eq!((divide.by, divide.at), (10.0, vec![32_000, 48_000]));
    }

    #[test]
    fn what_is_written_reads_back() {
        let recipe = Recipe::he2016().unwrap();
        let text = serde_yaml::to_string(&recipe).unwrap();
        assert_eq!(Recipe::parse("again", &text).unwrap(), recipe);
    }

    #[test]
    fn mistakes_are_named() {
        let unknown = error(|t| t.replace("momentum:", "momentun:"));
        assert!(unknown.contains("momentun") && unknown.contains("line"), "{unknown}");
        let both = error(|t| t.replace("iterations: 64000", "iterations: 64000\nepochs: 3"));
        assert!(both.contains("one of iterations and epochs"), "{both}");
        let neither = error(|t| t.replace("iterations: 64000", ""));
        assert!(neither.contains("one of iterations and epochs"), "{neither}");
        let order = error(|t| t.replace("[32000, 48000]", "[48000, 32000]"));
        assert!(order.contains("must rise"), "{order}");
        let late = error(|t| t.replace("48000]", "65000]"));
        assert!(late.contains("within the length"), "{late}");
        let batch = error(|t| t.replace("batch: 128", "batch: 0"));
        assert!(batch.contains("batch is 0"), "{batch}");
        let momentum = error(|t| t.replace("momentum: 0.9", "momentum: 1"));
        assert!(momentum.contains("momentum is 1"), "{momentum}");
        let rate = error(|t| t.replace("lr: 0.1\n", "lr: .nan\n"));
        assert!(rate.contains("schedule.lr"), "{rate}");
        let negative = error(|t| t.replace("seed: 0", "seed: -1"));
        assert!(negative.contains("seed"), "{negative}");
    }
}
