//! One run of a study, and how far it is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::Failure;
use crate::cli::args::EngineArgs;
use crate::cli::session::spec;
use crate::cli::show::changes;
use crate::data::Set;
use crate::engine::Precision;
use crate::train::config;
use crate::train::part::Part;
use crate::train::recipe::Recipe;
use crate::train::record::metrics::{self, Evaluation};
use crate::train::record::run_folder::RunFolder;
use crate::train::schedule::Length;

/// Name of the file that says that a run came to numbers that are none.
const NO_NUMBERS: &str = "no-numbers.txt";

/// What is run.
pub struct Job {
    /// For people.
    pub label: String,
    /// Its run folder.
    pub folder: PathBuf,
    /// Its spec.
    pub spec: PathBuf,
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

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// Not begun.
    Missing,
    /// Begun.
    Begun,
    /// Over; the last test error.
    Done(f64),
    /// Over, since the loss was no number.
    NoNumbers,
}

impl State {
    /// Whether nothing is left to do.
    pub fn is_over(self) -> bool {
        match self {
            State::Done(_) | State::NoNumbers => true,
            State::Missing | State::Begun => false,
        }
    }
}

impl Job {
    /// How far it is; an error where its folder holds another run.
    pub fn state(&self) -> Result<State, Failure> {
        if !self.folder.join("config.yaml").is_file() {
            return Ok(State::Missing);
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
        if config.spec_text != spec::read(&self.spec)? {
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
        let last = metrics::read(&run.metrics())?.evaluations.pop();
        // A run that has given up ends before its last step, and has tested.
        let is_over = |last: &Evaluation| {
            (last.step == config.steps || config.recipe.stop.is_some())
                && run.last_weights().is_file()
        };
        let error = last.filter(is_over).and_then(|last| last.error_percent(Part::Test));
        Ok(error.map_or(State::Begun, State::Done))
    }

    /// Notes that the loss was no number.
    pub fn no_numbers(&self) -> Result<(), Failure> {
        let path = self.folder.join(NO_NUMBERS);
        std::fs::write(&path, "the loss was no number; the log says at which step\n")
            .map_err(|error| Failure::io("writing", &path, error))
    }

    /// The arguments that begin it, or go on with it.
    pub fn arguments(&self, begun: bool, data: Option<&PathBuf>, on: &EngineArgs) -> Vec<String> {
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
        if let Some(limits) = on.limits.to_possible_value() {
            option("--limits", limits.get_name().to_string());
        }
        if let Some(tune) = on.tune.and_then(|tune| tune.to_possible_value()) {
            option("--tune", tune.get_name().to_string());
        }
        if let Some(threads) = on.threads {
            option("--threads", threads.to_string());
        }
        if begun {
            line.push("--resume".into());
        }
        line
    }
}

fn text(path: &std::path::Path) -> String {
    path.to_string_lossy().into_owned()
}
