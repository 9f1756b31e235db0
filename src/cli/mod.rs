//! The command line.
//!
//! [`args`] says what can be asked, each verb has a module, and every verb ends in a [`Failure`]
//! with its exit code or in nothing. Results go to standard output, all else to standard error.

pub mod args;
pub mod bench;
pub mod build;
pub mod builtin;
pub mod check;
pub mod data;
pub mod devices;
pub mod download;
pub mod engine;
pub mod evaluate;
pub mod explain;
pub mod export;
pub mod failure;
pub mod fmt;
pub mod gradcheck;
pub mod graph;
pub mod import;
pub mod last_build;
pub mod lesion;
pub mod lsp;
pub mod messages;
pub mod output;
pub mod paths;
pub mod paths_check;
pub mod predict;
pub mod program;
pub mod progress;
pub mod render;
pub mod report;
pub mod resume;
pub mod run;
pub mod signals;
pub mod spec;
pub mod study;
pub mod study_progress;
pub mod train;
pub mod trained;
pub mod tui;
pub mod weights;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Verb};
pub use failure::Failure;

/// Does what the program's arguments ask.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and count as done.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { 0 });
        }
    };
    match verb(&cli.verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = failure.text() {
                output::note(format_args!("error: {text}"));
            }
            ExitCode::from(failure.code())
        }
    }
}

fn verb(verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Build(args) => build::build(args),
        Verb::Run(args) => run::run(args),
        Verb::Check(args) => check::check(args),
        Verb::Fmt(args) => fmt::fmt(args),
        Verb::Lsp => lsp::lsp(),
        Verb::Explain(args) => explain::explain(args),
        Verb::Graph(args) => graph::graph(args),
        Verb::Gradcheck(args) => gradcheck::gradcheck(args),
        Verb::Devices => devices::devices(),
        Verb::Data(args) => data::data(args),
        Verb::Bench(args) => bench::bench(args),
        Verb::Report(args) => report::report(args),
        Verb::Study(args) => study::study(args),
        Verb::Lesion(args) => lesion::lesion(args),
        Verb::Paths(args) => paths::paths(args),
        Verb::Export(args) => export::export(args),
        Verb::Import(args) => import::import(args),
    }
}
