//! One run of a study, and how far it is.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::Failure;
use crate::cli::args::EngineArgs;
use crate::cli::show::changes;
use crate::data::Set;
use crate::engine::Precision;
use crate::study::{State, Unfinished};
use crate::train::TrainError;
use crate::train::config;
use crate::train::part::Part;
use crate::train::recipe::Recipe;
use crate::train::record::lock::Lock;
use crate::train::record::metrics::{self, Evaluation};
use crate::train::record::run_folder::RunFolder;
use crate::train::schedule::Length;

/// Name of the file that says that a run came to numbers that are none.
const NO_NUMBERS: &str = "no-numbers.txt";
/// Name of the file that says why a run ended with an error.
const FAILED: &str = "failed.txt";

/// What is run.
pub struct Job {
    /// For people.
    pub label: String,
    /// Its run folder.
    pub folder: PathBuf,
    /// Its spec.
    pub spec: PathBuf,
    /// Its spec's text.
    pub text: String,
    /// Values of the net's parameters.
    pub settings: Vec<(String, String)>,
    /// The same with what the data decides.
    pub resolved: BTreeMap<String, String>,
    /// Its data set.
    pub data: Set,
    /// File or name of its recipe.
    pub recipe: PathBuf,
    /// What the recipe says now, with batch and seed.
    pub asked: Recipe,
    /// How long it is.
    pub length: Length,
    /// Pictures a step, where not the recipe's.
    pub batch: Option<usize>,
    /// Its seed.
    pub seed: u32,
    /// Its precision, where not the recipe's.
    pub precision: Option<Precision>,
}

impl Job {
    /// Its name: its folder's, in the study's.
    pub fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// What it computes in.
    pub fn precision(&self) -> Precision {
        self.precision.or(self.asked.precision).unwrap_or_default()
    }

    /// What it says while it trains.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log.txt")
    }

    /// Whether its folder holds a run.
    pub fn is_begun(&self) -> bool {
        self.folder.join("config.yaml").is_file()
    }

    /// How far it is; an error where its folder holds another run.
    pub fn state(&self) -> Result<State, Failure> {
        let failed = std::fs::read_to_string(self.folder.join(FAILED)).ok();
        let failed = failed.map(|text| Unfinished::Failed { error: text.trim().to_owned() });
        if !self.is_begun() {
            return Ok(State::Unfinished(failed.unwrap_or(Unfinished::Missing)));
        }
        let run = RunFolder::open(&self.folder)?;
        let config = run.read_config()?;
        let other = |what: &str| {
            Failure::Wrong(format!(
                "{}: is not what the study says: another {what}; move it away, or name another \
                 folder with --out",
                self.folder.display()
            ))
        };
        if config.spec_text != self.text {
            return Err(other("spec"));
        }
        if config.settings != self.resolved {
            return Err(other("value of a parameter"));
        }
        if (config.data.as_str(), config.length) != (self.data.to_string().as_str(), self.length) {
            return Err(other("data set or length"));
        }
        if self.precision.is_some_and(|p| p != config.precision) {
            return Err(other("precision"));
        }
        // A set smaller than a batch was trained whole.
        let batch = self.asked.batch.min(config.pictures);
        let asked = Recipe { batch, ..self.asked.clone() };
        let changed = config::differences(&config.recipe, &asked);
        if !changed.is_empty() {
            return Err(other(&format!("recipe:\n{}\n", changes::listed(&changed))));
        }
        if self.folder.join(NO_NUMBERS).is_file() {
            return Ok(State::NoNumbers);
        }
        let mut history = metrics::read(&run.metrics())?;
        let (step, last) =
            (history.steps.last().map_or(0, |at| at.step), history.evaluations.pop());
        // A run that has given up ends before its last step, and has tested.
        let is_over = |last: &Evaluation| {
            (last.step == config.steps || config.recipe.stop.is_some())
                && run.last_weights().is_file()
        };
        let error = last.filter(is_over).and_then(|last| last.error_percent(Part::Test));
        let unfinished = || failed.unwrap_or(Unfinished::Begun { step, steps: config.steps });
        Ok(error.map_or_else(|| State::Unfinished(unfinished()), State::Done))
    }

    /// What it will do, for people.
    pub fn goes(&self) -> &'static str {
        if self.is_begun() { "goes on" } else { "begins" }
    }

    /// Makes its folder, in which nothing says any more that it failed.
    pub fn make_folder(&self) -> Result<(), Failure> {
        let io = |error| Failure::io("beginning", &self.folder, error);
        std::fs::create_dir_all(&self.folder).map_err(io)?;
        match std::fs::remove_file(self.folder.join(FAILED)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(io(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Notes why it ended with an error, unless another process trains it, whose end counts.
    pub fn failed(&self, why: &str) -> Result<(), Failure> {
        if matches!(Lock::take(&self.folder), Err(TrainError::Held { .. })) {
            return Ok(());
        }
        let path = self.folder.join(FAILED);
        std::fs::write(&path, format!("{why}\n"))
            .map_err(|error| Failure::io("writing", &path, error))
    }

    /// Notes that the loss was no number.
    pub fn no_numbers(&self) -> Result<(), Failure> {
        let path = self.folder.join(NO_NUMBERS);
        std::fs::write(&path, "the loss was no number; the log says at which step\n")
            .map_err(|error| Failure::io("writing", &path, error))
    }

    /// The arguments that begin it, or go on with it.
    pub fn arguments(&self, data: Option<&PathBuf>, on: &EngineArgs) -> Vec<String> {
        let mut line = vec!["run".to_string(), text(&self.spec)];
        let mut option = |name: &str, value: String| line.extend([name.to_string(), value]);
        option("--train", self.data.to_string());
        option("--recipe", text(&self.recipe));
        option("--seed", self.seed.to_string());
        option("--out", text(&self.folder));
        for (name, value) in &self.settings {
            option("--set", format!("{name}={value}"));
        }
        match self.length {
            Length::Epochs(epochs) => option("--epochs", epochs.to_string()),
            Length::Steps(steps) => option("--steps", steps.to_string()),
            Length::Recipe => {}
        }
        if let Some(batch) = self.batch {
            option("--batch", batch.to_string());
        }
        if let Some(precision) = self.precision {
            option("--precision", precision.to_string());
        }
        // A folder of pictures is its own place.
        if let (Some(data), Set::Known(_)) = (data, &self.data) {
            option("--data", text(data));
        }
        if let Some(name) = on.engine.to_possible_value() {
            option("--engine", name.get_name().to_string());
        }
        for (name, value) in on.of_gpus() {
            option(name, value);
        }
        if let Some(threads) = on.threads {
            option("--threads", threads.to_string());
        }
        if self.is_begun() {
            line.push("--resume".into());
        }
        line
    }
}

fn text(path: &std::path::Path) -> String {
    path.to_string_lossy().into_owned()
}
