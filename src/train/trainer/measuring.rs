//! What a run measures of its states.

use super::records::Records;
use super::{Observer, Session};
use crate::data::batches::Loading;
use crate::ranks::Ranks;
use crate::train::TrainError;
use crate::train::evaluate::{evaluate, evaluate_part};
use crate::train::part::Part;
use crate::train::record::checkpoint;
use crate::train::record::evaluation::{Evaluation, Measure};
use crate::train::tensors::Values;

impl Session {
    /// Measures the state after a step on the part that the best is chosen on, and where the run ends
    /// with it, on the other part too; none where the observer stops it on the way.
    pub(super) fn evaluate(
        &mut self,
        done: u64,
        records: &mut Records,
        observer: &mut dyn Observer,
    ) -> Result<Option<Evaluation>, TrainError> {
        observer.evaluating(done);
        let values = self.training.values()?;
        let chosen = self.choice.part;
        let mut record = Evaluation::at(done, self.plan.epoch(done - 1));
        let Some(measure) = self.measure(&values, chosen, observer)? else { return Ok(None) };
        record = record.with(chosen, measure);
        let mut choice = self.choice;
        let mut better = choice.add(&record);
        if done == self.plan.total || choice.gives_up(done) {
            for part in Part::ALL.into_iter().filter(|part| *part != chosen) {
                if self.loading(part).is_none() {
                    continue;
                }
                let Some(measure) = self.measure(&values, part, observer)? else {
                    return Ok(None);
                };
                record = record.with(part, measure);
            }
            // With what the test pictures say of it.
            choice = self.choice;
            better = choice.add(&record);
        }
        self.choice = choice;
        records.evaluation(&record)?;
        observer.evaluation(&record);
        if better && records.lacks(done) {
            records.save(values.into(), self.about(done));
        }
        records.judge(&record);
        Ok(Some(record))
    }

    /// Where the best state was chosen on a validation part, and is not the last, what the test
    /// pictures say of it. It must be saved by now.
    pub(super) fn test_best(
        &mut self,
        records: &mut Records,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let (Some(best), Some(folder)) = (self.choice.best, &self.folder) else { return Ok(()) };
        if self.choice.part == Part::Test || best.test.is_some() {
            return Ok(());
        }
        observer.evaluating(best.step);
        let values = checkpoint::load(&folder.checkpoint(best.step), &self.tensors)?;
        // The other ranks know nothing of it.
        let Some(test) = self.measure_by(None, &values, Part::Test, observer)? else {
            return Ok(());
        };
        self.choice.best = Some(super::choice::Best { test: Some(test), ..best });
        let epoch = self.plan.epoch(best.step - 1);
        let both = Evaluation::at(best.step, epoch).with(self.choice.part, best.measure);
        records.judge(&both.with(Part::Test, test));
        Ok(())
    }

    /// Whether an evaluation has all parts that there are.
    pub(super) fn measures_no_more(&self, of: &Evaluation) -> bool {
        Part::ALL.into_iter().all(|part| of.on(part).is_some() || self.loading(part).is_none())
    }

    fn loading(&self, part: Part) -> Option<&Loading> {
        match part {
            Part::Validation => self.validation.as_ref(),
            Part::Test => Some(&self.test),
        }
    }

    fn measure(
        &mut self,
        values: &Values,
        part: Part,
        observer: &dyn Observer,
    ) -> Result<Option<Measure>, TrainError> {
        self.measure_by(self.ranks.clone(), values, part, observer)
    }

    /// The same by these ranks, or alone. Each rank has some of the batches; what each batch comes to is
    /// added up in their order, whoever has it.
    fn measure_by(
        &mut self,
        ranks: Option<Ranks>,
        values: &Values,
        part: Part,
        observer: &dyn Observer,
    ) -> Result<Option<Measure>, TrainError> {
        let Some(loading) = self.loading(part).cloned() else { return Ok(None) };
        self.inference.load(values)?;
        let recipe = &self.config.recipe;
        let views = recipe.seen(recipe.views);
        let interrupted = || observer.interrupted();
        let score = match ranks {
            None => evaluate(&mut self.inference, &loading, &views, &interrupted)?,
            Some(ranks) => {
                evaluate_part(&ranks, &mut self.inference, &loading, &views, &interrupted)?
            }
        };
        Ok(score.map(|score| {
            let loss = score.mean_loss();
            let loss = loss.is_finite().then_some(loss);
            Measure { loss, error_percent: score.error_percent() }
        }))
    }
}
