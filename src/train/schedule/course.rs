//! How a rate changes over a run.

use crate::train::epochs::Epochs;
use crate::train::recipe::{Cosine, Curve, OneCycle, Recipe, WarmupCurve};

/// The warm-up of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// Its steps.
    pub steps: u64,
    /// Those that the recipe asks for.
    pub asked: u64,
    /// The first rate.
    from: f64,
    curve: WarmupCurve,
}

impl WarmUp {
    /// That of a recipe in a run of so many steps.
    pub fn new(recipe: &Recipe, total: u64, per_epoch: u64) -> Self {
        let none = Self { steps: 0, asked: 0, from: 0.0, curve: WarmupCurve::Constant };
        let Some(warmup) = recipe.schedule.warmup else { return none };
        let asked = warmup.steps(per_epoch);
        let own = u128::from(asked) * u128::from(total);
        let own = own.div_ceil(u128::from(recipe.steps(per_epoch).max(1))) as u64;
        let most = match warmup.curve {
            WarmupCurve::Constant => total / 8,
            // The rate that it leads to has a step, at least.
            WarmupCurve::Linear => own.max(total / 8).min(total.saturating_sub(1)),
        };
        Self { steps: asked.min(most), asked, from: warmup.lr, curve: warmup.curve }
    }

    /// The rate of a step, if it belongs to it; `top` is the one that it leads to.
    pub fn rate(&self, step: u64, top: f64) -> Option<f64> {
        (step < self.steps).then(|| match self.curve {
            WarmupCurve::Constant => self.from,
            WarmupCurve::Linear => on_line(self.from, top, step as f64 / self.steps as f64),
        })
    }
}

/// How the rate changes after the warm-up.
#[derive(Clone, Debug, PartialEq)]
pub enum Course {
    /// Not at all.
    Constant,
    /// A divisor; boundaries and the length that they are measured in.
    Steps(f64, Vec<Epochs>, f64),
    /// Half a cosine.
    Cosine(Cosine),
    /// Up, then down.
    OneCycle(OneCycle),
    /// Steps, and the share of the highest rate there.
    Points(Vec<(u64, f64)>),
}

/// How far the product of a share may be below the step that was meant: 5/24 is written 0.2083333.
const SHARE: f64 = 1e-3;

impl Course {
    /// That of a recipe in a run of so many steps.
    pub fn new(recipe: &Recipe, total: u64) -> Self {
        let schedule = &recipe.schedule;
        if let Some(divide) = &schedule.divide {
            Self::Steps(divide.by, divide.at.clone(), recipe.length())
        } else if let Some(cosine) = schedule.cosine {
            Self::Cosine(cosine)
        } else if let Some(cycle) = schedule.one_cycle {
            Self::OneCycle(cycle)
        } else if let Some(points) = &schedule.points {
            let at = |share: f64| (share * total as f64 + SHARE) as u64;
            let point = |&[share, of_rate]: &[f64; 2]| (at(share), of_rate);
            Self::Points(points.iter().map(point).collect())
        } else {
            Self::Constant
        }
    }

    /// The rate of step number `step`, counted from 0, where `top` is the highest; `warm` and
    /// `total` are the steps of the warm-up and of the whole run.
    pub fn rate(&self, step: u64, top: f64, (warm, total): (u64, u64)) -> f64 {
        match self {
            Course::Constant => top,
            Course::Steps(by, at, length) => {
                // step/total ≥ at/length, by products: of whole numbers below 2⁴⁸ they are exact, and of
                // decimal fractions off by a few roundings, by which no boundary is missed.
                let passed = |at: &&Epochs| {
                    let end = at.0 * total as f64 * (1.0 - 16.0 * f64::EPSILON);
                    step as f64 * length >= end
                };
                top / by.powi(at.iter().filter(passed).count() as i32)
            }
            Course::Cosine(cosine) => {
                let done = (step - warm) as f64 / (total - warm) as f64;
                between(Curve::Cosine, top, cosine.to, done)
            }
            Course::OneCycle(cycle) => {
                // PyTorch's steps of the top and the end, counted from 0; neither need be whole, and
                // the top may lie before the first step.
                let (step, end) = (step as f64, total as f64 - 1.0);
                let highest = cycle.rise * total as f64 - 1.0;
                if step <= highest && highest > 0.0 {
                    between(cycle.curve, cycle.from, top, step / highest)
                } else {
                    let done = if end > highest { (step - highest) / (end - highest) } else { 0.0 };
                    between(cycle.curve, top, cycle.to, done)
                }
            }
            Course::Points(points) => top * between_points(points, step),
        }
    }
}

/// The share at a step; before the first point and behind the last one, theirs.
fn between_points(points: &[(u64, f64)], step: u64) -> f64 {
    let next = points.partition_point(|(at, _)| *at <= step);
    match (next.checked_sub(1).map(|before| points[before]), points.get(next)) {
        (Some((from, share)), Some(&(to, other))) => {
            on_line(share, other, (step - from) as f64 / (to - from) as f64)
        }
        (Some((_, share)), None) | (None, Some(&(_, share))) => share,
        (None, None) => 1.0,
    }
}

/// A number on the straight line from one to another, to the bit at its ends.
fn on_line(from: f64, to: f64, done: f64) -> f64 {
    from * (1.0 - done) + to * done
}

/// A rate on the way from one to another, `done` of 1 of which is done.
fn between(curve: Curve, from: f64, to: f64, done: f64) -> f64 {
    let left = match curve {
        Curve::Cosine => (1.0 + (std::f64::consts::PI * done).cos()) / 2.0,
        Curve::Linear => 1.0 - done,
    };
    to + (from - to) * left
}
