//! Of specs: `build`, `check`, `fmt`, `explain`, `graph`, `gradcheck`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use super::running::{Format, ResultFormat};
use super::values::{batch, chip, setting};
use crate::engine::wgpu::DeviceLimits;
use crate::engine::wgpu::chips::Chip;
use crate::export::Mode;
use crate::picture::Theme;

/// `rnetc build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The spec
    #[arg(value_name = "SPEC", required_unless_present = "dump")]
    pub spec: Option<PathBuf>,
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
    /// Refuse what does not fit into these limits of a GPU
    #[arg(long, value_enum, default_value = "adapter")]
    pub limits: DeviceLimits,
    /// Print kernels, what was fused into each, and what they cost
    #[arg(long)]
    pub explain: bool,
    /// With --explain: estimate how long a step takes on this GPU (h200, rtx4090, m3-max, …), which need not be there
    #[arg(long = "for", value_name = "CHIP", value_parser = chip, requires = "explain")]
    pub chip: Option<&'static Chip>,
    /// With --explain: reckon what up to so many ranks (processes that train together) would send each other and how
    /// long they would wait, against a step on this machine's cores
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(2..=1024), requires = "explain")]
    pub ranks: Option<u16>,
    /// Print what a stage leaves (syntax, network, graph, …; `help` lists them) of --mode, and write
    /// nothing; GPU kernels as they are untuned in f32
    #[arg(long, value_name = "STAGE", conflicts_with_all = ["out", "explain"])]
    pub dump: Option<String>,
    /// How to print what was written; manifest.yaml says it kernel by kernel
    #[arg(long, value_enum, default_value = "text", conflicts_with_all = ["dump", "explain"])]
    pub format: Format,
    /// How to print errors and warnings
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub message_format: MessageFormat,
}

/// `rnetc check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The specs; a folder stands for those in it
    #[arg(value_name = "SPEC|DIR", required = true)]
    pub specs: Vec<PathBuf>,
    /// Set a parameter of the nets
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
    /// Print what each layer writes, holds and computes, and the memory that a batch takes
    #[arg(long)]
    pub summary: bool,
    /// Pictures of that batch
    #[arg(long, value_name = "N", default_value = "128", value_parser = batch, requires = "summary")]
    pub batch: usize,
    /// How to print what specs are; of json, the layers and the memory are --summary's
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// How to print errors and warnings
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub message_format: MessageFormat,
}

/// `rnetc fmt`.
#[derive(Debug, Args)]
pub struct FmtArgs {
    /// The specs; a folder stands for those in it; - is standard input, written to standard output
    #[arg(value_name = "SPEC|DIR", required = true)]
    pub specs: Vec<PathBuf>,
    /// Change nothing; exit with 1 if a file would change
    #[arg(long)]
    pub check: bool,
}

/// `rnetc explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The code in a message, E0008 for example; `errors` or `warnings`, which lists them; or a recipe
    /// that comes with rnetc, he2016 for example [default: list all]
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `rnetc graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// The spec
    #[arg(value_name = "SPEC")]
    pub spec: PathBuf,
    /// The drawing to write: .svg, .png or .pdf; .dot or .gv for Graphviz
    #[arg(short = 'o', value_name = "FILE")]
    pub out: PathBuf,
    /// Draw one unit alone: a unit's name (the most frequent of that name), or its number in the net
    #[arg(long, value_name = "NAME", conflicts_with = "unravel")]
    pub unit: Option<String>,
    /// Colours
    #[arg(long, value_enum, default_value = "auto")]
    pub theme: Theme,
    /// Draw the paths through the units (up to six units)
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
    /// How to print what was found
    #[arg(long, value_enum, default_value = "text")]
    pub format: ResultFormat,
    /// Set a parameter of the net
    #[arg(long = "set", value_name = "K=V", value_parser = setting)]
    pub set: Vec<(String, String)>,
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
