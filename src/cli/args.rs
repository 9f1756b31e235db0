//! What can be asked on the command line.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::data::Name;

/// A compiler for residual networks: from a spec that reads like the figure to fused kernels
/// that train.
#[derive(Debug, Parser)]
#[command(name = "rnetc", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Compile a spec into a folder: manifest, kernels, drawing
    Build(BuildArgs),
    /// Train a network, test it, or ask it about pictures
    Run(Box<RunArgs>),
    /// Check specs and say what they are
    Check(CheckArgs),
    /// Bring specs into the one layout
    Fmt(FmtArgs),
    /// Serve an editor over standard input and output
    Lsp,
    /// Tell more about an error code
    Explain(ExplainArgs),
    /// Draw a spec's network
    Graph(GraphArgs),
    /// Check a spec's gradients against finite differences
    Gradcheck(GradcheckArgs),
    /// List the devices that can run networks
    Devices,
    /// List, fetch and verify data sets
    Data(DataArgs),
    /// Measure how fast a network trains or infers
    Bench(BenchArgs),
    /// Make one page of curves, mistakes and times from runs
    Report(ReportArgs),
    /// Run what is missing of a table of runs, and print the table
    Study(StudyArgs),
    /// Delete or swap units of a trained network and measure the test error
    Lesion(LesionArgs),
    /// Follow the paths through a trained network
    Paths(PathsArgs),
    /// Write a trained network as an ONNX model
    Export(ExportArgs),
    /// Read weights that PyTorch trained
    Import(ImportArgs),
}

/// `rnetc build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The spec
    #[arg(value_name = "SPEC")]
    pub spec: PathBuf,
    /// Set a parameter of the net
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
    /// Folder to write [default: build/<spec name>]
    #[arg(short = 'o', value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// What to compile
    #[arg(long, value_enum, default_value = "train")]
    pub mode: Mode,
    /// Pictures a batch
    #[arg(long, value_name = "N", default_value = "128", value_parser = batch)]
    pub batch: usize,
    /// Keep fewer activations and compute the others again in the backward pass
    #[arg(long)]
    pub recompute: bool,
    /// Print kernels, what was fused into each, and what they cost
    #[arg(long)]
    pub explain: bool,
    /// How to print errors and warnings
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub message_format: MessageFormat,
}

/// `rnetc run`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub struct RunArgs {
    /// A spec, or a folder that `rnetc build` made [default: what the weights were trained with;
    /// without weights, the last build; without a build, a pre-activation net of depth 20]
    #[arg(value_name = "SPEC|DIR")]
    pub spec: Option<PathBuf>,
    /// Train on a data set
    #[arg(long, value_name = "DATA", value_enum, group = "what")]
    pub train: Option<Name>,
    /// Measure the error on a data set's test pictures
    #[arg(long, value_name = "DATA", value_enum, group = "what", requires = "weights")]
    pub eval: Option<Name>,
    /// Name what pictures show
    #[arg(long, value_name = "IMAGE", num_args = 1.., group = "what", requires = "weights")]
    pub predict: Vec<PathBuf>,
    /// A checkpoint to test or to ask
    #[arg(long, value_name = "FILE", conflicts_with = "train")]
    pub weights: Option<PathBuf>,
    /// A folder with the official files [default: the cache, and fetched where they are not]
    #[arg(long, value_name = "DIR")]
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
    /// How to train, in YAML; or he2016, stochastic_depth, fast [default: he2016]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["eval", "predict"])]
    pub recipe: Option<PathBuf>,
    /// Train so many epochs; the schedule stretches [default: 4 on shapes10, else the recipe's]
    #[arg(long, value_name = "N", conflicts_with_all = ["eval", "predict", "steps"],
        value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub epochs: Option<u64>,
    /// Train so many steps; the schedule stretches
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
    /// Go on from the last checkpoint of the folder
    #[arg(long, conflicts_with_all = ["eval", "predict"])]
    pub resume: bool,
}

/// On what to compute.
#[derive(Clone, Debug, Args)]
pub struct EngineArgs {
    /// Where to compute; auto takes a GPU if there is one
    #[arg(long, value_enum, default_value = "auto")]
    pub engine: EngineChoice,
    /// In what precision to multiply [default: the recipe's, else f32]
    #[arg(long, value_enum)]
    pub precision: Option<Precision>,
    /// Threads of the CPU engine [default: one a core]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
}

impl EngineArgs {
    /// In what precision to multiply.
    pub fn precision(&self) -> Precision {
        self.precision.unwrap_or(Precision::F32)
    }
}

