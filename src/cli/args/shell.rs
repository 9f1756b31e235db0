//! Of the shell: `completions`, `man`; how all verbs print.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

/// `rnetc completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// `rnetc man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for a page of each verb [default: print the page of rnetc]
    #[arg(short = 'o', value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// When messages are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
