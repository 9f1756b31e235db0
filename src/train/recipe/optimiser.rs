//! The keys of an optimiser: which there are, which of them each kind takes.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::nn::optimiser::{AdamW, Lion, Rule};
use crate::train::yaml::Mistake;

/// The update, as it is written. Keys that a kind does not take are refused by [`Optimiser::check`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimiser {
    /// Which.
    #[serde(default)]
    pub kind: Kind,
    /// Momentum, of SGD.
    #[serde(default, deserialize_with = "given")]
    pub momentum: Option<f64>,
    /// Weight decay.
    pub weight_decay: f64,
    /// Of which parameters.
    #[serde(default)]
    pub decay: Decay,
    /// Nesterov's form, of SGD.
    #[serde(default)]
    pub nesterov: bool,
    /// β₁ and β₂, of AdamW and Lion.
    #[serde(default, deserialize_with = "given")]
    pub betas: Option<[f64; 2]>,
    /// ε, of AdamW.
    #[serde(default, deserialize_with = "given")]
    pub eps: Option<f64>,
    /// What the rate is multiplied by for each unit further from the net's head.
    #[serde(default, deserialize_with = "given")]
    pub layer_decay: Option<f64>,
}

/// The optimisers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Stochastic gradient descent.
    #[default]
    Sgd,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    #[serde(rename = "adamw")]
    AdamW,
    /// The sign of a momentum (Chen et al. 2023).
    Lion,
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

/// PyTorch's ε of AdamW.
const EPS: f64 = 1e-8;

/// A value that stands there, which may not be empty.
pub(super) fn given<'a, D: Deserializer<'a>, T: Deserialize<'a>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Sgd => "sgd",
            Kind::AdamW => "adamw",
            Kind::Lion => "lion",
        }
    }

    /// The keys that only some kinds take.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Kind::Sgd => &["momentum", "nesterov"],
            Kind::AdamW => &["betas", "eps"],
            Kind::Lion => &["betas"],
        }
    }

    /// PyTorch's, or the authors'.
    fn betas(self) -> [f64; 2] {
        match self {
            Kind::Sgd | Kind::AdamW => [0.9, 0.999],
            Kind::Lion => [0.9, 0.99],
        }
    }
}

impl Optimiser {
    /// As the compiler takes it.
    pub fn rule(&self) -> Rule {
        let betas = self.betas.unwrap_or(self.kind.betas());
        match self.kind {
            Kind::Sgd => {
                let (momentum, nesterov) = (self.momentum.unwrap_or(0.0), self.nesterov);
                Rule::Sgd { momentum, nesterov }
            }
            Kind::AdamW => Rule::AdamW(AdamW { betas, eps: self.eps.unwrap_or(EPS) }),
            Kind::Lion => Rule::Lion(Lion { betas }),
        }
    }

    /// Says what is wrong with it.
    pub(super) fn check(&self) -> Result<(), Mistake> {
        self.only_its_own()?;
        if self.kind == Kind::Sgd && self.momentum.is_none() {
            return Err(Mistake::at("optimiser", "`optimiser.momentum` is missing"));
        }
        super::ranges::at_least_zero("optimiser.weight_decay", self.weight_decay)?;
        below_one("optimiser.momentum", self.momentum.unwrap_or(0.0))?;
        for beta in self.betas.unwrap_or_default() {
            below_one("optimiser.betas", beta)?;
        }
        above_zero("optimiser.eps", self.eps.unwrap_or(EPS))?;
        match self.layer_decay {
            Some(decay) if !(decay > 0.0 && decay <= 1.0) => Err(Mistake::at(
                "optimiser.layer_decay",
                format!("optimiser.layer_decay is {decay}, and must be above 0, at most 1"),
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses what another kind takes.
    fn only_its_own(&self) -> Result<(), Mistake> {
        let written = [
            ("momentum", "optimiser.momentum", self.momentum.is_some()),
            ("nesterov", "optimiser.nesterov", self.nesterov),
            ("betas", "optimiser.betas", self.betas.is_some()),
            ("eps", "optimiser.eps", self.eps.is_some()),
        ];
        let keys = self.kind.keys();
        match written.into_iter().find(|(key, _, there)| *there && !keys.contains(key)) {
            None => Ok(()),
            Some((key, path, _)) => {
                let name = self.kind.name();
                let all = [keys, &["weight_decay", "decay", "layer_decay"]].concat();
                let all = crate::text::series(&all, "and");
                Err(Mistake::at(path, format!("{name} has no `{key}`; it takes {all}")))
            }
        }
    }
}

fn below_one(key: &'static str, value: f64) -> Result<(), Mistake> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Mistake::at(key, format!("{key} is {value}, and must be 0 or more, below 1")))
}

pub(super) fn above_zero(key: &'static str, value: f64) -> Result<(), Mistake> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Mistake::at(key, format!("{key} is {value}, and must be above 0")))
}

/// What it comes to: all that its kind takes, and SGD as before there were others.
impl Serialize for Optimiser {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if self.kind != Kind::Sgd {
            map.serialize_entry("kind", &self.kind)?;
        }
        let rule = self.rule();
        match rule {
            Rule::Sgd { momentum, .. } => map.serialize_entry("momentum", &momentum)?,
            Rule::AdamW(AdamW { betas, eps }) => {
                map.serialize_entry("betas", &betas)?;
                map.serialize_entry("eps", &eps)?;
            }
            Rule::Lion(Lion { betas }) => map.serialize_entry("betas", &betas)?,
        }
        map.serialize_entry("weight_decay", &self.weight_decay)?;
        map.serialize_entry("decay", &self.decay)?;
        if let Rule::Sgd { nesterov, .. } = rule {
            map.serialize_entry("nesterov", &nesterov)?;
        }
        if let Some(decay) = self.layer_decay {
            map.serialize_entry("layer_decay", &decay)?;
        }
        map.end()
    }
}