/// `rnetc check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The specs
    #[arg(value_name = "SPEC", required = true)]
    pub specs: Vec<PathBuf>,
    /// Set a parameter of the nets
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
    /// How to print errors and warnings
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub message_format: MessageFormat,
}

/// `rnetc fmt`.
#[derive(Debug, Args)]
pub struct FmtArgs {
    /// The specs; - is standard input, written to standard output
    #[arg(value_name = "SPEC", required = true)]
    pub specs: Vec<PathBuf>,
    /// Change nothing; exit with 1 if a file would change
    #[arg(long)]
    pub check: bool,
}

/// `rnetc explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The code in a message, E0008 for example
    #[arg(value_name = "CODE")]
    pub code: String,
}

/// `rnetc graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// The spec
    #[arg(value_name = "SPEC")]
    pub spec: PathBuf,
    /// The drawing to write: SVG, or Graphviz DOT where the name ends in .dot or .gv
    #[arg(short = 'o', value_name = "FILE")]
    pub out: PathBuf,
    /// Draw the paths through the units (SVG, up to six units)
    #[arg(long)]
    pub unravel: bool,
    /// Set a parameter of the net
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
    /// How to print errors and warnings
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub message_format: MessageFormat,
}

/// `rnetc gradcheck`.
#[derive(Debug, Args)]
pub struct GradcheckArgs {
    /// The spec
    #[arg(value_name = "SPEC")]
    pub spec: PathBuf,
    /// Set a parameter of the net
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
}

/// `rnetc data`.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: DataVerb,
}

/// What to do with data sets.
#[derive(Debug, Subcommand)]
pub enum DataVerb {
    /// Say which data sets there are, and where
    List(DataWhere),
    /// Fetch data sets into the cache
    Fetch(DataNames),
    /// Check the files of data sets
    Verify(DataVerify),
}

/// A folder.
#[derive(Debug, Args)]
pub struct DataWhere {
    /// A folder with official files [default: the cache]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Some data sets.
#[derive(Debug, Args)]
pub struct DataNames {
    /// Which
    #[arg(value_name = "DATA", value_enum, required = true)]
    pub names: Vec<Name>,
}

/// Some data sets in a folder.
#[derive(Debug, Args)]
pub struct DataVerify {
    /// Which [default: all that are there]
    #[arg(value_name = "DATA", value_enum)]
    pub names: Vec<Name>,
    /// Where.
    #[command(flatten)]
    pub place: DataWhere,
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

/// `rnetc report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Folders of runs
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// The page to write [default: report.html in the first run]
    #[arg(short = 'o', value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A folder with the official files [default: the cache]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Only what the runs recorded: nothing is computed with their weights
    #[arg(long)]
    pub recorded: bool,
    /// On what
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// `rnetc study`.
#[derive(Debug, Args)]
pub struct StudyArgs {
    /// The study, in YAML
    #[arg(value_name = "FILE")]
    pub study: PathBuf,
    /// Folder of its runs and tables [default: runs/study-<name>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// A folder with the official files [default: the cache, and fetched where they are not]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Runs side by side, where memory allows
    #[arg(long, value_name = "N", default_value = "1", value_parser = threads)]
    pub jobs: usize,
    /// Print the table of what has been run, and run nothing
    #[arg(long)]
    pub table: bool,
    /// How to print the table; all forms are written beside the runs
    #[arg(long, value_enum, default_value = "text")]
    pub format: TableFormat,
    /// On what
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Weights, pictures and engine of a study.
#[derive(Debug, Args)]
pub struct TrainedArgs {
    /// The weights [default: the run's last]
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// A folder with the official files [default: the cache, and fetched where they are not]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Take the first N test pictures [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub pictures: Option<u64>,
    /// Seed of all that is random
    #[arg(long, value_name = "N", default_value = "0")]
    pub seed: u32,
    /// Begin anew, and drop what an earlier study of another kind left
    #[arg(long)]
    pub again: bool,
    /// On what
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// `rnetc export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A checkpoint of rnetc
    #[arg(value_name = "WEIGHTS")]
    pub weights: PathBuf,
    /// The model to write
    #[arg(long, value_name = "FILE")]
    pub onnx: PathBuf,
    /// The spec [default: what the weights were trained with]
    #[arg(long, value_name = "SPEC|DIR")]
    pub spec: Option<PathBuf>,
    /// Set a parameter of the net
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
}

/// `rnetc import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The spec of the same net
    #[arg(value_name = "SPEC")]
    pub spec: PathBuf,
    /// A state dict, saved by safetensors.torch.save_file
    #[arg(value_name = "STATE")]
    pub state: PathBuf,
    /// The weights to write
    #[arg(short = 'o', value_name = "FILE")]
    pub out: PathBuf,
    /// Set a parameter of the net
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
}

/// How to print a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// Aligned columns
    Text,
    /// A line a run
    Csv,
    /// For GitHub and its like
    Markdown,
    /// A page
    Html,
}

/// `rnetc lesion`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("lesion").required(true))]
pub struct LesionArgs {
    /// The folder of a run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// On what.
    #[command(flatten)]
    pub study: TrainedArgs,
    /// Delete units: each alone, or some at random
    #[arg(long, value_enum, value_name = "WHICH", group = "lesion")]
    pub delete: Option<Delete>,
    /// Swap random pairs of equal units
    #[arg(long, group = "lesion")]
    pub reorder: bool,
    /// How many units to delete at random [default: 1..20, or as many as there are]
    #[arg(long, value_name = "A..B", value_parser = amounts, conflicts_with = "reorder")]
    pub counts: Option<RangeInclusive<usize>>,
    /// How many pairs to swap [default: 1..10, or as many as there are]
    #[arg(long, value_name = "A..B", value_parser = amounts, conflicts_with = "delete")]
    pub swaps: Option<RangeInclusive<usize>>,
    /// Random draws of each number
    #[arg(long, value_name = "N", default_value = "20",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub samples: u32,
    /// Pictures a batch
    #[arg(long, value_name = "N", default_value = "250", value_parser = batch)]
    pub batch: usize,
}

/// Which units to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Delete {
    /// Every unit, one at a time
    Each,
    /// Some at random, all at once
    Random,
}

