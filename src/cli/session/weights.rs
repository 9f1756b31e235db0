//! Weights from a file, and the network that they belong to.

use std::path::Path;

use crate::api::{Checkpoint, Model};
use crate::cli::Failure;
use crate::cli::args::RunArgs;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::train::record::checkpoint::About;

/// Reads weights for the spec that is named; without a name, for the spec that the file was
/// trained with, and where it says nothing, for the last build.
pub fn load(args: &RunArgs, path: &Path) -> Result<Model, Failure> {
    of(args.spec.as_deref(), &args.set, path)
}

/// The same, from a spec and settings.
pub fn of(spec: Option<&Path>, set: &[(String, String)], path: &Path) -> Result<Model, Failure> {
    let checkpoint = Checkpoint::open(path)?;
    let spec = match (spec, &checkpoint.about) {
        (None, Some(about)) => {
            output::note(format_args!("spec: {}, as the weights say", about.config.spec));
            NamedSpec::recorded(&about.config).with(set)
        }
        (None, None) => NamedSpec::find(None, set)?,
        (Some(path), _) => NamedSpec::find(Some(path), set)?,
    };
    let about = checkpoint.about.clone();
    checkpoint.load(spec.compile()?).map_err(|error| match (Failure::from(error), about) {
        (Failure::Wrong(text), Some(about)) if about.config.settings != spec.spec.settings => {
            Failure::Wrong(format!("{text}. They were trained with{}", flags(&about)))
        }
        (failure, _) => failure,
    })
}

fn flags(about: &About) -> String {
    if about.config.settings.is_empty() {
        return "out --set".into();
    }
    let flag = |(name, value): (&String, &String)| format!(" --set {name}={value}");
    about.config.settings.iter().map(flag).collect()
}
