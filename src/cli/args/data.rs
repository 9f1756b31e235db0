//! Of `data`.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum};

use super::running::Format;
use crate::data::Name;

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
    Fetch(DataFetch),
    /// Check the files of data sets
    Verify(DataVerify),
}

/// A folder.
#[derive(Debug, Args)]
pub struct DataWhere {
    /// A folder with official files [default: the cache]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// Some data sets, and where to look for them first.
#[derive(Debug, Args)]
pub struct DataFetch {
    /// Which
    #[arg(value_name = "DATA", value_enum, required = true)]
    pub names: Vec<Name>,
    /// A place to try before the official one: the archive, or a folder that holds it; may be
    /// given several times. So does the variable RNETC_MIRROR, for every command that fetches
    #[arg(long, value_name = "URL")]
    pub mirror: Vec<String>,
    /// How to print where they are
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
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

impl ValueEnum for Name {
    fn value_variants<'a>() -> &'a [Self] {
        &[Name::Cifar10, Name::Cifar100, Name::Shapes10]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.text()))
    }
}
