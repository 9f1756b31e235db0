//! The learning rate of each step, and how long a run is.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::epochs::Epochs;
use super::recipe::{Cadence, Recipe};
use course::{Course, WarmUp};

mod course;

/// How long to train.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// As the recipe says.
    Recipe,
    /// So many epochs.
    Epochs(Epochs),
    /// So many steps.
    Steps(u64),
}

/// Rows and columns of pictures; nothing where they are those that the net itself reads.
pub type Sides = Option<[usize; 2]>;

/// A recipe's schedule laid over a run of a definite length.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPlan {
    /// Steps of the run.
    pub total: u64,
    /// Steps of an epoch.
    pub per_epoch: u64,
    warm_up: WarmUp,
    rate: f64,
    course: Course,
    /// Steps after which the training of some groups ends, in the recipe's order.
    ends: Vec<u64>,
    /// Parts of the run at other sizes: their ends in steps, in order.
    sizes: Vec<(u64, [usize; 2])>,
    evaluate: Cadence,
    checkpoint: Cadence,
}

impl StepPlan {
    /// Scales the recipe's boundaries to the run. The warm-up keeps its length, up to an eighth
    /// of the run, and one that rises up to its own share of the recipe's length where that is more.
    pub fn new(recipe: &Recipe, length: Length, per_epoch: u64) -> Self {
        let total = match length {
            Length::Epochs(epochs) => epochs.steps(per_epoch),
            Length::Steps(steps) => steps,
            Length::Recipe => recipe.steps(per_epoch),
        };
        Self {
            total,
            per_epoch,
            warm_up: WarmUp::new(recipe, total, per_epoch),
            rate: recipe.schedule.lr,
            course: Course::new(recipe, total),
            ends: recipe.ends().into_iter().map(|end| end.steps(per_epoch)).collect(),
            sizes: sizes(recipe, total, per_epoch),
            evaluate: recipe.evaluate,
            checkpoint: recipe.checkpoint.cadence(),
        }
    }

    /// Steps of the warm-up, and those that the recipe asks for, where the run is too short.
    pub fn shortened_warmup(&self) -> Option<(u64, u64)> {
        let WarmUp { steps, asked, .. } = self.warm_up;
        (steps < asked).then_some((steps, asked))
    }

    /// The rate of step number `step`, counted from 0.
    pub fn rate(&self, step: u64) -> f64 {
        match self.warm_up.rate(step, self.rate) {
            Some(rate) => rate,
            None => self.course.rate(step, self.rate, (self.warm_up.steps, self.total)),
        }
    }

    /// Of each group whose training ends, whether it goes on at step number `step`, counted from 0.
    pub fn open(&self, step: u64) -> impl Iterator<Item = bool> {
        self.ends.iter().map(move |end| step < *end)
    }

    /// The size of the training pictures of step number `step`, counted from 0.
    pub fn sides(&self, step: u64) -> Sides {
        self.sizes.iter().find(|(end, _)| step < *end).map(|(_, sides)| *sides)
    }

    /// The steps behind the first `done`, in parts whose pictures have one size.
    pub fn stages(&self, done: u64) -> Vec<(Range<u64>, Sides)> {
        let parts = self.sizes.iter().map(|(end, sides)| (*end, Some(*sides)));
        let mut first = done;
        let stage = |(end, sides): (u64, Sides)| {
            let steps = first..end.max(first);
            first = steps.end;
            (steps, sides)
        };
        let stages = parts.chain([(self.total, None)]).map(stage);
        stages.filter(|(steps, _)| !steps.is_empty()).collect()
    }

    /// The epoch, counted from 1, that step number `step` (counted from 0) belongs to.
    pub fn epoch(&self, step: u64) -> u64 {
        step / self.per_epoch + 1
    }

    /// Whether the test pictures are classified after so many steps.
    pub fn evaluates(&self, steps: u64) -> bool {
        self.due(self.evaluate, steps)
    }

    /// Whether the run is saved after so many steps.
    pub fn saves(&self, steps: u64) -> bool {
        self.due(self.checkpoint, steps)
    }

    fn due(&self, cadence: Cadence, steps: u64) -> bool {
        let every = match (cadence.epochs, cadence.steps) {
            (Some(epochs), _) => epochs.saturating_mul(self.per_epoch),
            (None, steps) => steps.unwrap_or(u64::MAX),
        };
        steps.is_multiple_of(every.max(1)) || steps == self.total
    }
}

/// The parts of a recipe at other sizes keep their shares of a run of so many steps.
fn sizes(recipe: &Recipe, total: u64, per_epoch: u64) -> Vec<(u64, [usize; 2])> {
    let own = u128::from(recipe.steps(per_epoch).max(1));
    let end = |until: Epochs| {
        let end = u128::from(until.steps(per_epoch)) * u128::from(total);
        u64::try_from(end.div_ceil(own)).map_or(total, |end| end.min(total))
    };
    recipe.sizes.iter().map(|stage| (end(stage.until), stage.size.sides())).collect()
}

#[cfg(test)]
mod tests;
