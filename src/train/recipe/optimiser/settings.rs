//! What only some kinds of optimisers take, what that is where nothing is said, and what it must be.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize};

use super::super::ranges::{below_one, within};
use crate::nn::optimiser::{AdamW, Adjust, Lion, Muon, Rule};
use crate::train::yaml::Mistake;

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
    /// A momentum made orthogonal (Jordan 2024), of the weights of hidden layers.
    Muon,
}

/// A value that stands there, which may not be empty.
pub(in super::super) fn given<'a, D: Deserializer<'a>, T: Deserialize<'a>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// PyTorch's ε of AdamW.
const EPS: f64 = 1e-8;

/// Largest ε: nothing moves with it any more.
const LARGEST_EPS: f64 = 1e30;
/// Most iterations of Newton–Schulz. Jordan's coefficients bring all that rounding does not hide to about 1 in
/// fewer, and then go on to and fro.
const MOST_NS_STEPS: u64 = 20;
/// Largest coefficient of its polynomial, by size.
const LARGEST_COEFFICIENT: f64 = 100.0;

impl Kind {
    const ALL: [Kind; 4] = [Kind::Sgd, Kind::AdamW, Kind::Lion, Kind::Muon];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Sgd => "sgd",
            Kind::AdamW => "adamw",
            Kind::Lion => "lion",
            Kind::Muon => "muon",
        }
    }

    /// The keys that only some kinds take.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Kind::Sgd => &["momentum", "nesterov"],
            Kind::AdamW => &["betas", "eps"],
            Kind::Lion => &["betas"],
            Kind::Muon => &[
                "momentum",
                "nesterov",
                "ns_steps",
                "ns_coefficients",
                "eps",
                "adjust_lr",
                "normalise_weights",
                "otherwise",
            ],
        }
    }

    /// PyTorch's, or the authors'.
    fn betas(self) -> [f64; 2] {
        match self {
            Kind::Sgd | Kind::AdamW | Kind::Muon => [0.9, 0.999],
            Kind::Lion => [0.9, 0.99],
        }
    }
}

/// Keys of an optimiser that only some kinds take; one of several comes several times.
pub fn of_kinds() -> impl Iterator<Item = &'static str> {
    Kind::ALL.iter().flat_map(|kind| kind.keys()).copied()
}

/// A kind, and what is said of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Settings {
    pub kind: Kind,
    pub momentum: Option<f64>,
    pub nesterov: Option<bool>,
    pub betas: Option<[f64; 2]>,
    pub eps: Option<f64>,
    pub ns_steps: Option<u64>,
    pub ns_coefficients: Option<[f64; 3]>,
    pub adjust_lr: Option<Adjust>,
    pub normalise_weights: Option<bool>,
    /// Whether something else is said to train what it does not.
    pub otherwise: bool,
}

impl Settings {
    /// As the compiler takes it.
    pub fn rule(&self) -> Rule {
        let betas = self.betas.unwrap_or(self.kind.betas());
        match self.kind {
            Kind::Sgd => Rule::Sgd {
                momentum: self.momentum.unwrap_or(0.0),
                nesterov: self.nesterov.unwrap_or(false),
            },
            Kind::AdamW => Rule::AdamW(AdamW { betas, eps: self.eps.unwrap_or(EPS) }),
            Kind::Lion => Rule::Lion(Lion { betas }),
            Kind::Muon => Rule::Muon(Muon {
                momentum: self.momentum.unwrap_or(Muon::JORDAN.momentum),
                nesterov: self.nesterov.unwrap_or(Muon::JORDAN.nesterov),
                steps: self.ns_steps.map_or(Muon::JORDAN.steps, |n| n.min(MOST_NS_STEPS) as u32),
                coefficients: self.ns_coefficients.unwrap_or(Muon::JORDAN.coefficients),
                eps: self.eps.unwrap_or(Muon::JORDAN.eps),
                adjust: self.adjust_lr.unwrap_or(Muon::JORDAN.adjust),
                normalise_weights: self.normalise_weights.unwrap_or(Muon::JORDAN.normalise_weights),
            }),
        }
    }

