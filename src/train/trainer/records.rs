//! What a run writes down. A run without a folder writes nothing.

use super::super::TrainError;
use super::super::tensors::{Tensor, Values};
use crate::train::record::checkpoint::About;
use crate::train::record::keeper::Keeper;
use crate::train::record::metrics::{self, Epoch, EpochSums, Evaluation, Log, Step};
use crate::train::record::run_folder::RunFolder;

/// Metrics and checkpoints of a run that has a folder.
pub struct Records(Option<(Log, Keeper)>);

impl Records {
    /// Opens a folder's records as they were after `done` steps, and hands out the last evaluation
    /// in them and the epoch of the last step. `keep` is how many checkpoints stay.
    pub fn open(
        folder: Option<&RunFolder>,
        keep: usize,
        done: u64,
    ) -> Result<(Self, Option<Evaluation>, EpochSums), TrainError> {
        let mut epoch = EpochSums::default();
        let Some(folder) = folder else { return Ok((Self(None), None, epoch)) };
        let log = Log::open(&folder.metrics(), done)?;
        let past = metrics::read(&folder.metrics())?;
        let errors = past.evaluations.iter().map(|e| e.test_error_percent);
        let keeper = Keeper::new(folder, keep, done, errors.min_by(f64::total_cmp))?;
        past.steps.iter().for_each(|step| epoch.add(step));
        Ok((Self(Some((log, keeper))), past.evaluations.last().copied(), epoch))
    }

    /// Whether there is a place for anything.
    pub fn are_kept(&self) -> bool {
        self.0.is_some()
    }

    /// Adds a step.
    pub fn step(&mut self, step: &Step) -> Result<(), TrainError> {
        self.0.as_mut().map_or(Ok(()), |(log, _)| log.step(step))
    }

    /// Adds an epoch.
    pub fn epoch(&mut self, epoch: &Epoch) -> Result<(), TrainError> {
        self.0.as_mut().map_or(Ok(()), |(log, _)| log.epoch(epoch))
    }

    /// Adds an evaluation, and says whether it is the best so far of a state that is not saved.
    pub fn evaluation(&mut self, evaluation: &Evaluation) -> Result<bool, TrainError> {
        let Some((log, keeper)) = &mut self.0 else { return Ok(false) };
        log.evaluation(evaluation)?;
        Ok(keeper.is_best(evaluation.test_error_percent) && !keeper.has(evaluation.step))
    }

    /// Notes the error of a state that is saved.
    pub fn judge(&mut self, evaluation: &Evaluation) -> Result<(), TrainError> {
        let Some((_, keeper)) = &mut self.0 else { return Ok(()) };
        keeper.judge(evaluation.step, evaluation.test_error_percent)
    }

    /// Whether the state after a step is to be saved still.
    pub fn lacks(&self, step: u64) -> bool {
        self.0.as_ref().is_some_and(|(_, keeper)| !keeper.has(step))
    }

    /// Saves the state after a step.
    pub fn save(
        &mut self,
        tensors: &[Tensor],
        values: &Values,
        about: &About,
    ) -> Result<(), TrainError> {
        let Some((log, keeper)) = &mut self.0 else { return Ok(()) };
        // A run that goes on from here needs every line up to here.
        log.sync()?;
        keeper.checkpoint(tensors, values, about)
    }

    /// Saves what a run ends with.
    pub fn last(
        &mut self,
        tensors: &[Tensor],
        values: &Values,
        about: &About,
    ) -> Result<(), TrainError> {
        self.0.as_mut().map_or(Ok(()), |(_, keeper)| keeper.last(tensors, values, about))
    }
}
