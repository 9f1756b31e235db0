//! What can be asked on the command line.

mod data;
mod engine;
mod examples;
mod lesions;
mod part;
mod running;
mod runs;
mod shell;
mod specs;
mod study;
mod values;
mod views;

use clap::{Parser, Subcommand};

pub use data::{DataArgs, DataVerb};
pub use engine::{DevicesArgs, EngineArgs};
pub use lesions::{Delete, LesionArgs, PathsArgs, PathsCheckArgs, PathsVerb, TrainedArgs};
pub use part::PartArg;
pub use running::{BenchArgs, Format, ResultFormat, RunArgs};
pub use runs::{ExportArgs, ImportArgs, KnownArgs, ReportArgs};
pub use shell::{Colour, CompletionsArgs, ManArgs};
pub use specs::{
    BuildArgs, CheckArgs, ExplainArgs, FmtArgs, GradcheckArgs, GraphArgs, MessageFormat,
};
pub use study::{On, StudyArgs, TableFormat};

/// A compiler for residual networks: from a spec that reads like the figure to fused kernels
/// that train.
#[derive(Debug, Parser)]
#[command(
    name = "rnetc",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = examples::PROGRAM
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// Say nothing of what is going on; results, warnings and errors stay, as with cargo's -q
    #[arg(short = 'q', long, global = true)]
    pub quiet: bool,
    /// Also say what was read from where, which files, engine and threads were taken and why, and
    /// what was found kept from before
    #[arg(short = 'v', long, global = true)]
    pub verbose: bool,
    /// Whether messages are coloured
    #[arg(
        long = "color",
        alias = "colour",
        value_name = "WHEN",
        value_enum,
        global = true,
        default_value = "auto"
    )]
    pub colour: Colour,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Compile a spec into a folder: manifest, kernels, drawing
    #[command(after_help = examples::BUILD)]
    Build(BuildArgs),
    /// Train a network, test it, or ask it about pictures
    #[command(after_help = examples::RUN)]
    Run(Box<RunArgs>),
    /// Check specs and say what they are
    #[command(after_help = examples::CHECK)]
    Check(CheckArgs),
    /// Bring specs into the one layout
    #[command(after_help = examples::FMT)]
    Fmt(FmtArgs),
    /// Serve an editor over standard input and output
    Lsp,
    /// Tell more about an error code
    #[command(after_help = examples::EXPLAIN)]
    Explain(ExplainArgs),
    /// Draw a spec's network
    #[command(after_help = examples::GRAPH)]
    Graph(GraphArgs),
    /// Check a spec's gradients against finite differences
    #[command(after_help = examples::GRADCHECK)]
    Gradcheck(GradcheckArgs),
    /// List the devices that can run networks
    #[command(after_help = examples::DEVICES)]
    Devices(DevicesArgs),
    /// List, fetch and verify data sets
    #[command(after_help = examples::DATA)]
    Data(DataArgs),
    /// Measure how fast a network trains or infers
    #[command(after_help = examples::BENCH)]
    Bench(BenchArgs),
    /// Make one page of curves, mistakes and times from runs
    #[command(after_help = examples::REPORT)]
    Report(ReportArgs),
    /// Run what is missing of a table of runs, and print the table
    #[command(after_help = examples::STUDY)]
    Study(Box<StudyArgs>),
    /// Delete or swap units of a trained network and measure the test error
    #[command(after_help = examples::LESION)]
    Lesion(LesionArgs),
    /// Follow the paths through a trained network
    #[command(after_help = examples::PATHS)]
    Paths(PathsArgs),
    /// Write a trained network as an ONNX model, or its weights under other programs' names
    #[command(after_help = examples::EXPORT)]
    Export(ExportArgs),
    /// Read weights that PyTorch trained
    #[command(after_help = examples::IMPORT)]
    Import(ImportArgs),
    /// Print what completes verbs and flags in a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each verb
    #[command(after_help = examples::MAN)]
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definitions_do_not_contradict_each_other() {
        super::Cli::command().debug_assert();
    }
}
