//! Of what takes runs and their weights: `report`, `study`, `export`, `import`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use super::engine::EngineArgs;
use super::running::Format;
use super::values::{Names, class_names, set, setting, side};
use crate::data::Set;
use crate::export::state_dict::Family;

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
    /// Name so many of the test pictures that were wrong, the surest first
    #[arg(long, value_name = "N", default_value = "200", conflicts_with = "recorded")]
    pub mistakes: usize,
    /// How to print what stands in the page
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// On what
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// `rnetc export`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("written").required(true))]
pub struct ExportArgs {
    /// Weights of rnetc, or the folder of a run
    #[arg(value_name = "WEIGHTS")]
    pub weights: PathBuf,
    /// The model to write
    #[arg(long, value_name = "FILE", group = "written")]
    pub onnx: Option<PathBuf>,
    /// Write the weights under the names that a program of PyTorch gives the same net, where it has
    /// that net
    #[arg(long, value_enum, value_name = "NAMES", group = "written")]
    pub state_dict: Option<StateDictNames>,
    /// The state dict to write [default: NET.NAMES.safetensors]
    #[arg(short = 'o', value_name = "FILE", requires = "state_dict")]
    pub out: Option<PathBuf>,
    /// The spec [default: what the weights were trained with]
    #[arg(long, value_name = "SPEC|DIR")]
    pub spec: Option<PathBuf>,
    /// Set a parameter of the net
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
    /// How to print what was written
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// Whose names a state dict has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StateDictNames {
    /// torchvision's resnet, wide_resnet and resnext
    Torchvision,
    /// timm's resnet and resnetv2
    Timm,
    /// The net's own
    Rnetc,
}

impl StateDictNames {
    /// As the library has it.
    pub fn family(self) -> Family {
        match self {
            StateDictNames::Torchvision => Family::Torchvision,
            StateDictNames::Timm => Family::Timm,
            StateDictNames::Rnetc => Family::Rnetc,
        }
    }
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
    /// Names of the net's modules or tensors with those of the state dict, in YAML; what it leaves
    /// out is paired by itself
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Print which module is which, and what decided it
    #[arg(long)]
    pub explain: bool,
    /// Inputs and PyTorch's logits (safetensors: `input`, N×C×H×W, standardised, and `logits`), with
    /// which the net's are compared before anything is written
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,
    /// How to print what was found; json has which module is which, too
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// What is known of them
    #[command(flatten)]
    pub known: KnownArgs,
    /// Set a parameter of the net
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
}

/// What is known of weights that another program trained.
#[derive(Debug, Args)]
pub struct KnownArgs {
    /// What they were trained on, as `run --train` takes it: names their classes, and with them
    /// lesion, paths and --eval find the pictures
    #[arg(long, value_name = "DATA", value_parser = set)]
    pub trained_on: Option<Set>,
    /// A folder with the official files of that set [default: the cache]
    #[arg(long, value_name = "DIR", requires = "trained_on")]
    pub data: Option<PathBuf>,
    /// Names of the classes in the order of their numbers: cat,dog,… or a text file with one a
    /// line [default: those of the set]
    #[arg(long, value_name = "NAMES|FILE", value_parser = class_names)]
    pub classes: Option<Names>,
    /// Mean of each channel that was taken off, of values from 0 to 1: 0.485,0.456,0.406
    /// [default: measured over the training pictures of the set]
    #[arg(
        long,
        value_name = "M,…",
        value_delimiter = ',',
        requires = "std",
        allow_negative_numbers = true
    )]
    pub mean: Option<Vec<f64>>,
    /// Standard deviation of each channel that was divided by, of values from 0 to 1:
    /// 0.229,0.224,0.225
    #[arg(long, value_name = "S,…", value_delimiter = ',', requires = "mean")]
    pub std: Option<Vec<f64>>,
    /// What the shorter side of pictures became before their middle was taken, as torchvision's
    /// Resize(256) and CenterCrop do: 256 [default: pictures are stretched]
    #[arg(long, value_name = "N", value_parser = side)]
    pub resize: Option<usize>,
}
