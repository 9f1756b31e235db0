//! The learning rate of each step, and how long a run is.

use serde::{Deserialize, Serialize};

use super::recipe::Recipe;

/// How long to train.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// As the recipe says.
    Recipe,
    /// So many epochs.
    Epochs(u64),
    /// So many steps.
    Steps(u64),
}

/// A recipe's schedule laid over a run of a definite length.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Steps of the run.
    pub total: u64,
    /// Steps of an epoch.
    pub per_epoch: u64,
    warmup: (u64, f64),
    rate: f64,
    divisor: f64,
    /// Boundaries and the length they are measured in.
    boundaries: (Vec<u64>, u64),
}

impl Plan {
    /// Scales the recipe's boundaries to the run. The warm-up keeps its length, up to an eighth
    /// of the run.
    pub fn new(recipe: &Recipe, length: Length, per_epoch: u64) -> Self {
        let total = match length {
            Length::Epochs(epochs) => epochs.saturating_mul(per_epoch),
            Length::Steps(steps) => steps,
            Length::Recipe => match (recipe.iterations, recipe.epochs) {
                (Some(iterations), _) => iterations,
                (None, epochs) => epochs.unwrap_or(0).saturating_mul(per_epoch),
            },
        };
        let schedule = &recipe.schedule;
        let warmup = schedule.warmup.map_or((0, schedule.lr), |w| (w.iterations, w.lr));
        let (by, at) = schedule.divide.clone().map_or((1.0, Vec::new()), |d| (d.by, d.at));
        Self {
            total,
            per_epoch,
            warmup: (warmup.0.min(total / 8), warmup.1),
            rate: schedule.lr,
            divisor: by,
            boundaries: (at, recipe.length()),
        }
    }

    /// The rate of step number `step`, counted from 0.
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup.0 {
            return self.warmup.1;
        }
        let (at, length) = &self.boundaries;
        // step/total ≥ at/length, in integers: no boundary is missed by rounding.
        let passed = |at: &&u64| {
            u128::from(step) * u128::from(*length) >= u128::from(**at) * u128::from(self.total)
        };
        self.rate / self.divisor.powi(at.iter().filter(passed).count() as i32)
    }

    /// The epoch, counted from 1, that step number `step` (counted from 0) belongs to.
    pub fn epoch(&self, step: u64) -> u64 {
        step / self.per_epoch + 1
    }

    /// Whether an epoch, or the run, is over after so many steps.
    pub fn ends_epoch(&self, steps: u64) -> bool {
        steps.is_multiple_of(self.per_epoch) || steps == self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line of shared/peers/torch_resnet.py, as it stands there:
    /// `0.01 if step < min(400, total // 8)
    ///  else 0.1 * 0.1 ** ((step >= total / 2) + (step >= total * 3 / 4))`.
    fn torch(step: u64, total: u64) -> f64 {
        if step < 400.min(total / 8) {
            return 0.01;
        }
        let (at, total) = (step as f64, total as f64);
        let passed = i32::from(at >= total / 2.0) + i32::from(at >= total * 3.0 / 4.0);
        0.1 * 0.1f64.powi(passed)
    }

    #[test]
    fn every_step_has_the_rate_of_the_reference() {
        let recipe = Recipe::he2016().unwrap();
        // 3900 is ten epochs of CIFAR-10; odd and tiny lengths round differently.
        for total in [1, 2, 3, 7, 8, 9, 101, 1170, 3199, 3201, 3900, 64_000] {
            let plan = Plan::new(&recipe, Length::Steps(total), 390);
            assert_eq!(plan.total, total);
            for step in 0..total {
                let (found, expected) = (plan.rate(step), torch(step, total));
                assert!((found - expected).abs() < 1e-15, "{step} of {total}: {found}");
            }
        }
    }

    #[test]
    fn lengths_in_epochs_and_in_steps_agree() {
        let recipe = Recipe::he2016().unwrap();
        let epochs = Plan::new(&recipe, Length::Epochs(10), 390);
        assert_eq!(epochs, Plan::new(&recipe, Length::Steps(3900), 390));
        assert_eq!(Plan::new(&recipe, Length::Recipe, 390).total, 64_000);
        let mut in_epochs = recipe.clone();
        (in_epochs.iterations, in_epochs.epochs) = (None, Some(200));
        in_epochs.schedule.divide.as_mut().unwrap().at = vec![100, 150];
        let plan = Plan::new(&in_epochs, Length::Recipe, 50);
        assert_eq!(plan.total, 10_000);
        assert_eq!([4_999, 5_000, 7_500].map(|s| plan.rate(s)), [0.1, 0.1 / 10.0, 0.1 / 100.0]);
    }

    #[test]
    fn epochs_end_where_they_should() {
        let plan = Plan::new(&Recipe::he2016().unwrap(), Length::Steps(25), 10);
        let ends: Vec<u64> = (1..=25).filter(|&s| plan.ends_epoch(s)).collect();
        assert_eq!(ends, [10, 20, 25]);
        assert_eq!([0, 9, 10, 24].map(|s| plan.epoch(s)), [1, 1, 2, 3]);
    }
}
