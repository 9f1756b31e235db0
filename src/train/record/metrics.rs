//! `metrics.jsonl`: one JSON object a step, one an epoch and one an evaluation; the same for
//! TensorBoard.

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use super::evaluation::{Evaluation, Measure};
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
    /// Pictures of its batch classified wrongly, %; lines of older files lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_percent: Option<f64>,
    /// Learning rate.
    pub lr: f64,
    /// Rows and columns of its pictures, where the recipe changes them on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[usize; 2]>,
    /// Pictures a second, this step alone.
    pub images_per_s: f64,
    /// The share of it that the first of several ranks has waited for others, %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_percent: Option<f64>,
}

/// What an epoch trained on: means over its pictures, each augmented, in training mode, and with the
/// weights of its own step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Steps done.
    pub step: u64,
    /// Which, counted from 1.
    pub epoch: u64,
    /// Its steps that the means are taken over; all of the same number of pictures.
    pub steps: u64,
    /// Mean cross-entropy.
    pub train_loss: f64,
    /// Pictures classified wrongly, %.
    pub train_error_percent: f64,
}

/// The sums of an epoch that is underway.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EpochSums {
    epoch: u64,
    last: u64,
    steps: u64,
    loss: f64,
    error: f64,
}

impl EpochSums {
    /// Adds a step; one of another epoch begins anew. A step whose error is not recorded cannot be
    /// part of the means.
    pub fn add(&mut self, step: &Step) {
        if self.epoch != step.epoch {
            *self = Self { epoch: step.epoch, ..Self::default() };
        }
        let Some(error) = step.error_percent else { return };
        self.last = step.step;
        self.steps += 1;
        self.loss += f64::from(step.loss);
        self.error += error;
    }

    /// The means of the epoch so far; none of no step.
    pub fn means(&self) -> Option<Epoch> {
        let Self { epoch, last: step, steps, .. } = *self;
        let [train_loss, train_error_percent] =
            [self.loss, self.error].map(|sum| sum / steps as f64);
        let means = Epoch { step, epoch, steps, train_loss, train_error_percent };
        (steps > 0).then_some(means)
    }
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
        let events = Events::create(path.parent().unwrap_or(Path::new(".")), steps)?;
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

    /// Adds an epoch.
    pub fn epoch(&mut self, epoch: &Epoch) -> Result<(), TrainError> {
        self.lines.add(epoch)?;
        let loss = ("training/loss of the epoch", epoch.train_loss);
        let error = ("training/error of the epoch, %", epoch.train_error_percent);
        self.events.write(epoch.step, &[loss, error])
    }

    /// Adds an evaluation.
    pub fn evaluation(&mut self, evaluation: &Evaluation) -> Result<(), TrainError> {
        self.lines.add(evaluation)?;
        for (part, measure) in evaluation.measured() {
            let [loss, error] = ["loss", "error, %"].map(|what| format!("{part}/{what}"));
            let loss = (loss.as_str(), measure.loss.unwrap_or(f64::NAN));
            let error = (error.as_str(), measure.error_percent);
            self.events.write(evaluation.step, &[loss, error])?;
        }
        Ok(())
    }

    /// The file, for whoever makes what was added durable.
    pub fn lines(&self) -> Result<JsonLines, TrainError> {
        self.lines.again()
    }
}

/// Everything that a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Steps.
    pub steps: Vec<Step>,
    /// Epochs.
    pub epochs: Vec<Epoch>,
    /// Evaluations.
    pub evaluations: Vec<Evaluation>,
}

/// Reads a file, as far as its lines make sense; nothing where there is none.
pub fn read(path: &Path) -> Result<History, TrainError> {
    let mut history = History::default();
    for line in text(path)?.lines() {
        if let Ok(step) = serde_json::from_str(line) {
            history.steps.push(step);
        } else if let Ok(epoch) = serde_json::from_str(line) {
            history.epochs.push(epoch);
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
    use crate::train::part::Part;

    #[test]
    fn a_line_has_the_fields_that_scripts_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut log = Log::open(&path, 0).unwrap();
        let error_percent = Some(75.0);
        let step = Step {
            step: 1,
            epoch: 1,
            loss: 2.5,
            error_percent,
            lr: 0.01,
            size: None,
            images_per_s: 700.0,
            waiting_percent: None,
        };
        log.step(&step).unwrap();
        let small = Step { step: 1, size: Some([24, 32]), ..step };
        log.step(&small).unwrap();
        let (train_loss, train_error_percent) = (2.5, 75.0);
        let epoch = Epoch { step: 1, epoch: 1, steps: 1, train_loss, train_error_percent };
        log.epoch(&epoch).unwrap();
        let measure = Measure { loss: Some(2.0), error_percent: 90.0 };
        let evaluation_1 = Evaluation::at(1, 1).with(Part::Test, measure);
        log.evaluation(&evaluation_1).unwrap();
        log.lines().unwrap().sync().unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "{\"step\":1,\"epoch\":1,\"loss\":2.5,\"error_percent\":75.0,\"lr\":0.01,\"images_per_s\":700.0}\n\
             {\"step\":1,\"epoch\":1,\"loss\":2.5,\"error_percent\":75.0,\"lr\":0.01,\"size\":[24,32],\"images_per_s\":700.0}\n\
             {\"step\":1,\"epoch\":1,\"steps\":1,\"train_loss\":2.5,\"train_error_percent\":75.0}\n\
             {\"step\":1,\"epoch\":1,\"test_loss\":2.0,\"test_error_percent\":90.0}\n"
        );
        let history = read(&path).unwrap();
        let (steps, epochs, evaluations) = (vec![step, small], vec![epoch], vec![evaluation_1]);
        assert_eq!(history, History { steps, epochs, evaluations });
        assert_eq!(read(&folder.path().join("none")).unwrap(), History::default());
    }

    #[test]
    fn an_epochs_means_are_its_own() {
        let mut sums = EpochSums::default();
        assert_eq!(sums.means(), None);
        let step = |step, epoch, loss, error_percent| Step {
            step,
            epoch,
            loss,
            error_percent,
            lr: 0.1,
            size: None,
            images_per_s: 1.0,
            waiting_percent: None,
        };
        sums.add(&step(1, 1, 100.0, Some(90.0)));
        // Written by an rnetc that recorded no errors.
        sums.add(&step(2, 2, 50.0, None));
        assert_eq!(sums.means(), None);
        sums.add(&step(3, 2, 1.0, Some(40.0)));
        sums.add(&step(4, 2, 2.0, Some(20.0)));
        let (train_loss, train_error_percent) = (1.5, 30.0);
        let means = Epoch { step: 4, epoch: 2, steps: 2, train_loss, train_error_percent };
        assert_eq!(sums.means(), Some(means));
        let old = "{\"step\":1,\"epoch\":1,\"loss\":2.5,\"lr\":0.01,\"images_per_s\":7.0}";
        assert_eq!(serde_json::from_str::<Step>(old).unwrap().error_percent, None);
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
