//! The keys of averages of weights.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ranges::{up_to, up_to_one, within};
use super::{MOST_STEPS, Recipe};
use crate::nn::averages::Averages;
use crate::train::yaml::Mistake;

/// Slow weights, which take over a share of the others every few steps (Zhang et al. 2019); the others
/// go on from there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookahead {
    /// Every so many steps.
    #[serde(default = "every")]
    pub every: u64,
    /// The share that they take over, at the end of the run.
    #[serde(default = "alpha")]
    pub alpha: f64,
    /// How it falls there from 1, as 1 − (1 − alpha)·(step/steps)^power; 0 is alpha throughout.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub power: f64,
}

/// Five steps, as in the paper.
fn every() -> u64 {
    5
}

/// One half, as in the paper.
fn alpha() -> f64 {
    0.5
}

impl Lookahead {
    /// What the slow weights take over after so many steps of a run; 0 where they wait.
    pub fn share(self, steps: u64, total: u64) -> f64 {
        if !steps.is_multiple_of(self.every.max(1)) {
            return 0.0;
        }
        let done = steps as f64 / total.max(1) as f64;
        1.0 - (1.0 - self.alpha) * done.powf(self.power)
    }
}

/// A moving average of weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ema {
    /// What it keeps of itself at each step.
    pub decay: f64,
    /// Whether it keeps less at first: at most 1 − steps^(−2/3).
    pub warmup: bool,
}

impl Ema {
    /// What it keeps of itself at the step after which so many are done, as timm's `ModelEmaV3`: nothing
    /// of the first weights.
    pub fn kept(self, steps: u64) -> f64 {
        let most = 1.0 - (steps.max(1) as f64).powf(-2.0 / 3.0);
        match steps {
            0 | 1 => 0.0,
            _ if self.warmup => self.decay.min(most),
            _ => self.decay,
        }
    }
}

/// As it is written where there is more than the decay.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    decay: f64,
    #[serde(default)]
    warmup: bool,
}

impl Serialize for Ema {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if !self.warmup {
            return to.serialize_f64(self.decay);
        }
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("decay", &self.decay)?;
        map.serialize_entry("warmup", &self.warmup)?;
        map.end()
    }
}

impl<'a> Deserialize<'a> for Ema {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'a> Visitor<'a> for Either {
            type Value = Ema;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number such as 0.999, or { decay: 0.9999, warmup: true },")
            }

            fn visit_f64<E>(self, decay: f64) -> Result<Ema, E> {
                Ok(Ema { decay, warmup: false })
            }

            fn visit_u64<E>(self, decay: u64) -> Result<Ema, E> {
                Ok(Ema { decay: decay as f64, warmup: false })
            }

            fn visit_i64<E>(self, decay: i64) -> Result<Ema, E> {
                Ok(Ema { decay: decay as f64, warmup: false })
            }

            fn visit_map<M: MapAccess<'a>>(self, map: M) -> Result<Ema, M::Error> {
                let Written { decay, warmup } =
                    Written::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Ema { decay, warmup })
            }
        }

        from.deserialize_any(Either)
    }
}

/// Which averages a recipe asks for.
pub fn of(recipe: &Recipe) -> Averages {
    Averages { lookahead: recipe.lookahead.is_some(), ema: recipe.ema.is_some() }
}

/// Says what is wrong with these keys.
pub(super) fn check(recipe: &Recipe) -> Result<(), Mistake> {
    if let Some(Lookahead { every, alpha, power }) = recipe.lookahead {
        within("lookahead.every", every, [1, MOST_STEPS])?;
        up_to_one("lookahead.alpha", alpha)?;
        up_to("lookahead.power", power, 100.0)?;
    }
    match recipe.ema {
        Some(Ema { decay, .. }) if !(decay > 0.0 && decay < 1.0) => {
            let text = format!("ema is {decay}, and must be above 0, below 1");
            Err(Mistake::at("ema", text))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0.95**5 * (step / total)**3` of airbench94 is what the slow weights keep, every fifth step.
    #[test]
    fn a_share_is_due_every_few_steps_and_falls_as_in_airbench() {
        let constant = Lookahead { every: 5, alpha: 0.5, power: 0.0 };
        let shares = (1..=10).map(|step| constant.share(step, 10)).collect::<Vec<f64>>();
        assert_eq!(shares, [0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.5]);
        let falling = Lookahead { every: 5, alpha: 1.0 - 0.95f64.powi(5), power: 3.0 };
        for step in (5..=475).step_by(5) {
            let kept = 0.95f64.powi(5) * (step as f64 / 475.0).powi(3);
            assert!((falling.share(step, 475) - (1.0 - kept)).abs() < 1e-15, "{step}");
        }
    }

    /// `ModelEmaV3(…, decay=0.9).get_decay(step)`.
    #[test]
    fn a_moving_average_keeps_less_at_first_where_that_is_asked() {
        let ema = |warmup| Ema { decay: 0.9, warmup };
        assert_eq!(
            [1, 2, 8, 27, 1000].map(|step| ema(false).kept(step)),
            [0.0, 0.9, 0.9, 0.9, 0.9]
        );
        let warm = [1, 2, 8, 27, 1000].map(|step| ema(true).kept(step));
        let timm = [0.0, 0.370_039_475_052_563_4, 0.75, 0.888_888_888_888_888_8, 0.9];
        for (found, expected) in warm.into_iter().zip(timm) {
            assert!((found - expected).abs() < 1e-15, "{warm:?}");
        }
    }
}
