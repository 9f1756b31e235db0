//! The training loop.

use std::time::Instant;

use super::TrainError;
use super::checkpoint::{self, About};
use super::compiled::Compiled;
use super::config::Config;
use super::evaluate::{self, Score, evaluate, no_thread};
use super::metrics::{self, Evaluation, Log, Step};
use super::run_folder::RunFolder;
use super::schedule::Plan;
use super::tensors::{Tensor, Values};
use crate::data::DataError;
use crate::data::batches::{Batch, Loading};
use crate::data::random::{Draws, Purpose};
use crate::graph::Role;

/// Is told how a run goes, and may stop it.
pub trait Observer {
    /// After each step, with the share of its pictures classified wrongly, in %.
    fn step(&mut self, step: &Step, error_percent: f64);

    /// Before an evaluation, which takes a while.
    fn evaluating(&mut self, step: u64);

    /// After an evaluation.
    fn evaluation(&mut self, evaluation: &Evaluation);

    /// Whether the run should be saved and end.
    fn interrupted(&self) -> bool;
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// After its last step; the last evaluation.
    Finished(Evaluation),
    /// Interrupted after so many steps, and saved.
    Interrupted(u64),
}

/// Everything a run needs.
pub struct Session {
    /// The training step.
    pub training: Compiled,
    /// Inference on a batch of its own.
    pub inference: Compiled,
    /// The network's state.
    pub tensors: Vec<Tensor>,
    /// What the run was asked to do.
    pub config: Config,
    /// Rates and length.
    pub plan: Plan,
    /// Training pictures.
    pub train: Loading,
    /// Test pictures.
    pub test: Loading,
    /// Where everything is written.
    pub folder: RunFolder,
}

impl Session {
    /// Trains from `values`, which are those after `done` steps, to the end of the plan.
    pub fn run(
        &mut self,
        values: &Values,
        done: u64,
        observer: &mut dyn Observer,
    ) -> Result<End, TrainError> {
        self.training.load(values)?;
        let mut log = Log::open(&self.folder.metrics(), done)?;
        let mut last = metrics::evaluation(&self.folder.metrics(), done)?;
        if done > 0 && last.is_none() && self.plan.ends_epoch(done) {
            // The run was stopped between an epoch's checkpoint and its evaluation.
            last = self.evaluate(done, &mut log, observer)?;
        }
        let seed = self.config.recipe.seed;
        let augmentation = self.config.recipe.augmentation();
        let steps = done..self.plan.total;
        let mut batches =
            self.train.clone().training(augmentation, seed, steps.clone()).map_err(no_thread)?;
        for step in steps {
            let Some(batch) = batches.next_item() else {
                return Err(DataError::Content("the pictures ended too early".into()).into());
            };
            self.step(step, &batch, &mut log, observer)?;
            batches.recycle(batch);
            let done = step + 1;
            let ends_epoch = self.plan.ends_epoch(done);
            if ends_epoch || observer.interrupted() {
                self.save(done, &self.folder.checkpoint(done))?;
            }
            if ends_epoch && !observer.interrupted() {
                last = self.evaluate(done, &mut log, observer)?;
            }
            if observer.interrupted() {
                return Ok(End::Interrupted(done));
            }
        }
        self.save(self.plan.total, &self.folder.last_weights())?;
        Ok(last.map_or(End::Interrupted(self.plan.total), End::Finished))
    }

    fn step(
        &mut self,
        step: u64,
        batch: &Batch,
        log: &mut Log,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let start = Instant::now();
        let rate = self.plan.rate(step);
        let seed = Draws::new(self.config.recipe.seed, Purpose::Step, step).bits() >> 8;
        self.training.write(Role::Images, &batch.images)?;
        self.training.write(Role::Targets, &batch.targets)?;
        self.training.write(Role::LearningRate, &[rate as f32])?;
        self.training.write(Role::Seed, &[seed as f32])?;
        self.training.run()?;
        let loss = self.training.output("loss")?.first().copied().unwrap_or(f32::NAN);
        if !loss.is_finite() {
            return Err(TrainError::NonFinite { step: step + 1, loss });
        }
        let logits = self.training.output("logits")?;
        let wrong = evaluate::wrong(&logits, self.train.classes, &batch.labels);
        let count = batch.labels.len() as f64;
        let record = Step {
            step: step + 1,
            epoch: self.plan.epoch(step),
            loss,
            lr: rate,
            images_per_s: (count / start.elapsed().as_secs_f64().max(1e-9) * 10.0).round() / 10.0,
        };
        log.write(&record)?;
        observer.step(&record, 100.0 * wrong as f64 / count);
        Ok(())
    }

    fn evaluate(
        &mut self,
        done: u64,
        log: &mut Log,
        observer: &mut dyn Observer,
    ) -> Result<Option<Evaluation>, TrainError> {
        observer.evaluating(done);
        let values = self.training.values()?;
        self.inference.load(&values)?;
        let interrupted = || observer.interrupted();
        let Some(score) = evaluate(&mut self.inference, &self.test, &interrupted)? else {
            return Ok(None);
        };
        let record = evaluation(done, self.plan.epoch(done - 1), &score);
        log.write(&record)?;
        observer.evaluation(&record);
        Ok(Some(record))
    }

    fn save(&mut self, step: u64, path: &std::path::Path) -> Result<(), TrainError> {
        let values = self.training.values()?;
        let epoch = step / self.plan.per_epoch;
        let about = About { step, epoch, config: self.config.clone() };
        checkpoint::save(path, &self.tensors, &values, &about)
    }
}

fn evaluation(step: u64, epoch: u64, score: &Score) -> Evaluation {
    let loss = score.mean_loss();
    Evaluation {
        step,
        epoch,
        test_loss: loss.is_finite().then_some(loss),
        test_error_percent: score.error_percent(),
    }
}

#[cfg(test)]
mod tests;
