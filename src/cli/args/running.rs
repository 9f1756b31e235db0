//! Of `run` and `bench`.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{ArgGroup, Args, ValueEnum};

use super::engine::EngineArgs;
use super::part::PartArg;
use super::values::{batch, change, epochs, rates, set, setting};
use crate::data::Set;
use crate::data::views::Views;
use crate::export::Mode;
use crate::train::epochs::Epochs;

/// `rnetc run`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what"))]
pub struct RunArgs {
    /// A spec, or a folder that `rnetc build` made [default: what the weights were trained with;
    /// without weights, the last build; without a build, a pre-activation net of depth 20]
    #[arg(value_name = "SPEC|DIR")]
    pub spec: Option<PathBuf>,
    /// Train on a data set: cifar10, cifar100, shapes10, or a folder of pictures, which stand in
    /// DIR/train/<class>/ and DIR/test/<class>/
    #[arg(long, value_name = "DATA", value_parser = set, group = "what")]
    pub train: Option<Set>,
    /// Measure the error on a data set's test pictures [default: the set of the weights' run]
    #[arg(long, value_name = "DATA", value_parser = set, group = "what", requires = "weights",
        num_args = 0..=1)]
    pub eval: Option<Option<Set>>,
    /// With --eval, the part of the data that is measured on [default: test]
    #[arg(long, value_name = "PART", value_enum, requires = "eval")]
    pub part: Option<PartArg>,
    /// With --eval and --predict, classify several views of each picture, and take the mean of their
    /// scores before softmax [default: as the recipe of the weights' run says]
    #[arg(long, value_name = "VIEWS", value_enum, requires = "weights",
        conflicts_with_all = ["train", "resume"])]
    pub views: Option<Views>,
    /// The data's classes have other names than those of the weights, and mean the same in the
    /// same order
    #[arg(long, requires = "weights", conflicts_with = "predict")]
    pub other_names: bool,
    /// Name what pictures show: files, and folders with all the PNG and JPEG files in them
    #[arg(long, value_name = "IMAGE|DIR", num_args = 1.., group = "what", requires = "weights")]
    pub predict: Vec<PathBuf>,
    /// With --predict, name so many classes for each picture [default: 3]
    #[arg(long, value_name = "K", requires = "predict",
        value_parser = clap::value_parser!(u16).range(1..=256))]
    pub top: Option<u16>,
    /// With --eval, name so many of the pictures that were wrong, the surest first; with --format
    /// csv, they are the table [default: 0]
    #[arg(long, value_name = "N", requires = "eval")]
    pub mistakes: Option<usize>,
    /// How to print what comes of it; with csv and json, --eval also gives precision, recall,
    /// top-5 error and confusion
    #[arg(long, value_enum, default_value = "text")]
    pub format: ResultFormat,
    /// Weights to test, to ask, or to begin training with: a file, or the folder of a run, whose last
    /// are taken
    #[arg(long, value_name = "FILE|RUN", conflicts_with = "resume")]
    pub weights: Option<PathBuf>,
    /// A folder with the official files [default: the cache, and fetched where they are not]; with
    /// --resume, or --eval without a set, also where a run's own pictures stand now
    #[arg(long, value_name = "DIR", conflicts_with = "predict")]
    pub data: Option<PathBuf>,
    /// How to train
    #[command(flatten)]
    pub training: TrainingArgs,
    /// On what
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Set a parameter of the net
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
}

/// How to train.
#[derive(Debug, Args)]
pub struct TrainingArgs {
    /// How to train, in YAML; or he2016, stochastic_depth, shakedrop, fast, resnet9, airbench94, airbench94_muon, airbench96 [default: he2016]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["eval", "predict"])]
    pub recipe: Option<PathBuf>,
    /// Change a key of the recipe, by its path: --with schedule.lr=0.05
    #[arg(long, value_name = "KEY=VALUE", value_parser = change,
        conflicts_with_all = ["eval", "predict"])]
    pub with: Vec<(String, String)>,
    /// Train so many epochs in all; the schedule stretches [default: 4 on shapes10, else the recipe's]
    #[arg(long, value_name = "N", conflicts_with_all = ["eval", "predict", "steps"],
        value_parser = epochs)]
    pub epochs: Option<Epochs>,
    /// Train so many steps in all; the schedule stretches
    #[arg(long, value_name = "N", conflicts_with_all = ["eval", "predict"],
        value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub steps: Option<u64>,
    /// Pictures a batch [default: the recipe's]
    #[arg(long, value_name = "N", value_parser = batch)]
    pub batch: Option<usize>,
    /// Seed of all that is random [default: the recipe's]
    #[arg(long, value_name = "N", conflicts_with_all = ["eval", "predict"])]
    pub seed: Option<u32>,
    /// Folder of the run [default: runs/<spec name>-NNN]
    #[arg(long, value_name = "DIR", conflicts_with_all = ["eval", "predict"])]
    pub out: Option<PathBuf>,
    /// Keep fewer activations and compute the others again in the backward pass
    #[arg(long, conflicts_with_all = ["eval", "predict"])]
    pub recompute: bool,
    /// Show live curves on the terminal; q ends the run as Ctrl-C does
    #[arg(long, conflicts_with_all = ["eval", "predict"])]
    pub tui: bool,
    /// Train for 200 steps (or --steps, --epochs) with a learning rate that grows from step to step, and
    /// name rates at which the loss falls (Smith 2017); losses go to rates.csv and rates.svg in the folder
    /// of --out [default: runs/<spec name>-rates], and no run is kept
    #[arg(long, requires = "train", conflicts_with_all = ["eval", "predict", "resume", "tui"])]
    pub find_rate: bool,
    /// With --find-rate, the first and the last rate [default: 1e-5..10]
    #[arg(long, value_name = "LOW..HIGH", value_parser = rates, requires = "find_rate")]
    pub rates: Option<(f64, f64)>,
    /// Go on from the last checkpoint of a run, which knows its spec, data, recipe and length
    /// [default: the folder that --out names, else the newest run of the spec]
    #[arg(long, value_name = "RUN", num_args = 0..=1, conflicts_with_all = ["eval", "predict"])]
    pub resume: Option<Option<PathBuf>>,
}

/// `rnetc bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// The spec
    #[arg(value_name = "SPEC")]
    pub spec: PathBuf,
    /// What to measure
    #[arg(long, value_enum, default_value = "train")]
    pub mode: Mode,
    /// Pictures a batch
    #[arg(long, value_name = "N", default_value = "128", value_parser = batch)]
    pub batch: usize,
    /// Steps to measure, after three to warm up
    #[arg(long, value_name = "N", default_value = "10",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub steps: u32,
    /// Keep fewer activations and compute the others again in the backward pass
    #[arg(long)]
    pub recompute: bool,
    /// Also time every kernel
    #[arg(long)]
    pub profile: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// On what
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Set a parameter of the net
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
}

impl ValueEnum for Mode {
    fn value_variants<'a>() -> &'a [Self] {
        &[Mode::Train, Mode::Infer]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Mode::Train => "Forward, backward and update",
            Mode::Infer => "Forward with running statistics",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

/// How to print what is a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// To read
    #[default]
    Text,
    /// A table: names of its columns, then a row a line
    Csv,
    /// For programs: JSON objects, a line each
    Json,
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// To read
    #[default]
    Text,
    /// For programs: JSON objects, a line each
    Json,
}
