//! Of `lesion` and `paths`.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::ResultFormat;
use super::engine::EngineArgs;
use super::values::{amounts, batch};

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
    /// How to print what was found; it is kept beside the weights as CSV and JSON all the same
    #[arg(long, value_enum, default_value = "text")]
    pub format: ResultFormat,
    /// On what
    #[command(flatten)]
    pub engine: EngineArgs,
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
    /// Delete units: each alone, some at random, or those of these numbers, all at once [each, random, N[,N...]]
    #[arg(long, value_name = "WHICH", group = "lesion", value_parser = which)]
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
    /// Draw another run, on which the same study was made before, on the same axes
    #[arg(long, value_name = "RUN")]
    pub beside: Vec<PathBuf>,
    /// Pictures a batch
    #[arg(long, value_name = "N", default_value = "250", value_parser = batch)]
    pub batch: usize,
}

/// Which units to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delete {
    /// Every unit, one at a time
    Each,
    /// Some at random, all at once
    Random,
    /// Those of these numbers, counted from 1, all at once.
    Chosen(Vec<usize>),
}

/// Reads which units to delete.
fn which(text: &str) -> Result<Delete, String> {
    /// So that the study's file can have its units in its name.
    const MOST: usize = 20;
    match text {
        "each" => return Ok(Delete::Each),
        "random" => return Ok(Delete::Random),
        _ => {}
    }
    let numbers: Option<Vec<usize>> =
        text.split(',').map(|n| n.trim().parse().ok().filter(|&n| n > 0)).collect();
    let mut numbers = numbers.ok_or("write each, random, or units by number: 17 or 3,5,17")?;
    numbers.sort_unstable();
    numbers.dedup();
    match numbers.len() {
        1..=MOST => Ok(Delete::Chosen(numbers)),
        n => Err(format!("{n} units are too many: at most {MOST} by number")),
    }
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
    /// Pictures at once; without --pictures, the first so many are all that figures are taken over
    #[arg(long, value_name = "N", default_value = "32", value_parser = batch)]
    pub batch: usize,
}
