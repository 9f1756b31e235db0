//! The learning rate of each step, and how long a run is.

use serde::{Deserialize, Serialize};

use super::recipe::{Cadence, Cosine, Curve, OneCycle, Recipe};

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
pub struct StepPlan {
    /// Steps of the run.
    pub total: u64,
    /// Steps of an epoch.
    pub per_epoch: u64,
    warmup: (u64, f64),
    rate: f64,
    course: Course,
    evaluate: Cadence,
    checkpoint: Cadence,
}

/// How the rate changes after the warm-up.
#[derive(Clone, Debug, PartialEq)]
enum Course {
    Constant,
    /// A divisor; boundaries and the length that they are measured in.
    Steps(f64, Vec<u64>, u64),
    Cosine(Cosine),
    OneCycle(OneCycle),
}

impl StepPlan {
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
        let course = match (&schedule.divide, schedule.cosine, schedule.one_cycle) {
            (Some(divide), ..) => Course::Steps(divide.by, divide.at.clone(), recipe.length()),
            (None, Some(cosine), _) => Course::Cosine(cosine),
            (None, None, Some(cycle)) => Course::OneCycle(cycle),
            (None, None, None) => Course::Constant,
        };
        Self {
            total,
            per_epoch,
            warmup: (warmup.0.min(total / 8), warmup.1),
            rate: schedule.lr,
            course,
            evaluate: recipe.evaluate,
            checkpoint: recipe.checkpoint.cadence(),
        }
    }

    /// Steps of the warm-up, where the run is too short for the recipe's.
    pub fn shortened_warmup(&self, recipe: &Recipe) -> Option<u64> {
        let asked = recipe.schedule.warmup.map_or(0, |warmup| warmup.iterations);
        (self.warmup.0 < asked).then_some(self.warmup.0)
    }

    /// The rate of step number `step`, counted from 0.
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup.0 {
            return self.warmup.1;
        }
        match &self.course {
            Course::Constant => self.rate,
            Course::Steps(by, at, length) => {
                // step/total ≥ at/length, in integers: no boundary is missed by rounding.
                let passed = |at: &&u64| {
                    u128::from(step) * u128::from(*length)
                        >= u128::from(**at) * u128::from(self.total)
                };
                self.rate / by.powi(at.iter().filter(passed).count() as i32)
            }
            Course::Cosine(cosine) => {
                let done = (step - self.warmup.0) as f64 / (self.total - self.warmup.0) as f64;
                between(Curve::Cosine, self.rate, cosine.to, done)
            }
            Course::OneCycle(cycle) => {
                // PyTorch's steps of the top and the end, counted from 0; neither need be whole, and
                // the top may lie before the first step.
                let (step, end) = (step as f64, self.total as f64 - 1.0);
                let top = cycle.rise * self.total as f64 - 1.0;
                if step <= top && top > 0.0 {
                    between(cycle.curve, cycle.from, self.rate, step / top)
                } else {
                    let done = if end > top { (step - top) / (end - top) } else { 0.0 };
                    between(cycle.curve, self.rate, cycle.to, done)
                }
            }
        }
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

