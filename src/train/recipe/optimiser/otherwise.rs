//! The optimiser of what Muon does not train.

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::super::groups::Group;
use super::super::ranges::at_least_zero;
use super::settings::{Kind, Settings, given};
use crate::nn::optimiser::Rule;
use crate::train::yaml::Mistake;

/// The key that it stands under.
const AT: &str = "optimiser.otherwise";

/// Of vectors, the first layer and the head.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Otherwise {
    /// Which.
    pub kind: Kind,
    /// Its rate where the schedule's is `lr`.
    pub lr: f64,
    /// Momentum, of SGD.
    #[serde(default, deserialize_with = "given")]
    pub momentum: Option<f64>,
    /// Nesterov's form, of SGD.
    #[serde(default, deserialize_with = "given")]
    pub nesterov: Option<bool>,
    /// β₁ and β₂, of AdamW and Lion.
    #[serde(default, deserialize_with = "given")]
    pub betas: Option<[f64; 2]>,
    /// ε, of AdamW.
    #[serde(default, deserialize_with = "given")]
    pub eps: Option<f64>,
    /// Weight decay.
    pub weight_decay: f64,
}

impl Otherwise {
    fn settings(&self) -> Settings {
        let Self { kind, momentum, nesterov, betas, eps, .. } = *self;
        Settings { kind, momentum, nesterov, betas, eps, ..Settings::default() }
    }

    /// As the compiler takes it.
    pub fn rule(&self) -> Rule {
        self.settings().rule()
    }

    /// Says what is wrong with it.
    pub(super) fn check(&self) -> Result<(), Mistake> {
        if self.kind == Kind::Muon {
            let text = "muon trains matrices; for the rest write otherwise: { kind: adamw, lr: 0.001, \
                        weight_decay: 0.01 }, or sgd, or lion";
            return Err(Mistake::at(format!("{AT}.kind"), text));
        }
        self.settings().check(AT, &["lr", "weight_decay"])?;
        at_least_zero("optimiser.otherwise.lr", self.lr)?;
        at_least_zero("optimiser.otherwise.weight_decay", self.weight_decay)
    }
}

/// How much higher or lower one rate may be than the other: steps are computed in f32.
const MOST_APART: f64 = 1e30;

impl Otherwise {
    /// What the schedule's rate, `highest` where it is `lr`, is multiplied by.
    pub fn share(&self, highest: f64) -> f64 {
        if self.lr == 0.0 { 0.0 } else { self.lr / highest }
    }

    /// Refuses a schedule that this rate cannot follow, times the factors of groups.
    pub(in super::super) fn check_rate(
        &self,
        highest: f64,
        groups: &[Group],
    ) -> Result<(), Mistake> {
        let factors = groups.iter().filter_map(|group| group.lr_factor).filter(|f| *f > 0.0);
        let shares = std::iter::once(1.0).chain(factors).map(|factor| factor * self.share(highest));
        let near = |share: f64| (1.0 / MOST_APART..=MOST_APART).contains(&share);
        if self.lr == 0.0 || shares.into_iter().all(near) {
            return Ok(());
        }
        let text = if highest == 0.0 {
            format!(
                "{AT}.lr follows schedule.lr, which is 0, and so would never be {}: give schedule.lr a rate \
                 above 0, and freeze what muon is not to train",
                self.lr
            )
        } else {
            format!(
                "{AT}.lr is {:e} and schedule.lr {highest:e}: with the factors of groups one may be {MOST_APART:e} \
                 times the other at most",
                self.lr
            )
        };
        Err(Mistake::at(format!("{AT}.lr"), text))
    }
}

/// Two are equal if they come to the same.
impl PartialEq for Otherwise {
    fn eq(&self, other: &Self) -> bool {
        let of = |it: &Self| (it.rule(), it.lr, it.weight_decay);
        of(self) == of(other)
    }
}

/// What it comes to: all that its kind takes.
impl Serialize for Otherwise {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("kind", &self.kind)?;
        map.serialize_entry("lr", &self.lr)?;
        self.settings().write(&mut map)?;
        map.serialize_entry("weight_decay", &self.weight_decay)?;
        self.settings().write_last(&mut map)?;
        map.end()
    }
}
