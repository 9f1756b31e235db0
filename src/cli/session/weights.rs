//! Weights from a file, and the network that they belong to.

use std::path::Path;

use crate::cli::Failure;
use crate::cli::args::RunArgs;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::network::Network;
use crate::train::checkpoint::{self, About};
use crate::train::manifest;
use crate::train::tensors::{self, Values};

/// A network with its weights.
pub struct Weights {
    /// The network.
    pub network: Network,
    /// Its values.
    pub values: Values,
    /// What the file says of itself, if this program wrote it.
    pub about: Option<About>,
}

/// Reads weights for the spec that is named; without a name, for the spec that the file was
/// trained with, and where it says nothing, for the last build.
pub fn load(args: &RunArgs, path: &Path) -> Result<Weights, Failure> {
    of(args.spec.as_deref(), &args.set, path)
}

/// The same, from a spec and settings.
pub fn of(spec: Option<&Path>, set: &[(String, String)], path: &Path) -> Result<Weights, Failure> {
    manifest::verify(path)?;
    let about = checkpoint::describe(path)?;
    let spec = match (spec, &about) {
        (None, Some(about)) => {
            output::note(format_args!("spec: {}, as the weights say", about.config.spec));
            NamedSpec::recorded(&about.config).with(set)
        }
        (None, None) => NamedSpec::find(None, set)?,
        (Some(path), _) => NamedSpec::find(Some(path), set)?,
    };
    let mut network = spec.compile()?;
    if let Some(about) = &about {
        network = about.config.recipe.applied(network)?;
    }
    let values = checkpoint::load(path, &tensors::of(&network)).map_err(Failure::from);
    let values = values.map_err(|failure| match (failure, &about) {
        (Failure::Wrong(text), Some(about)) if about.config.settings != spec.spec.settings => {
            Failure::Wrong(format!("{text}. They were trained with{}", flags(about)))
        }
        (failure, _) => failure,
    })?;
    Ok(Weights { network, values, about })
}

fn flags(about: &About) -> String {
    if about.config.settings.is_empty() {
        return "out --set".into();
    }
    let flag = |(name, value): (&String, &String)| format!(" --set {name}={value}");
    about.config.settings.iter().map(flag).collect()
}
