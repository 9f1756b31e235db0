//! Of `study`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::engine::EngineArgs;
use super::values::threads;

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
    /// Where to train what is missing: here, or as tasks of a scheduler, each with a folder of its own
    /// [default: here, one run after another]
    #[arg(long, value_enum, value_name = "WHERE")]
    pub on: Option<On>,
    /// Runs side by side, where memory allows; with --on slurm, most tasks at once [default: 1; with
    /// --on local on GPUs one a GPU; on a scheduler as many as it has room for]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub jobs: Option<usize>,
    /// Print the script that --on would submit, or the runs that would begin here, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// A line of shell that each task of a scheduler begins with: --before 'module load vulkan'
    #[arg(long, value_name = "LINE")]
    pub before: Vec<String>,
    /// Train one run in this process, by the name of its folder: what a task of a scheduler does
    #[arg(long, value_name = "NAME", conflicts_with_all = ["on", "jobs", "dry_run", "table", "before"])]
    pub run: Option<String>,
    /// Print the table of what has been run, and run nothing; what is said of how to train is left aside
    #[arg(long, conflicts_with_all = ["on", "dry_run"])]
    pub table: bool,
    /// How to print the table; all forms are written beside the runs. A submission and a dry run are text or
    /// json
    #[arg(long, value_enum, default_value = "text")]
    pub format: TableFormat,
    /// On what
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Options for sbatch or hq submit, as they take them: -- --partition=gpu --time=12:00:00
    #[arg(last = true, value_name = "OPTION")]
    pub options: Vec<String>,
}

/// Where a study's runs are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum On {
    /// Here, as processes of this one; of several GPUs each has a run
    Local,
    /// As an array of Slurm's, through sbatch
    Slurm,
    /// As a job of HyperQueue's, through hq
    #[value(alias = "hq")]
    Hyperqueue,
}

/// How to print a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// Aligned columns
    Text,
    /// A line a run
    Csv,
    /// For programs: a JSON object, with the rows and their runs
    Json,
    /// For GitHub and its like
    Markdown,
    /// A page
    Html,
}
