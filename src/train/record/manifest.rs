//! `manifest.json`: the checkpoints of a run with their hashes.
//!
//! A checkpoint is moved into place before it is listed, so a file that is not listed yet may be
//! whole; one that is listed must have the hash.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::atomic;
use super::evaluation::Evaluation;
use super::format::{self, FormatVersion};
use crate::text::sha256;
use crate::train::TrainError;
use crate::train::part::Part;

/// Name of the file in a run folder.
pub const FILE: &str = "manifest.json";

/// The version of the file.
pub const FORMAT: u32 = 1;

/// Files of a run, in the order of their steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckpointList {
    /// The version it is written in.
    #[serde(default)]
    pub format: FormatVersion<FORMAT>,
    /// What the best of them is chosen on.
    #[serde(default, skip_serializing_if = "Part::is_test")]
    pub chosen_on: Part,
    /// The files.
    pub checkpoints: Vec<Entry>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its path inside the run folder.
    pub file: String,
    /// Steps done.
    pub step: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content.
    pub sha256: String,
    /// Error on the validation part after that step, where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_error_percent: Option<f64>,
    /// Test error after that step, where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_error_percent: Option<f64>,
}

impl Entry {
    /// For a file of this content.
    pub fn new(file: String, step: u64, content: &[u8]) -> Self {
        let (bytes, sha256) = (content.len() as u64, sha256([content]));
        let (validation_error_percent, test_error_percent) = (None, None);
        Self { file, step, bytes, sha256, validation_error_percent, test_error_percent }
    }

    /// Its error on a part, %.
    pub fn error_percent(&self, part: Part) -> Option<f64> {
        match part {
            Part::Validation => self.validation_error_percent,
            Part::Test => self.test_error_percent,
        }
    }
}

impl CheckpointList {
    /// The manifest of a run folder; an empty one where there is none.
    ///
    /// # Errors
    /// It is damaged or of a newer format: what it lists must not be lost.
    pub fn read(run: &Path) -> Result<Self, TrainError> {
        let path = run.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(TrainError::reading(&path, error)),
        };
        format::check(&path, serde_json::from_str(&text), FORMAT)?;
        serde_json::from_str(&text).map_err(|error| {
            let why = error.to_string();
            TrainError::DamagedList { path, why }
        })
    }

    /// Writes it, whole or not at all.
    pub fn write(&self, run: &Path) -> Result<(), TrainError> {
        let path = run.join(FILE);
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| TrainError::writing(&path, error))?;
        text.push('\n');
        atomic::write(&path, text.as_bytes())
    }

    /// Lists a file, in place of an earlier one of its name.
    pub fn add(&mut self, entry: Entry) {
        self.checkpoints.retain(|old| old.file != entry.file);
        self.checkpoints.push(entry);
        self.checkpoints.sort_by(|a, b| (a.step, &a.file).cmp(&(b.step, &b.file)));
    }

    /// Notes what was measured of what was saved after a step.
    pub fn judge(&mut self, evaluation: &Evaluation) {
        for entry in self.checkpoints.iter_mut().filter(|entry| entry.step == evaluation.step) {
            let error = |part| evaluation.error_percent(part).or(entry.error_percent(part));
            let [validation, test] = Part::ALL.map(error);
            (entry.validation_error_percent, entry.test_error_percent) = (validation, test);
        }
    }

    /// Takes out all but the last `keep` in the folder of checkpoints and the first of those with
    /// the lowest error; what was taken out.
    pub fn prune(&mut self, keep: usize) -> Vec<Entry> {
        let (mut among, others): (Vec<Entry>, Vec<Entry>) =
            self.checkpoints.drain(..).partition(|entry| entry.file.contains('/'));
        let error = |entry: &Entry| entry.error_percent(self.chosen_on);
        let judged = among.iter().filter(|entry| error(entry).is_some());
        let best = judged.min_by(|a, b| {
            let error = |e: &Entry| error(e).unwrap_or(f64::INFINITY);
            error(a).total_cmp(&error(b))
        });
        let best = best.map(|entry| entry.step);
        let last = among.split_off(among.len().saturating_sub(keep));
        let (kept, gone) = among.into_iter().partition(|entry| Some(entry.step) == best);
        self.checkpoints = [kept, last, others].concat();
        gone
    }
}