/// `rnetc paths`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct PathsArgs {
    /// What else.
    #[command(subcommand)]
    pub verb: Option<PathsVerb>,
    /// The folder of a run
    #[arg(value_name = "RUN", required = true)]
    pub run: Option<PathBuf>,
    /// On what.
    #[command(flatten)]
    pub study: TrainedArgs,
    /// Paths drawn of each length
    #[arg(long, value_name = "N", default_value = "1000",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub samples: u32,
    /// Paths a batch
    #[arg(long, value_name = "N", default_value = "125", value_parser = batch)]
    pub batch: usize,
}

/// Other studies of paths.
#[derive(Debug, Subcommand)]
pub enum PathsVerb {
    /// Check the equations of He et al. (2016) on the network
    Check(PathsCheckArgs),
}

/// `rnetc paths check`.
#[derive(Debug, Args)]
pub struct PathsCheckArgs {
    /// The folder of a run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// On what.
    #[command(flatten)]
    pub study: TrainedArgs,
    /// Pictures that it is shown at once
    #[arg(long, value_name = "N", default_value = "32", value_parser = batch)]
    pub batch: usize,
}

/// How to print errors and warnings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// With the source, for people
    #[default]
    Human,
    /// One line each: FILE:LINE:COLUMN: error[CODE]: message
    Short,
    /// One JSON object a line
    Json,
}

/// Training or inference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Forward, backward and update
    Train,
    /// Forward with running statistics
    Infer,
}

/// Where to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineChoice {
    /// A GPU if there is one, else the CPU
    Auto,
    /// The CPU engine
    Cpu,
    /// The GPU engine, on whatever adapter there is
    Wgpu,
}

/// In what precision to multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// Single precision
    #[value(name = "f32")]
    F32,
    /// Single precision from three bfloat16 products
    #[value(name = "bf16x3")]
    Bf16x3,
    /// bfloat16
    #[value(name = "bf16")]
    Bf16,
    /// Half precision
    #[value(name = "f16")]
    F16,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line to read
    Text,
    /// One JSON object
    Json,
}

impl ValueEnum for Name {
    fn value_variants<'a>() -> &'a [Self] {
        &[Name::Cifar10, Name::Cifar100, Name::Shapes10]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.text()))
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_string(), value.trim().to_string()))
        }
        Some(_) | None => Err("write a name, =, and a value: --set depth=20".into()),
    }
}

fn batch(text: &str) -> Result<usize, String> {
    between(text, crate::train::recipe::MOST_BATCH)
}

fn threads(text: &str) -> Result<usize, String> {
    between(text, 1024)
}

/// `3..7` (both ends included), or `3`.
fn amounts(text: &str) -> Result<RangeInclusive<usize>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if 1 <= first && first <= last => Ok(first..=last),
        _ => Err("write a range of whole numbers from 1 on, both ends included: 1..20".into()),
    }
}

fn between(text: &str, most: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=most).contains(&n) => Ok(n),
        Ok(_) | Err(_) => Err(format!("must be a whole number from 1 to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definitions_do_not_contradict_each_other() {
        super::Cli::command().debug_assert();
    }
}
