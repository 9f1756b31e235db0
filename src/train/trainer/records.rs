//! What a run writes down. A run without a folder writes nothing.

use std::collections::BTreeSet;

use super::super::TrainError;
use super::super::tensors::Tensor;
use super::Observer;
use crate::train::part::Part;
use crate::train::record::checkpoint::About;
use crate::train::record::keeper::Keeper;
use crate::train::record::metrics::{self, Epoch, EpochSums, Evaluation, Log, Step};
use crate::train::record::run_folder::RunFolder;
use crate::train::record::writer::Writer;
use crate::train::runner::Snapshot;

/// Metrics and checkpoints of a run that has a folder.
pub struct Records(Option<Kept>);

struct Kept {
    log: Log,
    writer: Writer,
    /// Steps whose states are saved, or will be.
    saved: BTreeSet<u64>,
}

impl Records {
    /// Opens a folder's records as they were after `done` steps, and hands out the evaluations in
    /// them and the epoch of the last step. `keep` is how many checkpoints of `tensors` stay, with the
    /// best on a part.
    pub fn open(
        folder: Option<&RunFolder>,
        (keep, chosen_on): (usize, Part),
        done: u64,
        tensors: &[Tensor],
    ) -> Result<(Self, Vec<Evaluation>, EpochSums), TrainError> {
        let mut epoch = EpochSums::default();
        let Some(folder) = folder else { return Ok((Self(None), Vec::new(), epoch)) };
        let log = Log::open(&folder.metrics(), done)?;
        let past = metrics::read(&folder.metrics())?;
        let keeper = Keeper::new(folder, keep, chosen_on, done)?;
        past.steps.iter().for_each(|step| epoch.add(step));
        let saved = keeper.steps().collect();
        let writer = Writer::start(keeper, tensors.to_vec(), log.lines()?)?;
        Ok((Self(Some(Kept { log, writer, saved })), past.evaluations, epoch))
    }

    /// Whether there is a place for anything.
    pub fn are_kept(&self) -> bool {
        self.0.is_some()
    }

    /// Adds a step.
    pub fn step(&mut self, step: &Step) -> Result<(), TrainError> {
        self.0.as_mut().map_or(Ok(()), |kept| kept.log.step(step))
    }

    /// Adds an epoch.
    pub fn epoch(&mut self, epoch: &Epoch) -> Result<(), TrainError> {
        self.0.as_mut().map_or(Ok(()), |kept| kept.log.epoch(epoch))
    }

    /// Adds an evaluation.
    pub fn evaluation(&mut self, evaluation: &Evaluation) -> Result<(), TrainError> {
        self.0.as_mut().map_or(Ok(()), |kept| kept.log.evaluation(evaluation))
    }

    /// Notes what was measured of a state that is saved.
    pub fn judge(&mut self, evaluation: &Evaluation) {
        if let Some(kept) = &mut self.0 {
            kept.writer.judge(*evaluation);
        }
    }

    /// Whether the state after a step is to be saved still.
    pub fn lacks(&self, step: u64) -> bool {
        self.0.as_ref().is_some_and(|kept| !kept.saved.contains(&step))
    }

    /// Has the state after a step saved, while the run goes on.
    pub fn save(&mut self, state: Snapshot, about: About) {
        if let Some(kept) = &mut self.0 {
            kept.saved.insert(about.step);
            kept.writer.checkpoint(state, about);
        }
    }

    /// Has what a run ends with saved.
    pub fn last(&mut self, state: Snapshot, about: About) {
        if let Some(kept) = &mut self.0 {
            kept.writer.last(state, about);
        }
    }

    /// Tells an observer of all that is saved by now.
    pub fn tell(&mut self, observer: &mut dyn Observer) -> Result<(), TrainError> {
        let Some(kept) = &mut self.0 else { return Ok(()) };
        while let Some(step) = kept.writer.written()? {
            observer.saved(step);
        }
        Ok(())
    }

    /// The same, once all states are saved that are to be.
    pub fn wait(&mut self, observer: &mut dyn Observer) -> Result<(), TrainError> {
        let Some(kept) = &mut self.0 else { return Ok(()) };
        while let Some(step) = kept.writer.awaited()? {
            observer.saved(step);
        }
        Ok(())
    }

    /// Waits until all is written, and tells the observer.
    pub fn close(mut self, observer: &mut dyn Observer) -> Result<(), TrainError> {
        self.wait(observer)?;
        self.0.as_mut().map_or(Ok(()), |kept| kept.writer.end())
    }
}
