//! Which checkpoints a run leaves: the last few, and the best.

use std::collections::HashSet;

use super::checkpoint::{self, About};
use super::evaluation::Evaluation;
use super::manifest::{CheckpointList, Entry};
use super::run_folder::RunFolder;
use crate::train::TrainError;
use crate::train::part::Part;
use crate::train::tensors::{Tensor, Values};

/// Saves, lists, and removes what is no longer kept.
pub struct Keeper {
    folder: RunFolder,
    keep: usize,
    manifest: CheckpointList,
    /// Checkpoints after the step from which the run goes on: it passed them over as damaged, and
    /// makes them again.
    passed_over: HashSet<String>,
}

impl Keeper {
    /// For a run that has done some steps, in a folder that may hold checkpoints; the best of them
    /// is chosen on a part.
    pub fn new(
        folder: &RunFolder,
        keep: usize,
        chosen_on: Part,
        done: u64,
    ) -> Result<Self, TrainError> {
        let mut manifest = CheckpointList::read(folder.path())?;
        manifest.chosen_on = chosen_on;
        let mut passed_over = HashSet::new();
        for entry in manifest.checkpoints.iter_mut().filter(|entry| entry.step > done) {
            // It is none of those among which the best is kept.
            (entry.validation_error_percent, entry.test_error_percent) = (None, None);
            passed_over.insert(entry.file.clone());
        }
        Ok(Self { folder: folder.clone(), keep, manifest, passed_over })
    }

    /// Saves what a run has after a step.
    pub fn checkpoint(
        &mut self,
        tensors: &[Tensor],
        values: &Values,
        about: &About,
    ) -> Result<(), TrainError> {
        let path = self.folder.checkpoint(about.step);
        let content = checkpoint::save(&path, tensors, values, about)?;
        let file = self.folder.checkpoint_name(about.step);
        self.passed_over.remove(&file);
        self.manifest.add(Entry::new(file, about.step, &content));
        self.settle()
    }

    /// Saves what a run ends with.
    pub fn last(
        &mut self,
        tensors: &[Tensor],
        values: &Values,
        about: &About,
    ) -> Result<(), TrainError> {
        let content = checkpoint::save(&self.folder.last_weights(), tensors, values, about)?;
        self.manifest.add(Entry::new(RunFolder::LAST.into(), about.step, &content));
        self.settle()
    }

    /// Whether the state after a step is saved.
    pub fn has(&self, step: u64) -> bool {
        let file = self.folder.checkpoint_name(step);
        let is_listed = self.manifest.checkpoints.iter().any(|entry| entry.file == file);
        is_listed && !self.passed_over.contains(&file)
    }

    /// The steps after which a state is saved.
    pub fn steps(&self) -> impl Iterator<Item = u64> {
        self.manifest.checkpoints.iter().map(|entry| entry.step).filter(|&step| self.has(step))
    }

    /// Notes what was measured of what was saved after a step.
    pub fn judge(&mut self, evaluation: &Evaluation) -> Result<(), TrainError> {
        if self.has(evaluation.step) {
            self.manifest.judge(evaluation);
        }
        self.settle()
    }

    /// The list is durable before anything that it no longer names is removed.
    fn settle(&mut self) -> Result<(), TrainError> {
        let gone = self.manifest.prune(self.keep);
        self.manifest.write(self.folder.path())?;
        for entry in gone {
            // What cannot be removed stays; nothing reads it.
            let _ = std::fs::remove_file(self.folder.path().join(entry.file));
        }
        Ok(())
    }
}
