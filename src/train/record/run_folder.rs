//! The folder of a run:
//!
//! ```text
//! config.yaml                          the resolved configuration
//! metrics.jsonl                        a line a step, a line an evaluation
//! checkpoints/step-00000390.safetensors   the last few, and the one with the lowest test error
//! final.safetensors                    after the last step
//! manifest.json                        hashes of both
//! events.out.tfevents.*                for TensorBoard
//! lock                                 held while a process trains
//! ```

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::atomic;
use super::checkpoint;
use super::format;
use super::lock::Lock;
use crate::text::unmarked;
use crate::train::TrainError;
use crate::train::config::{self, Config};
use crate::train::yaml;
use crate::train::yaml::written;

/// A run folder that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Name of the weights after the last step.
    pub const LAST: &str = "final.safetensors";

    /// The folder for a new run, which must not hold one already: `out`, or the next free
    /// `runs/<name>-NNN`.
    pub fn create(out: Option<&Path>, runs: &Path, name: &str) -> Result<Self, TrainError> {
        let path = match out {
            Some(path) => {
                Self::check_free(path)?;
                path.to_path_buf()
            }
            None => next_free(runs, name)?,
        };
        let checkpoints = path.join("checkpoints");
        std::fs::create_dir_all(&checkpoints)
            .map_err(|error| TrainError::writing(&checkpoints, error))?;
        Ok(Self { path })
    }

    /// The same, held by this process from here on.
    pub fn begin(out: Option<&Path>, runs: &Path, name: &str) -> Result<(Self, Lock), TrainError> {
        let folder = Self::create(out, runs, name)?;
        let lock = Lock::take(folder.path())?;
        // Another run may have begun and ended here before the folder was held.
        Self::check_free(folder.path())?;
        Ok((folder, lock))
    }

    /// The folder of a run that is only read.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        if !path.join("config.yaml").is_file() {
            return Err(TrainError::NoRun { folder: path.to_path_buf() });
        }
        Ok(Self { path: path.to_path_buf() })
    }

    /// Refuses a folder that holds a run.
    pub fn check_free(path: &Path) -> Result<(), TrainError> {
        if path.join("config.yaml").exists() {
            return Err(TrainError::HoldsRun { folder: path.to_path_buf() });
        }
        Ok(())
    }

    /// The folder of a run that goes on: `out`, or the newest `runs/<name>-NNN`.
    pub fn existing(out: Option<&Path>, runs: &Path, name: &str) -> Result<Self, TrainError> {
        if let Some(path) = out {
            return Self::open(path);
        }
        match numbered(runs, name).into_iter().max() {
            Some((_, path)) => Self::open(&path),
            None => Err(TrainError::NoRunOf { name: name.to_owned(), runs: runs.to_path_buf() }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The metrics.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// The weights after the last step.
    pub fn last_weights(&self) -> PathBuf {
        self.path.join(Self::LAST)
    }

    /// The checkpoint after a step.
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.path.join(self.checkpoint_name(step))
    }

    /// Its path inside the folder.
    pub fn checkpoint_name(&self, step: u64) -> String {
        format!("checkpoints/step-{step:08}.safetensors")
    }

    /// The checkpoint with the most steps.
    pub fn latest_checkpoint(&self) -> Result<Option<PathBuf>, TrainError> {
        Ok(self.checkpoints()?.pop())
    }

    /// Its steps.
    pub fn latest_step(&self) -> Result<Option<u64>, TrainError> {
        Ok(self.latest_checkpoint()?.as_deref().and_then(step))
    }

    /// The weights with the most steps: a checkpoint, or those after the last step, which may be of
    /// a run that goes on.
    pub fn newest_weights(&self) -> Result<Option<PathBuf>, TrainError> {
        let (last, checkpoint) = (self.last_weights(), self.latest_checkpoint()?);
        if !last.is_file() {
            return Ok(checkpoint);
        }
        let steps = checkpoint::describe(&last)?.map_or(0, |origin| origin.steps());
        let later = |path: &PathBuf| step(path).is_some_and(|step| step > steps);
        Ok(checkpoint.filter(later).or(Some(last)))
    }

    /// All checkpoints, the one with the most steps last.
    pub fn checkpoints(&self) -> Result<Vec<PathBuf>, TrainError> {
        let folder = self.path.join("checkpoints");
        let entries =
            std::fs::read_dir(&folder).map_err(|error| TrainError::reading(&folder, error))?;
        let paths = entries.filter_map(|entry| entry.ok().map(|e| e.path()));
        let mut found: Vec<(u64, PathBuf)> =
            paths.filter_map(|path| step(&path).map(|s| (s, path))).collect();
        found.sort();
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    /// Records the configuration.
    pub fn write_config(&self, config: &Config) -> Result<(), TrainError> {
        let path = self.path.join("config.yaml");
        let text = written::to_string(config)
            .map_err(|error| TrainError::writing(&path, io::Error::other(error)))?;
        atomic::write(&path, text.as_bytes())
    }

    /// The configuration that was recorded.
    pub fn read_config(&self) -> Result<Config, TrainError> {
        let path = self.path.join("config.yaml");
        let text =
            std::fs::read_to_string(&path).map_err(|error| TrainError::reading(&path, error))?;
        let text = unmarked(&text);
        format::check(&path, serde_yaml::from_str(text), config::FORMAT)?;
        let config = serde_yaml::from_str(text);
        let told = |error| yaml::in_words("config", text, &error);
        config.map_err(|error| TrainError::reading(&path, io::Error::other(told(error))))
    }
}

/// The steps of a checkpoint, which its name says.
fn step(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()
}

/// Makes the first `<name>-NNN` that is not there; two programs never get the same one.
fn next_free(runs: &Path, name: &str) -> Result<PathBuf, TrainError> {
    std::fs::create_dir_all(runs).map_err(|error| TrainError::writing(runs, error))?;
    let mut number = numbered(runs, name).into_iter().map(|(n, _)| n).max().unwrap_or(0);
    loop {
        number += 1;
        let path = runs.join(format!("{name}-{number:03}"));
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(TrainError::writing(&path, error)),
        }
    }
}

fn numbered(runs: &Path, name: &str) -> Vec<(u64, PathBuf)> {
    let number = |path: &Path| {
        let rest = path.file_name()?.to_str()?.strip_prefix(name)?.strip_prefix('-')?;
        rest.parse::<u64>().ok().filter(|n| *n < 1 << 60)
    };
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    entries.filter_map(|e| number(&e.path()).map(|n| (n, e.path()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_numbered_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        assert!(RunFolder::existing(None, &runs, "net").is_err());
        let first = RunFolder::create(None, &runs, "net").unwrap();
        let second = RunFolder::create(None, &runs, "net").unwrap();
        assert!(first.path().ends_with("net-001") && second.path().ends_with("net-002"));
        std::fs::write(second.path().join("config.yaml"), "").unwrap();
        assert_eq!(RunFolder::existing(None, &runs, "net").unwrap(), second);
        let error = RunFolder::create(Some(second.path()), &runs, "net").unwrap_err();
        assert!(matches!(error, TrainError::HoldsRun { .. }), "{error}");
        assert!(RunFolder::existing(Some(first.path()), &runs, "net").is_err());
    }

    #[test]
    fn the_latest_checkpoint_has_the_most_steps() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::create(Some(folder.path()), Path::new("unused"), "net").unwrap();
        assert_eq!(run.latest_checkpoint().unwrap(), None);
        for step in [9, 100_000_000, 10] {
            std::fs::write(run.checkpoint(step), "").unwrap();
        }
        std::fs::write(folder.path().join("checkpoints/other.safetensors"), "").unwrap();
        assert_eq!(run.latest_checkpoint().unwrap(), Some(run.checkpoint(100_000_000)));
    }

    #[test]
    fn a_configuration_of_a_newer_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, "what_comes: 1\nformat: 4\n").unwrap();
        let run = RunFolder::open(folder.path()).unwrap();
        let error = run.read_config().unwrap_err();
        assert!(matches!(error, TrainError::Newer { format: 4, known: 3, .. }), "{error}");
    }
}