/// Compares a file with what the manifest of its run says of it; whether there is one and it does.
pub fn verify(path: &Path) -> Result<bool, TrainError> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    for run in whole.ancestors().skip(1).take(2) {
        let Ok(inside) = whole.strip_prefix(run) else { continue };
        let entries = CheckpointList::read(run)?.checkpoints;
        if let Some(entry) = entries.iter().find(|entry| Path::new(&entry.file) == inside) {
            return compare(path, entry).map(|()| true);
        }
    }
    Ok(false)
}

fn compare(path: &Path, entry: &Entry) -> Result<(), TrainError> {
    let reading = |error| TrainError::reading(path, error);
    let length = std::fs::metadata(path).map_err(reading)?.len();
    // Nothing longer than what is expected is read.
    let content =
        if length == entry.bytes { std::fs::read(path).map_err(reading)? } else { vec![] };
    if length == entry.bytes && sha256([content.as_slice()]) == entry.sha256 {
        return Ok(());
    }
    Err(TrainError::Changed { path: path.to_path_buf(), list: FILE })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::record::evaluation::Measure;

    fn entry(step: u64, error: Option<f64>) -> Entry {
        let entry = Entry::new(format!("checkpoints/{step}"), step, b"abc");
        Entry { test_error_percent: error, ..entry }
    }

    fn steps(manifest: &CheckpointList) -> Vec<u64> {
        manifest.checkpoints.iter().map(|entry| entry.step).collect()
    }

    #[test]
    fn the_last_and_the_best_are_kept() {
        let mut manifest = CheckpointList::default();
        for (step, error) in [(10, None), (1, Some(9.0)), (3, Some(5.0)), (2, Some(5.0)), (4, None)]
        {
            manifest.add(entry(step, error));
        }
        manifest.add(Entry::new("final.safetensors".into(), 10, b""));
        let gone = manifest.prune(2);
        assert_eq!(gone.iter().map(|e| e.step).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(steps(&manifest), [2, 4, 10, 10]);
        let measure = Measure { loss: None, error_percent: 1.0 };
        manifest.judge(&Evaluation::at(4, 1).with(Part::Test, measure));
        assert_eq!(manifest.prune(1).iter().map(|e| e.step).collect::<Vec<_>>(), [2]);
        assert_eq!(steps(&manifest), [4, 10, 10]);
        manifest.add(entry(4, None));
        assert_eq!(steps(&manifest), [4, 10, 10]);
        assert!(manifest.prune(9).is_empty());
    }

    #[test]
    fn a_changed_file_is_noticed_and_an_unlisted_one_is_not() {
        let run = tempfile::tempdir().unwrap();
        std::fs::create_dir(run.path().join("checkpoints")).unwrap();
        let path = run.path().join("checkpoints/1");
        std::fs::write(&path, b"abd").unwrap();
        verify(&path).unwrap();
        let mut manifest = CheckpointList::default();
        manifest.add(entry(1, Some(2.5)));
        manifest.write(run.path()).unwrap();
        assert_eq!(CheckpointList::read(run.path()).unwrap(), manifest);
        let error = verify(&path).unwrap_err().to_string();
        assert!(error.contains("damaged"), "{error}");
        std::fs::write(&path, b"abc").unwrap();
        verify(&path).unwrap();
        std::fs::write(run.path().join(FILE), "{ no").unwrap();
        let error = CheckpointList::read(run.path()).unwrap_err();
        assert!(matches!(error, TrainError::DamagedList { .. }), "{error}");
        assert!(verify(&path).is_err());
    }

    #[test]
    fn an_older_version_is_read_and_a_newer_one_refused() {
        let run = tempfile::tempdir().unwrap();
        let mut manifest = CheckpointList::default();
        manifest.add(entry(1, None));
        manifest.write(run.path()).unwrap();
        let path = run.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        let doctored = |format: &str| {
            std::fs::write(&path, text.replace("  \"format\": 1,\n", format)).unwrap();
            CheckpointList::read(run.path())
        };
        assert_eq!(doctored("").unwrap(), manifest, "files of before had no number");
        let error = doctored("  \"format\": 2,\n").unwrap_err();
        assert!(matches!(error, TrainError::Newer { format: 2, known: 1, .. }), "{error}");
        assert!(verify(&run.path().join("checkpoints/1")).is_err());
    }
}
