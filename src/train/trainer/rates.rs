//! Losses at growing rates.

use super::{Observer, Pace, Session, Underway};
use crate::data::DataError;
use crate::train::TrainError;
use crate::train::rates::{Rates, Sweep};
use crate::train::record::metrics::{EpochSums, Step};
use crate::train::tensors::Values;

impl Session {
    /// Trains from `values` for the plan's steps, each at its rate of the sweep, as long as the loss does
    /// not grow too far, on pictures as large as the net reads; nothing is written.
    pub fn sweep(
        &mut self,
        values: &Values,
        sweep: Sweep,
        observer: &mut dyn Observer,
    ) -> Result<Rates, TrainError> {
        if let Some(programs) = &mut self.programs {
            programs.turn(&mut self.training, None)?;
        }
        self.training.load(values)?;
        let (train, steps) = (self.train.clone(), self.plan.total);
        let showing = self.config.recipe.showing(train.pictures.as_ref(), train.classes);
        let mut batches = train
            .training(showing, 0..steps, self.training.takes())
            .map_err(TrainError::NoThread)?;
        let (mut rates, mut pace) = (Rates::default(), Pace::new(EpochSums::default(), None));
        for step in 0..steps {
            let batch = batches.next_item().ok_or(DataError::Ended)?;
            let begun = self.begin_at(step, sweep.rate(step, steps), &batch)?;
            batches.recycle(batch);
            let (record, error_percent) = self.swept(begun, &mut pace)?;
            let loss = f64::from(record.loss);
            if rates.tried.is_empty() && !loss.is_finite() {
                let tensor = self.first_bad()?;
                return Err(TrainError::NonFinite { step: 1, loss: record.loss, tensor });
            }
            let goes_on = rates.add(record.lr, loss);
            if goes_on {
                observer.step(&record, error_percent);
            }
            if !goes_on || observer.interrupted() {
                break;
            }
        }
        Ok(rates)
    }

    /// Waits for a step.
    fn swept(&self, underway: Underway, pace: &mut Pace) -> Result<(Step, f64), TrainError> {
        let Underway { step, rate, labels, start, results, .. } = underway;
        let mut results = results.wait()?.into_iter();
        let loss = results.next().and_then(|loss| loss.first().copied()).unwrap_or(f32::NAN);
        let logits = results.next().unwrap_or_default();
        let counts = self.counts(&logits, &labels)?;
        let images_per_s = pace.rate(counts[1], start.elapsed().as_secs_f64());
        Ok(self.record((step, rate), loss, counts, images_per_s))
    }
}
