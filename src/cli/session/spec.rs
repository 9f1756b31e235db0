//! From what the user names to a network.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use crate::cli::Failure;
use crate::cli::args::MessageFormat;
use crate::cli::session::{builtin, last_build};
use crate::cli::show::{diagnostics, output};
use crate::network::Network;
use crate::sema::{self, Compiled};
use crate::source::Source;
use crate::train::config::Config;

/// Longest text that is read as a spec, a manifest or a recipe.
pub const MOST_BYTES: u64 = 16 << 20;

/// The net's parameter that says how many classes there are.
pub const CLASSES: &str = "classes";

/// A spec's text with the values of its parameters.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Short name, for folders.
    pub name: String,
    /// The text.
    pub source: Source,
    /// What `--set` gave, or the build that it comes from.
    pub settings: BTreeMap<String, String>,
    /// How to print what is wrong with it.
    pub messages: MessageFormat,
}

impl Spec {
    /// A text with settings.
    pub fn new(name: String, source: Source, settings: BTreeMap<String, String>) -> Self {
        Self { name, source, settings, messages: MessageFormat::Human }
    }

    /// What a run was begun with.
    pub fn recorded(config: &Config) -> Self {
        let source = Source::new(config.spec.as_str(), config.spec_text.as_str());
        Self::new(config.spec.clone(), source, config.settings.clone())
    }

    /// The same with its messages printed in another way.
    pub fn messages(self, messages: MessageFormat) -> Self {
        Self { messages, ..self }
    }

    /// A spec file.
    pub fn file(path: &Path, set: &[(String, String)]) -> Result<Self, Failure> {
        let source = Source::new(path.to_string_lossy(), read(path)?);
        Ok(Self::new(stem(path), source, BTreeMap::new()).with(set))
    }

    /// What a build folder was made from.
    pub fn folder(path: &Path, set: &[(String, String)]) -> Result<Self, Failure> {
        let text = path.join(last_build::SPEC);
        if !text.is_file() || !path.join(last_build::MANIFEST).is_file() {
            return Err(Failure::File(format!(
                "{} is not a build folder (no {} or no {}); make one with rnetc build",
                path.display(),
                last_build::SPEC,
                last_build::MANIFEST
            )));
        }
        let source = Source::new(text.to_string_lossy(), read(&text)?);
        let settings = last_build::settings(path)?;
        Ok(Self::new(stem(path), source, settings).with(set))
    }

    /// A file, a build folder, the last build, or the spec inside the program.
    pub fn find(path: Option<&Path>, set: &[(String, String)]) -> Result<Self, Failure> {
        if let Some(path) = path {
            return if path.is_dir() { Self::folder(path, set) } else { Self::file(path, set) };
        }
        if let Some(folder) = last_build::last() {
            output::note(format_args!("spec: {}, the last build", folder.display()));
            return Self::folder(&folder, set);
        }
        let settings = [("depth".to_string(), builtin::DEPTH.to_string())].into();
        let spec = Self::new(builtin::NAME.into(), builtin::source(), settings).with(set);
        output::note(format_args!(
            "spec: none named and none built; full pre-activation, depth {}",
            spec.settings["depth"]
        ));
        Ok(spec)
    }

    /// The same with some values replaced.
    pub fn with(mut self, set: &[(String, String)]) -> Self {
        self.settings.extend(set.iter().cloned());
        self
    }

    /// Compiles it. Diagnostics are printed.
    pub fn compile(&self) -> Result<Network, Failure> {
        let compiled = self.compiled()?;
        diagnostics::show(&self.source, &compiled.warnings, self.messages);
        Ok(compiled.network)
    }

    /// The same for a data set of so many classes, which become the net's parameter
    /// [`CLASSES`] where it has one and nobody set it.
    pub fn compile_for(self, classes: usize) -> Result<(Self, Network), Failure> {
        let network = self.compiled()?.network;
        let open = network.settings.iter().any(|(name, _)| name == CLASSES)
            && !self.settings.contains_key(CLASSES);
        if network.classes() == classes || !open {
            let network = self.compile()?;
            return Ok((self, network));
        }
        output::note(format_args!("{CLASSES} = {classes}, as the data has"));
        let spec = self.with(&[(CLASSES.to_string(), classes.to_string())]);
        let network = spec.compile()?;
        Ok((spec, network))
    }

    /// What it is; errors are printed, warnings not yet.
    fn compiled(&self) -> Result<Compiled, Failure> {
        let settings: Vec<(String, String)> =
            self.settings.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        sema::compile(&self.source, &settings).map_err(|errors| {
            diagnostics::show(&self.source, &errors, self.messages);
            Failure::Shown(1)
        })
    }
}

/// A text file of sensible length.
pub fn read(path: &Path) -> Result<String, Failure> {
    let reading = |error| Failure::io("reading", path, error);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(reading)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(reading)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Failure::Wrong(format!(
            "{}: longer than {} MiB, which no spec or recipe is",
            path.display(),
            MOST_BYTES >> 20
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::Wrong(format!("{}: not a text: byte {at} is not UTF-8", path.display()))
    })
}

/// A file's or folder's name without its ending.
pub fn stem(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let stem = whole.file_stem().map_or_else(Default::default, |stem| stem.to_string_lossy());
    // `...rnet` must not name the folder above.
    if stem.trim_matches('.').is_empty() { "net".into() } else { stem.into_owned() }
}
