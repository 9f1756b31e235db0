//! From what the user names to a network.

use std::path::{Path, PathBuf};

use crate::api::{Diagnostics, Spec};
use crate::cli::Failure;
use crate::cli::args::MessageFormat;
use crate::cli::session::{bundled, last_build};
use crate::cli::show::{diagnostics, output};
use crate::cli::text_file;
pub use crate::cli::text_file::text;
use crate::export::{MANIFEST, SPEC};
use crate::network::Network;
use crate::train::config::Config;
use crate::train::record::checkpoint::Origin;

/// Short name of the spec inside the program, which is used where none is named and none is built.
pub const BUILT_IN: &str = "preact";
/// The depth it then has: one that trains in minutes.
const DEPTH: u32 = 20;

/// A spec as the command line knows it.
#[derive(Clone, Debug)]
pub struct NamedSpec {
    /// Short name, for folders.
    pub name: String,
    /// The spec.
    pub spec: Spec,
    /// How to print what is wrong with it.
    pub messages: MessageFormat,
}

impl NamedSpec {
    fn new(name: String, spec: Spec) -> Self {
        Self { name, spec, messages: MessageFormat::Human }
    }

    /// What a run was begun with.
    pub fn recorded(config: &Config) -> Self {
        Self::new(config.spec.clone(), Spec::recorded(config))
    }

    /// What weights were trained with, or imported by.
    pub fn of(origin: &Origin) -> Self {
        Self::new(origin.spec().to_string(), Spec::of(origin))
    }

    /// The same with its messages printed in another way.
    pub fn messages(self, messages: MessageFormat) -> Self {
        Self { messages, ..self }
    }

    /// A spec file, or a spec that the program carries, by its name.
    pub fn file(path: &Path, set: &[(String, String)]) -> Result<Self, Failure> {
        if let Some(spec) = bundled::named(path) {
            output::note(format_args!("spec: {} of the program", path.display()));
            return Ok(Self::new(stem(path), spec).with(set));
        }
        let text = read(path).map_err(|failure| match (failure, bundled::lead(path)) {
            (Failure::File(text), Some(lead)) if !path.exists() => {
                Failure::File(format!("{text}; {lead}"))
            }
            (failure, _) => failure,
        })?;
        let spec = Spec::new(path.to_string_lossy(), text);
        Ok(Self::new(stem(path), spec).with(set))
    }

    /// What a build folder was made from.
    pub fn folder(path: &Path, set: &[(String, String)]) -> Result<Self, Failure> {
        let text = path.join(SPEC);
        if !text.is_file() || !path.join(MANIFEST).is_file() {
            return Err(Failure::File(format!(
                "{} is not a build folder (no {SPEC} or no {MANIFEST}); make one with rnetc build",
                path.display()
            )));
        }
        let spec = Spec::new(text.to_string_lossy(), read(&text)?);
        let settings = last_build::settings(path)?;
        Ok(Self::new(stem(path), spec.with(settings)).with(set))
    }

    /// A file, a build folder, the last build, or the spec inside the program.
    pub fn find(path: Option<&Path>, set: &[(String, String)]) -> Result<Self, Failure> {
        if let Some(path) = path {
            return if path.is_dir() { Self::folder(path, set) } else { Self::file(path, set) };
        }
        if let Some(folder) = last_build::last() {
            output::note(format_args!("spec: {}, the last build", folder.display()));
            if let Some(spec) = last_build::outdated(&folder) {
                output::warn(format_args!(
                    "{} has changed since that build; build it again, or name it",
                    spec.display()
                ));
            }
            return Self::folder(&folder, set);
        }
        let spec = Spec::preact().set("depth", DEPTH);
        let found = Self::new(BUILT_IN.into(), spec).with(set);
        output::note(format_args!(
            "spec: none named and none built; full pre-activation, depth {}",
            found.spec.settings["depth"]
        ));
        Ok(found)
    }

    /// The same with some values replaced.
    pub fn with(self, set: &[(String, String)]) -> Self {
        Self { spec: self.spec.with(set.iter().cloned()), ..self }
    }

    /// Compiles it. Diagnostics are printed.
    pub fn compile(&self) -> Result<Network, Failure> {
        let (network, warnings) =
            self.spec.compile_with_warnings().map_err(|errors| self.shown(&errors))?;
        diagnostics::show(&warnings, self.messages);
        Ok(network)
    }

    /// Prints what is to be said of training its network with batches of this size.
    pub fn warn_of_batch(&self, network: &Network, batch: usize) {
        diagnostics::show(&self.spec.warnings_in_training(network, batch), self.messages);
    }

    /// Compiles it for a data set of so many classes.
    pub fn compile_for(self, classes: usize) -> Result<(Self, Network), Failure> {
        let spec = self.spec.clone().for_classes(classes).map_err(|errors| self.shown(&errors))?;
        if spec.settings != self.spec.settings {
            output::note(format_args!("{} = {classes}, as the data has", Network::CLASSES));
        }
        let named = Self { spec, ..self };
        let network = named.compile()?;
        Ok((named, network))
    }

    fn shown(&self, errors: &Diagnostics) -> Failure {
        diagnostics::show(errors, self.messages);
        Failure::Shown(1)
    }
}

/// A text file of sensible length; that it is read is told where it was asked for.
pub fn read(path: &Path) -> Result<String, Failure> {
    let text = text_file::read(path)?;
    output::detail(format_args!("read: {}, {} bytes", path.display(), text.len()));
    Ok(text)
}

/// The spec files that paths name: a folder names those in it, unless it is a build folder.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        match path.is_dir() && !path.join(MANIFEST).is_file() {
            true => files.extend(specs_in(path)?),
            false => files.push(path.clone()),
        }
    }
    Ok(files)
}

fn specs_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| Failure::io("reading", folder, error))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let mut specs: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "rnet")).collect();
    specs.sort();
    match specs.is_empty() {
        true => Err(Failure::File(format!("{} holds no .rnet file", folder.display()))),
        false => Ok(specs),
    }
}

/// A file's or folder's name without its ending.
pub fn stem(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let stem = whole.file_stem().map_or_else(Default::default, |stem| stem.to_string_lossy());
    // `...rnet` must not name the folder above.
    if stem.trim_matches('.').is_empty() { "net".into() } else { stem.into_owned() }
}
