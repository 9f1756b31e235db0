//! The keys of the learning rate.

use serde::{Deserialize, Serialize};

use super::optimiser::given;
use super::ranges::{above_zero, at_least_zero, length_makes_sense, up_to};
use super::{MOST_STEPS, Recipe};
use crate::train::epochs::{Epochs, in_steps};
use crate::train::yaml::Mistake;

/// The learning rate over a run; at most one of `divide`, `cosine`, `one_cycle` and `points`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The highest, after the warm-up.
    pub lr: f64,
    /// At first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup: Option<Warmup>,
    /// Steps down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divide: Option<Divide>,
    /// Half a cosine, from the warm-up's end to the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosine: Option<Cosine>,
    /// Up, then down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_cycle: Option<OneCycle>,
    /// Straight lines from point to point.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub points: Option<Vec<Point>>,
}

/// A share of the run, and the share of `lr` there.
pub type Point = [f64; 2];

/// A lower rate at first; exactly one of `iterations` and `epochs`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warmup {
    /// For so many steps.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u64>,
    /// For so many epochs.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub epochs: Option<Epochs>,
    /// The rate, or the first of those that rise.
    pub lr: f64,
    /// How it goes on.
    #[serde(default, skip_serializing_if = "WarmupCurve::is_constant")]
    pub curve: WarmupCurve,
}

/// How the rate goes on in a warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarmupCurve {
    /// As it began (He et al. 2016), for an eighth of the run at most.
    #[default]
    Constant,
    /// In a straight line up to `lr` (Goyal et al. 2017, section 2.2).
    Linear,
}

impl WarmupCurve {
    fn is_constant(&self) -> bool {
        *self == Self::Constant
    }
}

impl Warmup {
    /// Its length in steps, as it is written.
    pub fn steps(self, per_epoch: u64) -> u64 {
        in_steps(self.iterations, self.epochs, per_epoch)
    }
}

/// Steps down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Divide {
    /// By what the rate is divided at each boundary.
    pub by: f64,
    /// The boundaries, in the unit of the recipe's length; of iterations, whole ones.
    pub at: Vec<Epochs>,
}

/// Half a cosine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cosine {
    /// The rate at the end.
    pub to: f64,
}

/// PyTorch's `OneCycleLR`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneCycle {
    /// Share of the run in which the rate rises.
    pub rise: f64,
    /// The first rate.
    pub from: f64,
    /// The last rate.
    pub to: f64,
    /// How it goes between them.
    #[serde(default)]
    pub curve: Curve,
}

/// How a rate goes from one to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// Half a cosine.
    #[default]
    Cosine,
    /// A straight line.
    Linear,
}

/// Most points of a schedule: each step looks through them.
const MOST_POINTS: usize = 100;

/// Says what is wrong with a recipe's schedule.
pub(super) fn check(recipe: &Recipe) -> Result<(), Mistake> {
    let Schedule { lr, warmup, divide, cosine, one_cycle, points } = &recipe.schedule;
    at_least_zero("schedule.lr", *lr)?;
    warmup.map_or(Ok(()), |warmup| warmup_makes_sense(&warmup, *lr))?;
    let courses = [divide.is_some(), cosine.is_some(), one_cycle.is_some(), points.is_some()];
    if courses.iter().filter(|given| **given).count() > 1 {
        let text = "give the schedule one of divide, cosine, one_cycle and points";
        return Err(Mistake::at("schedule", text));
    }
    divide.as_ref().map_or(Ok(()), |divide| divide_makes_sense(divide, recipe))?;
    if let Some(cosine) = cosine {
        at_least_zero("schedule.cosine.to", cosine.to)?;
        at_most_lr("schedule.cosine.to", cosine.to, *lr)?;
    }
    one_cycle.map_or(Ok(()), |cycle| one_cycle_makes_sense(&cycle, *lr))?;
    points.as_deref().map_or(Ok(()), points_make_sense)?;
    let low = [("one_cycle begins", one_cycle.is_some()), ("points begin", points.is_some())];
    match low.into_iter().find(|(_, given)| *given && warmup.is_some()) {
        None => Ok(()),
        Some((what, _)) => {
            let text = format!("schedule.{what} low of itself; leave warmup away");
            Err(Mistake::at("schedule.warmup", text))
        }
    }
}

