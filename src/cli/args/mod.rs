//! What can be asked on the command line.

mod data;
mod engine;
mod lesions;
mod running;
mod runs;
mod specs;
mod values;

use clap::{Parser, Subcommand};

pub use data::{DataArgs, DataVerb};
pub use engine::EngineArgs;
pub use lesions::{Delete, LesionArgs, PathsArgs, PathsCheckArgs, PathsVerb, TrainedArgs};
pub use running::{BenchArgs, Format, RunArgs};
pub use runs::{ExportArgs, ImportArgs, KnownArgs, ReportArgs, StudyArgs, TableFormat};
pub use specs::{
    BuildArgs, CheckArgs, ExplainArgs, FmtArgs, GradcheckArgs, GraphArgs, MessageFormat,
};

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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definitions_do_not_contradict_each_other() {
        super::Cli::command().debug_assert();
    }
}