/// A rate on the way from one to another, `done` of 1 of which is done.
fn between(curve: Curve, from: f64, to: f64, done: f64) -> f64 {
    let left = match curve {
        Curve::Cosine => (1.0 + (std::f64::consts::PI * done).cos()) / 2.0,
        Curve::Linear => 1.0 - done,
    };
    to + (from - to) * left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schedule of a PyTorch script:
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
            let plan = StepPlan::new(&recipe, Length::Steps(total), 390);
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
        let epochs = StepPlan::new(&recipe, Length::Epochs(10), 390);
        assert_eq!(epochs, StepPlan::new(&recipe, Length::Steps(3900), 390));
        assert_eq!(StepPlan::new(&recipe, Length::Recipe, 390).total, 64_000);
        let mut in_epochs = recipe.clone();
        (in_epochs.iterations, in_epochs.epochs) = (None, Some(200));
        in_epochs.schedule.divide.as_mut().unwrap().at = vec![100, 150];
        let plan = StepPlan::new(&in_epochs, Length::Recipe, 50);
        assert_eq!(plan.total, 10_000);
        assert_eq!([4_999, 5_000, 7_500].map(|s| plan.rate(s)), [0.1, 0.1 / 10.0, 0.1 / 100.0]);
    }

    fn with(schedule: &str) -> Recipe {
        let from =
            "warmup: { iterations: 400, lr: 0.01 }\n  divide: { by: 10, at: [32000, 48000] }";
        let text = crate::train::recipe::HE2016.replace(from, schedule);
        Recipe::parse("test", &text).unwrap()
    }

    #[track_caller]
    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
    }

    #[test]
    fn a_cosine_is_that_of_pytorch() {
        // torch.optim.lr_scheduler.CosineAnnealingLR(T_max=8, eta_min=0.02), lr 0.1.
        let plan = StepPlan::new(&with("cosine: { to: 0.02 }"), Length::Steps(8), 4);
        close(plan.rate(0), 0.1);
        close(plan.rate(2), 0.02 + 0.04 * (1.0 + 0.5f64.sqrt()));
        close(plan.rate(4), 0.06);
        close(plan.rate(7), 0.02 + 0.04 * (1.0 + (std::f64::consts::PI * 7.0 / 8.0).cos()));
        let warm = with("warmup: { iterations: 1, lr: 0.01 }\n  cosine: { to: 0 }");
        let plan = StepPlan::new(&warm, Length::Steps(9), 4);
        assert_eq!([plan.rate(0), plan.rate(1)], [0.01, 0.1]);
        close(plan.rate(5), 0.05);
    }

    #[test]
    fn one_cycle_is_that_of_pytorch() {
        // torch.optim.lr_scheduler.OneCycleLR(max_lr=0.1, total_steps=10, pct_start=0.3,
        // div_factor=10, final_div_factor=100): the top after steps 2, the end after 9.
        let cosine = with("one_cycle: { rise: 0.3, from: 0.01, to: 0.0001 }");
        let plan = StepPlan::new(&cosine, Length::Steps(10), 4);
        let expected = [0.01, 0.055, 0.1, 0.095_053_394_95, 0.081_193_315_6];
        for (step, expected) in expected.into_iter().enumerate() {
            assert!((plan.rate(step as u64) - expected).abs() < 1e-9, "{step}");
        }
        close(plan.rate(9), 0.0001);
        let linear = with("one_cycle: { rise: 0.5, from: 0, to: 0.02, curve: linear }");
        let plan = StepPlan::new(&linear, Length::Steps(6), 4);
        close(plan.rate(1), 0.05);
        close(plan.rate(2), 0.1);
        close(plan.rate(5), 0.02);
        // pct_start 0.9 of 7 steps: the fall takes less than a step. 0.1 of 5: the top is before step 0.
        let late = with("one_cycle: { rise: 0.9, from: 0.01, to: 0.0002 }");
        close(StepPlan::new(&late, Length::Steps(7), 4).rate(6), 0.0002);
        let early = with("one_cycle: { rise: 0.1, from: 0.01, to: 0, curve: linear }");
        close(StepPlan::new(&early, Length::Steps(5), 4).rate(0), 0.1 * (1.0 - 0.5 / 4.5));
        for total in [1, 2, 3] {
            let plan = StepPlan::new(&linear, Length::Steps(total), 1);
            assert!((0..total).all(|step| (0.0..=0.1).contains(&plan.rate(step))), "{total}");
        }
    }

    #[test]
    fn what_is_due_is_due_at_multiples_and_at_the_end() {
        let mut recipe = Recipe::he2016().unwrap();
        recipe.evaluate = Cadence { epochs: Some(2), steps: None };
        (recipe.checkpoint.epochs, recipe.checkpoint.steps) = (None, Some(7));
        let plan = StepPlan::new(&recipe, Length::Steps(45), 10);
        let at = |due: &dyn Fn(u64) -> bool| (1..=45).filter(|&s| due(s)).collect::<Vec<u64>>();
        assert_eq!(at(&|s| plan.evaluates(s)), [20, 40, 45]);
        assert_eq!(at(&|s| plan.saves(s)), [7, 14, 21, 28, 35, 42, 45]);
        assert_eq!([0, 9, 10, 24].map(|s| plan.epoch(s)), [1, 1, 2, 3]);
    }
}
