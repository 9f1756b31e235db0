//! Going on with a run.

use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::cli::args::RunArgs;
use crate::cli::session::spec::{self, NamedSpec};
use crate::cli::session::{RUNS, last_build, weights};
use crate::cli::show::{changes, output};
use crate::train::config::{Change, Config, Replanned};
use crate::train::record::checkpoint::{self, Origin};
use crate::train::record::manifest::CheckpointList;
use crate::train::record::run_folder::RunFolder;
use crate::train::schedule::StepPlan;
use crate::train::tensors::{Tensor, Values};

/// A run that was begun.
pub struct Resumed {
    /// Its folder.
    pub folder: RunFolder,
    /// What it was asked to do.
    pub config: Config,
}

/// The run that `--resume` or `--out` names, or the newest of the spec's name; none without
/// `--resume`.
pub fn find(args: &RunArgs) -> Result<Option<Resumed>, Failure> {
    let Some(named) = &args.training.resume else { return Ok(None) };
    let out = args.training.out.as_ref();
    if let (Some(named), Some(out)) = (named, out)
        && named != out
    {
        let (named, out) = (named.display(), out.display());
        return Err(Failure::Usage(format!("--resume names {named}, and --out {out}")));
    }
    let spec = args.spec.clone().or_else(last_build::last);
    let name = spec.as_deref().map_or_else(|| spec::BUILT_IN.into(), spec::stem);
    let named = named.as_ref().or(out).map(PathBuf::as_path);
    let folder = RunFolder::existing(named, Path::new(RUNS), &name)?;
    if named.is_none() {
        output::note(format_args!("run: {}, the newest", folder.path().display()));
    }
    Ok(Some(Resumed { config: weights::config(&folder)?, folder }))
}

impl Resumed {
    /// The spec that it trains.
    pub fn spec(&self) -> NamedSpec {
        NamedSpec::recorded(&self.config)
    }

    /// Refuses to go on with something else.
    pub fn check(&self, now: &Config) -> Result<(), Failure> {
        let changed = now.changes(&self.config);
        if changed.is_empty() {
            return Ok(());
        }
        let moved = changed.iter().any(|c| matches!(c, Change::Key { key, .. } if key == "data"));
        let hint =
            if moved { "; pictures that were moved are found by --data DIR alone" } else { "" };
        Err(Failure::Usage(format!(
            "the run in {} can only go on as it was begun, and this has changed:\n{}\n\
             leave it as it was, or begin another run with --out{hint}",
            self.folder.path().display(),
            changes::listed(&changed)
        )))
    }

    /// Says that a run is asked for another length, which is recorded.
    pub fn replanned(&self, now: &Config, done: u64) -> Option<Replanned> {
        if now.steps == self.config.steps {
            return None;
        }
        let plan = |c: &Config| StepPlan::new(&c.recipe, c.length, c.steps_per_epoch);
        let (was, is) = (plan(&self.config).rate(done.saturating_sub(1)), plan(now).rate(done));
        output::note(format_args!(
            "{} steps instead of {}: the schedule stretches over them; the rate of step {} is {is}, \
             that of the step before was {was}",
            now.steps,
            self.config.steps,
            done + 1
        ));
        Some(Replanned { after: done, from: self.config.steps })
    }

    /// The values of the newest whole checkpoint and its step; none before the first. What is
    /// passed over is said, and so is a configuration that is not the checkpoint's own.
    pub fn values(&self, tensors: &[Tensor], total: u64) -> Result<(Option<Values>, u64), Failure> {
        let mut found = self.folder.checkpoints()?;
        let mut damaged = 0;
        while let Some(path) = found.pop() {
            match self.read(&path, tensors, total) {
                Ok((values, step)) => return Ok((Some(values), step)),
                Err(Failure::File(text) | Failure::Numbers(text)) => {
                    damaged += 1;
                    output::warn(text);
                }
                Err(failure) => return Err(failure),
            }
        }
        let folder = self.folder.path().display();
        if damaged > 0 {
            return Err(Failure::File(format!(
                "--resume: no checkpoint in {folder} is whole; begin again with another --out"
            )));
        }
        if let Some(gone) = CheckpointList::read(self.folder.path())?.checkpoints.first() {
            return Err(Failure::File(format!(
                "--resume: {} and the other checkpoints are no longer in {folder}; put them back, \
                 or begin again with another --out",
                gone.file
            )));
        }
        output::note(format_args!("{folder}: nothing was saved yet, so it begins again"));
        Ok((None, 0))
    }

    fn read(&self, path: &Path, tensors: &[Tensor], total: u64) -> Result<(Values, u64), Failure> {
        weights::verify(path)?;
        let Some(Origin::Run(about)) = checkpoint::describe(path)? else {
            let path = path.display();
            return Err(Failure::Wrong(format!("{path}: says nothing about its run")));
        };
        if about.step > total {
            return Err(Failure::Usage(format!(
                "{}: {} steps are done already, more than the {total} that are asked for",
                path.display(),
                about.step
            )));
        }
        let edited = self.config.changes(&about.config);
        if !edited.is_empty() {
            output::warn(format_args!(
                "config.yaml is not what {} was made with; it goes on with\n{}",
                path.display(),
                changes::listed(&edited)
            ));
        }
        Ok((checkpoint::load(path, tensors)?, about.step))
    }
}
