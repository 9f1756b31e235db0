//! Weights from a file or a run, and the network that they belong to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::api::{Checkpoint, Model};
use crate::cli::Failure;
use crate::cli::args::RunArgs;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::train::config::Config;
use crate::train::part::Part;
use crate::train::record::checkpoint::Origin;
use crate::train::record::manifest::{self, CheckpointList, Entry};
use crate::train::record::run_folder::RunFolder;

/// Reads weights for the spec that is named; without a name, for the spec that the file was
/// trained with, and where it says nothing, for the last build.
pub fn load(args: &RunArgs, path: &Path) -> Result<Model, Failure> {
    of(args.spec.as_deref(), &args.set, path)
}

/// The same, from a spec and settings.
pub fn of(spec: Option<&Path>, set: &[(String, String)], path: &Path) -> Result<Model, Failure> {
    let path = file(path)?;
    let checkpoint = Checkpoint::open(&path)?;
    let named = spec.is_some();
    tell(&path, checkpoint.is_listed);
    let spec = match (spec, &checkpoint.origin) {
        (None, Some(origin)) => {
            output::note(format_args!("spec: {}, as the weights say", origin.spec()));
            NamedSpec::of(origin).with(set)
        }
        (None, None) => NamedSpec::find(None, set)?,
        (Some(path), origin) => {
            let spec = NamedSpec::find(Some(path), set)?;
            if let Some(origin) = origin
                && origin.spec_text() != &*spec.spec.source.text
            {
                output::warn(format_args!(
                    "the weights come with another text of {} than {} has; leave the spec \
                     away to use theirs",
                    origin.spec(),
                    path.display()
                ));
            }
            spec
        }
    };
    let silent = checkpoint.origin.is_none() && !named;
    let settings = checkpoint.origin.as_ref().map(Origin::settings).cloned();
    checkpoint.load(spec.compile()?).map_err(|error| match (Failure::from(error), settings) {
        (Failure::Wrong(text), Some(settings)) if settings != spec.spec.settings => {
            Failure::Wrong(format!("{text}. They were trained with{}", flags(&settings)))
        }
        (Failure::Wrong(text), None) if silent => Failure::Wrong(format!(
            "{text}. The file does not say which net it is of: name its spec, or have rnetc import SPEC {} -o \
             FILE write weights that do",
            path.display()
        )),
        (failure, _) => failure,
    })
}

/// The file that is meant: of a run's folder its last weights, which is said.
pub fn file(path: &Path) -> Result<PathBuf, Failure> {
    if !path.is_dir() {
        return Ok(path.to_path_buf());
    }
    let folder = RunFolder::open(path)?;
    let last = last(&folder)?;
    let (part, lowest) = lowest(&folder)?;
    let lowest = lowest.filter(|entry| folder.path().join(&entry.file) != last);
    let lowest = lowest.map_or(String::new(), |entry| {
        let error = entry.error_percent(part).unwrap_or(f64::NAN);
        format!("; the lowest {part} error, {error:.2} %, was that of {}", entry.file)
    });
    output::note(format_args!("weights: {}, the last of the run{lowest}", last.display()));
    Ok(last)
}

/// Checks a file of weights against the hash that its run keeps, and tells that it is read.
pub fn verify(path: &Path) -> Result<(), Failure> {
    tell(path, manifest::verify(path)?);
    Ok(())
}

/// Tells that a file of weights is read.
pub fn tell(path: &Path, is_listed: bool) {
    let checked = if is_listed { ", with the SHA-256 that its run keeps" } else { "" };
    output::detail(format_args!("read: {}{checked}", path.display()));
}

/// A run's configuration, which is told.
pub fn config(run: &RunFolder) -> Result<Config, Failure> {
    let config = run.read_config()?;
    output::detail(format_args!("read: {}", run.path().join("config.yaml").display()));
    Ok(config)
}

/// The last weights of a run.
pub fn last(folder: &RunFolder) -> Result<PathBuf, Failure> {
    folder.newest_weights()?.ok_or_else(|| {
        Failure::File(format!(
            "{} holds no weights yet; train on with rnetc run --resume {0}",
            folder.path().display()
        ))
    })
}

/// The checkpoint with the lowest error on the part that the best is chosen on, if that is lower than
/// after the last step.
fn lowest(folder: &RunFolder) -> Result<(Part, Option<Entry>), Failure> {
    let CheckpointList { checkpoints: listed, chosen_on: part, .. } =
        CheckpointList::read(folder.path())?;
    let error = |entry: &Entry| entry.error_percent(part).unwrap_or(f64::INFINITY);
    let last = listed.iter().max_by_key(|entry| entry.step).map(|entry| entry.step);
    let of_last = listed.iter().filter(|entry| Some(entry.step) == last).map(error);
    let of_last = of_last.fold(f64::INFINITY, f64::min);
    let lowest = listed.iter().min_by(|a, b| error(a).total_cmp(&error(b)));
    Ok((part, lowest.filter(|best| error(best) < of_last).cloned()))
}

fn flags(settings: &BTreeMap<String, String>) -> String {
    if settings.is_empty() {
        return "out --set".into();
    }
    settings.iter().map(|(name, value)| format!(" --set {name}={value}")).collect()
}
