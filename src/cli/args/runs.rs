//! Of what takes runs and their weights: `report`, `study`, `export`, `import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::engine::EngineArgs;
use super::values::{setting, threads};

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
