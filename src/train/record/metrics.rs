//! `metrics.jsonl`: one JSON object a step and one an evaluation; the same for TensorBoard.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::json_lines::{JsonLines, text};
use super::tensorboard::Events;
use crate::train::TrainError;

/// A training step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Steps done, this one included.
    pub step: u64,
    /// The epoch it belongs to, counted from 1.
    pub epoch: u64,
    /// Mean cross-entropy over its batch.
    pub loss: f32,
    /// Learning rate.
    pub lr: f64,
    /// Pictures a second, this step alone.
    pub images_per_s: f64,
}

/// An evaluation on the test set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Steps done.
    pub step: u64,
    /// Epochs done or begun.
    pub epoch: u64,
    /// Mean cross-entropy; null if it is not a number.
    pub test_loss: Option<f64>,
    /// Pictures classified wrongly, %.
    pub test_error_percent: f64,
}

/// Steps between those that TensorBoard is told; a curve needs no more.
const EVENTS_EVERY: u64 = 10;

/// The open file.
pub struct Log {
    lines: JsonLines,
    events: Events,
}

impl Log {
    /// Opens the file and drops what was written after step `steps`: those steps come again.
    pub fn open(path: &Path, steps: u64) -> Result<Self, TrainError> {
        let kept = kept(path, steps)?;
        let lines = JsonLines::begin(path, &kept)?;
        let events = Events::create(path.parent().unwrap_or(Path::new(".")))?;
        Ok(Self { lines, events })
    }

    /// Adds a step.
    pub fn step(&mut self, step: &Step) -> Result<(), TrainError> {
        self.lines.add(step)?;
        if step.step % EVENTS_EVERY == 1 {
            let loss = ("training/loss", f64::from(step.loss));
            let rate = ("training/learning rate", step.lr);
            self.events.write(step.step, &[loss, rate, ("images a second", step.images_per_s)])?;
        }
        Ok(())
    }

    /// Adds an evaluation.
    pub fn evaluation(&mut self, evaluation: &Evaluation) -> Result<(), TrainError> {
        self.lines.add(evaluation)?;
        let loss = ("test/loss", evaluation.test_loss.unwrap_or(f64::NAN));
        let error = ("test/error, %", evaluation.test_error_percent);
        self.events.write(evaluation.step, &[loss, error])
    }

    /// Makes what was added durable.
    pub fn sync(&self) -> Result<(), TrainError> {
        self.lines.sync()
    }
}

/// Everything that a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Steps.
    pub steps: Vec<Step>,
    /// Evaluations.
    pub evaluations: Vec<Evaluation>,
}

/// Reads a file, as far as its lines make sense; nothing where there is none.
pub fn read(path: &Path) -> Result<History, TrainError> {
    let mut history = History::default();
    for line in text(path)?.lines() {
        if let Ok(step) = serde_json::from_str(line) {
            history.steps.push(step);
        } else if let Ok(evaluation) = serde_json::from_str(line) {
            history.evaluations.push(evaluation);
        }
    }
    Ok(history)
}

fn kept(path: &Path, steps: u64) -> Result<String, TrainError> {
    #[derive(Deserialize)]
    struct At {
        step: u64,
    }
    let text = text(path)?;
    // A last line cut short by a crash does not parse, and goes.
    let keep = |line: &&str| serde_json::from_str::<At>(line).is_ok_and(|at| at.step <= steps);
    Ok(text.lines().filter(keep).flat_map(|line| [line, "\n"]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_fields_that_scripts_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut log = Log::open(&path, 0).unwrap();
        let step = Step { step: 1, epoch: 1, loss: 2.5, lr: 0.01, images_per_s: 700.0 };
        log.step(&step).unwrap();
        let evaluation_1 =
            Evaluation { step: 1, epoch: 1, test_loss: Some(2.0), test_error_percent: 90.0 };
        log.evaluation(&evaluation_1).unwrap();
        log.sync().unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "{\"step\":1,\"epoch\":1,\"loss\":2.5,\"lr\":0.01,\"images_per_s\":700.0}\n\
             {\"step\":1,\"epoch\":1,\"test_loss\":2.0,\"test_error_percent\":90.0}\n"
        );
        let history = read(&path).unwrap();
        assert_eq!((history.steps, history.evaluations), (vec![step], vec![evaluation_1]));
        assert_eq!(read(&folder.path().join("none")).unwrap(), History::default());
    }

    #[test]
    fn what_comes_again_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        std::fs::write(&path, "{\"step\":1,\"x\":0}\n{\"step\":2}\n{\"step\":3}\n{\"st").unwrap();
        drop(Log::open(&path, 2).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"step\":1,\"x\":0}\n{\"step\":2}\n");
    }
}
