//! What each verb does, a file or folder each; every verb ends in a [`Failure`] or in nothing.

mod bench;
mod build;
mod check;
mod data;
mod devices;
mod explain;
mod export;
mod fmt;
mod gradcheck;
mod graph;
mod import;
mod lesion;
mod lsp;
mod paths;
mod report;
mod run;
mod shell;
mod study;

use super::Failure;
use super::args::Verb;

/// Does what a verb says.
pub fn perform(verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Build(args) => build::build(args),
        Verb::Run(args) => run::run(args),
        Verb::Check(args) => check::check(args),
        Verb::Fmt(args) => fmt::fmt(args),
        Verb::Lsp => lsp::lsp(),
        Verb::Explain(args) => explain::explain(args),
        Verb::Graph(args) => graph::graph(args),
        Verb::Gradcheck(args) => gradcheck::gradcheck(args),
        Verb::Devices(args) => devices::devices(args),
        Verb::Data(args) => data::data(args),
        Verb::Bench(args) => bench::bench(args),
        Verb::Report(args) => report::report(args),
        Verb::Study(args) => study::study(args),
        Verb::Lesion(args) => lesion::lesion(args),
        Verb::Paths(args) => paths::paths(args),
        Verb::Export(args) => export::export(args),
        Verb::Import(args) => import::import(args),
        Verb::Completions(args) => {
            shell::completions(args);
            Ok(())
        }
        Verb::Man(args) => shell::man(args),
    }
}
