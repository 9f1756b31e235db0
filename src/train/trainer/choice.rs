//! Which state of a run is the best, and when there has been none better for long.

use crate::train::part::Part;
use crate::train::record::evaluation::{Evaluation, Measure};

/// The best state of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// After so many steps.
    pub step: u64,
    /// What it came to on the part that it is chosen by.
    pub measure: Measure,
    /// On the test pictures, where it was chosen by others.
    pub test: Option<Measure>,
}

/// What has been seen so far: of equal errors, the first counts.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// By which part.
    pub part: Part,
    /// Steps without a lower error after which the run ends.
    patience: Option<u64>,
    /// The best of them.
    pub best: Option<Best>,
}

impl Choice {
    /// By a part.
    pub fn by(part: Part, patience: Option<u64>) -> Self {
        Self { part, patience, best: None }
    }

    /// Takes an evaluation in; whether there was none as good before.
    pub fn add(&mut self, evaluation: &Evaluation) -> bool {
        let Some(measure) = evaluation.on(self.part) else { return false };
        let is_better =
            self.best.is_none_or(|best| measure.error_percent < best.measure.error_percent);
        if is_better {
            self.best = Some(Best { step: evaluation.step, measure, test: evaluation.test });
        }
        is_better
    }

    /// Whether a run ends after an evaluation at this step, as none was better for so long.
    pub fn gives_up(&self, step: u64) -> bool {
        let waited = self.best.map(|best| step.saturating_sub(best.step));
        waited.zip(self.patience).is_some_and(|(waited, patience)| waited >= patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_lowest_is_the_best_and_patience_counts_from_it() {
        let mut choice = Choice::by(Part::Validation, Some(20));
        let error = |step, error_percent| {
            let measure = Measure { loss: None, error_percent };
            Evaluation::at(step, 1).with(Part::Validation, measure)
        };
        assert!(!choice.gives_up(100));
        let better = [(10, 9.0), (20, 5.0), (30, 5.0), (40, 6.0)]
            .map(|(step, of)| (choice.add(&error(step, of)), choice.gives_up(step)));
        assert_eq!(better, [(true, false), (true, false), (false, false), (false, true)]);
        assert_eq!(choice.best.map(|best| best.step), Some(20));
        // What was measured on other pictures says nothing.
        let other =
            Evaluation::at(50, 1).with(Part::Test, Measure { loss: None, error_percent: 0.0 });
        assert!(!choice.add(&other));
        assert!(!Choice::by(Part::Test, None).gives_up(u64::MAX));
    }
}