    /// Says what is wrong with it, under the key `at`, which has the `common` keys as well.
    pub fn check(&self, at: &str, common: &[&str]) -> Result<(), Mistake> {
        self.only_its_own(at, common)?;
        let path = |key: &str| format!("{at}.{key}");
        if self.kind == Kind::Sgd && self.momentum.is_none() {
            return Err(Mistake::at(at.to_owned(), format!("`{at}.momentum` is missing")));
        }
        below_one(path("momentum"), self.momentum.unwrap_or(0.0))?;
        for beta in self.betas.unwrap_or_default() {
            below_one(path("betas"), beta)?;
        }
        self.check_eps(path("eps"))?;
        within(path("ns_steps"), self.ns_steps.unwrap_or(1), [1, MOST_NS_STEPS])?;
        let coefficients = self.ns_coefficients.unwrap_or(Muon::JORDAN.coefficients);
        let range = -LARGEST_COEFFICIENT..=LARGEST_COEFFICIENT;
        match coefficients.into_iter().find(|c| !range.contains(c)) {
            None => Ok(()),
            Some(wrong) => Err(Mistake::at(
                path("ns_coefficients"),
                format!(
                    "{at}.ns_coefficients has {wrong}, and must have numbers from -{LARGEST_COEFFICIENT} \
                     to {LARGEST_COEFFICIENT}"
                ),
            )),
        }
    }

    /// Refuses what is 0 in f32 or has no reciprocal there: a gradient of zero would be no number.
    fn check_eps(&self, key: String) -> Result<(), Mistake> {
        let Some(eps) = self.eps else { return Ok(()) };
        let least = if self.kind == Kind::Muon { Muon::LEAST_EPS } else { AdamW::LEAST_EPS };
        if (least..=LARGEST_EPS).contains(&eps) {
            return Ok(());
        }
        let text = format!("{key} is {eps:?}, and must be {least:?} to {LARGEST_EPS:?}");
        Err(Mistake::at(key, text))
    }

    /// Refuses what another kind takes.
    fn only_its_own(&self, at: &str, common: &[&str]) -> Result<(), Mistake> {
        let written = [
            ("momentum", self.momentum.is_some()),
            ("nesterov", self.nesterov.is_some_and(|nesterov| nesterov)),
            ("betas", self.betas.is_some()),
            ("eps", self.eps.is_some()),
            ("ns_steps", self.ns_steps.is_some()),
            ("ns_coefficients", self.ns_coefficients.is_some()),
            ("adjust_lr", self.adjust_lr.is_some()),
            ("normalise_weights", self.normalise_weights.is_some()),
            ("otherwise", self.otherwise),
        ];
        let keys = self.kind.keys();
        match written.into_iter().find(|(key, there)| *there && !keys.contains(key)) {
            None => Ok(()),
            Some((key, _)) => {
                let name = self.kind.name();
                let all = crate::text::series(&[keys, common].concat(), "and");
                let text = format!("{name} has no `{key}`; it takes {all}");
                Err(Mistake::at(format!("{at}.{key}"), text))
            }
        }
    }

    /// What it comes to, but for SGD's `nesterov`, which has stood behind the decay since before there were
    /// others.
    pub fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self.rule() {
            Rule::Sgd { momentum, .. } => map.serialize_entry("momentum", &momentum),
            Rule::AdamW(AdamW { betas, eps }) => {
                map.serialize_entry("betas", &betas)?;
                map.serialize_entry("eps", &eps)
            }
            Rule::Lion(Lion { betas }) => map.serialize_entry("betas", &betas),
            Rule::Muon(muon) => {
                map.serialize_entry("momentum", &muon.momentum)?;
                map.serialize_entry("nesterov", &muon.nesterov)?;
                map.serialize_entry("ns_steps", &muon.steps)?;
                map.serialize_entry("ns_coefficients", &muon.coefficients)?;
                map.serialize_entry("eps", &muon.eps)?;
                map.serialize_entry("adjust_lr", &muon.adjust)?;
                map.serialize_entry("normalise_weights", &muon.normalise_weights)
            }
        }
    }

    /// SGD's `nesterov`.
    pub fn write_last<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self.rule() {
            Rule::Sgd { nesterov, .. } => map.serialize_entry("nesterov", &nesterov),
            Rule::AdamW(_) | Rule::Lion(_) | Rule::Muon(_) => Ok(()),
        }
    }
}