fn warmup_makes_sense(warmup: &Warmup, lr: f64) -> Result<(), Mistake> {
    match (warmup.iterations, warmup.epochs) {
        (Some(0..=MOST_STEPS), None) => {}
        (Some(_), None) => {
            let text = format!("schedule.warmup.iterations must be 0 to {MOST_STEPS}");
            return Err(Mistake::at("schedule.warmup.iterations", text));
        }
        (None, Some(epochs)) => {
            length_makes_sense("schedule.warmup.epochs", "schedule.warmup.epochs", epochs)?
        }
        (Some(_), Some(_)) | (None, None) => {
            let text = "give the warm-up its length as one of iterations and epochs";
            return Err(Mistake::at("schedule.warmup", text));
        }
    }
    at_least_zero("schedule.warmup.lr", warmup.lr)?;
    at_most_lr("schedule.warmup.lr", warmup.lr, lr)
}

fn divide_makes_sense(divide: &Divide, recipe: &Recipe) -> Result<(), Mistake> {
    above_zero("schedule.divide.by", divide.by)?;
    if divide.by < 1.0 {
        let text = format!(
            "schedule.divide.by is {}: the rate is divided by it, and would rise; write by: {}",
            divide.by,
            // What was meant, without the noise of a quotient in binary.
            (1e6 / divide.by).round() / 1e6
        );
        return Err(Mistake::at("schedule.divide.by", text));
    }
    let length = recipe.length();
    if !divide.at.is_sorted() || !divide.at.iter().all(|at| (0.0..=length).contains(&at.0)) {
        let text = format!("schedule.divide.at must rise and stay within the length, {length}");
        return Err(Mistake::at("schedule.divide.at", text));
    }
    let part = divide.at.iter().find(|at| recipe.iterations.is_some() && at.0.fract() != 0.0);
    if let Some(at) = part {
        let text = format!("schedule.divide.at is {at}, and iterations are whole");
        return Err(Mistake::at("schedule.divide.at", text));
    }
    Ok(())
}

fn one_cycle_makes_sense(cycle: &OneCycle, lr: f64) -> Result<(), Mistake> {
    at_least_zero("schedule.one_cycle.from", cycle.from)?;
    at_least_zero("schedule.one_cycle.to", cycle.to)?;
    at_most_lr("schedule.one_cycle.from", cycle.from, lr)?;
    at_most_lr("schedule.one_cycle.to", cycle.to, lr)?;
    up_to("schedule.one_cycle.rise", cycle.rise, 1.0)
}

fn points_make_sense(points: &[Point]) -> Result<(), Mistake> {
    let wrong = |text: String| Err(Mistake::at("schedule.points", text));
    if points.is_empty() {
        return wrong("schedule.points are none; [[0, 1], [1, 0]] is a line down to 0".into());
    }
    if points.len() > MOST_POINTS {
        return wrong(format!("schedule.points are {}; the most is {MOST_POINTS}", points.len()));
    }
    let outside = |share: &&f64| !(0.0..=1.0).contains(*share);
    if let Some(share) = points.iter().flatten().find(outside) {
        return wrong(format!(
            "schedule.points has {share}: a point is a share of the run and a share of lr, each 0 to 1"
        ));
    }
    if !points.is_sorted_by(|[before, _], [after, _]| before <= after) {
        return wrong("schedule.points must go on through the run: their first shares rise".into());
    }
    Ok(())
}

/// `lr` is the highest rate, and the others are rates too: PyTorch has factors in their place.
fn at_most_lr(key: &'static str, value: f64, lr: f64) -> Result<(), Mistake> {
    if value <= lr {
        return Ok(());
    }
    Err(Mistake::at(
        key,
        format!("{key} is {value}: it is a rate, and above lr, which is the highest, {lr}"),
    ))
}
