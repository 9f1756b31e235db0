//! The keys of an optimiser: which there are (`settings`: which of them each kind takes), and those of the
//! one that trains what Muon does not (`otherwise`).

mod otherwise;
mod settings;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::ranges::{at_least_zero, up_to_one};
use crate::nn::optimiser::{Adjust, Rule};
use crate::train::yaml::Mistake;

pub use otherwise::Otherwise;
use settings::Settings;
pub(super) use settings::given;
pub use settings::{Kind, of_kinds};

/// The update, as it is written. Keys that a kind does not take are refused by [`Optimiser::check`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimiser {
    /// Which.
    #[serde(default)]
    pub kind: Kind,
    /// Momentum, of SGD and Muon.
    #[serde(default, deserialize_with = "given")]
    pub momentum: Option<f64>,
    /// Weight decay.
    pub weight_decay: f64,
    /// Of which parameters.
    #[serde(default)]
    pub decay: Decay,
    /// Nesterov's form, of SGD and Muon.
    #[serde(default, deserialize_with = "given")]
    pub nesterov: Option<bool>,
    /// β₁ and β₂, of AdamW and Lion.
    #[serde(default, deserialize_with = "given")]
    pub betas: Option<[f64; 2]>,
    /// ε, of AdamW and Muon.
    #[serde(default, deserialize_with = "given")]
    pub eps: Option<f64>,
    /// Iterations of Newton–Schulz, of Muon.
    #[serde(default, deserialize_with = "given")]
    pub ns_steps: Option<u64>,
    /// The coefficients of its polynomial.
    #[serde(default, deserialize_with = "given")]
    pub ns_coefficients: Option<[f64; 3]>,
    /// How Muon's rate follows the shape of a matrix.
    #[serde(default, deserialize_with = "given")]
    pub adjust_lr: Option<Adjust>,
    /// Whether Muon brings weights to one norm before each step.
    #[serde(default, deserialize_with = "given")]
    pub normalise_weights: Option<bool>,
    /// What trains the parameters that Muon does not.
    #[serde(default, deserialize_with = "given")]
    pub otherwise: Option<Otherwise>,
    /// What the rate is multiplied by for each unit further from the net's head.
    #[serde(default, deserialize_with = "given")]
    pub layer_decay: Option<f64>,
}

/// Which parameters are decayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Every one, γ, β and biases too.
    #[default]
    All,
    /// Those of convolutions and linear layers, without biases.
    Weights,
}

impl Optimiser {
    fn settings(&self) -> Settings {
        Settings {
            kind: self.kind,
            momentum: self.momentum,
            nesterov: self.nesterov,
            betas: self.betas,
            eps: self.eps,
            ns_steps: self.ns_steps,
            ns_coefficients: self.ns_coefficients,
            adjust_lr: self.adjust_lr,
            normalise_weights: self.normalise_weights,
            otherwise: self.otherwise.is_some(),
        }
    }

    /// As the compiler takes it.
    pub fn rule(&self) -> Rule {
        self.settings().rule()
    }

    /// The kinds that a group can choose between.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        let other = self.otherwise.as_ref().map(|otherwise| otherwise.kind);
        std::iter::once(self.kind).chain(other).collect()
    }

    /// Says what is wrong with it.
    pub(super) fn check(&self) -> Result<(), Mistake> {
        self.settings().check("optimiser", &["weight_decay", "decay", "layer_decay"])?;
        at_least_zero("optimiser.weight_decay", self.weight_decay)?;
        match &self.otherwise {
            Some(otherwise) => otherwise.check()?,
            None if self.kind == Kind::Muon => {
                let text = "`optimiser.otherwise` is missing: what trains biases, norms, the first layer \
                            and the head, such as otherwise: { kind: adamw, lr: 0.001, weight_decay: 0.01 }";
                return Err(Mistake::at("optimiser", text));
            }
            None => {}
        }
        self.layer_decay.map_or(Ok(()), |decay| up_to_one("optimiser.layer_decay", decay))
    }
}

/// Two are equal if they come to the same, whether that is written or not.
impl PartialEq for Optimiser {
    fn eq(&self, other: &Self) -> bool {
        let of = |it: &Self| (it.rule(), it.weight_decay, it.decay, it.layer_decay);
        of(self) == of(other) && self.otherwise == other.otherwise
    }
}

/// What it comes to: all that its kind takes, and SGD as before there were others.
impl Serialize for Optimiser {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if self.kind != Kind::Sgd {
            map.serialize_entry("kind", &self.kind)?;
        }
        self.settings().write(&mut map)?;
        map.serialize_entry("weight_decay", &self.weight_decay)?;
        map.serialize_entry("decay", &self.decay)?;
        self.settings().write_last(&mut map)?;
        if let Some(otherwise) = &self.otherwise {
            map.serialize_entry("otherwise", otherwise)?;
        }
        if let Some(decay) = self.layer_decay {
            map.serialize_entry("layer_decay", &decay)?;
        }
        map.end()
    }
}
