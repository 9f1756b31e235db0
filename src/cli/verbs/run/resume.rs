//! Going on with a run.

use std::path::Path;

use crate::cli::Failure;
use crate::cli::args::RunArgs;
use crate::cli::session::spec::{self, NamedSpec};
use crate::cli::session::{RUNS, last_build};
use crate::cli::show::output;
use crate::train::config::Config;
use crate::train::record::checkpoint::{self, Origin};
use crate::train::record::manifest;
use crate::train::record::run_folder::RunFolder;
use crate::train::tensors::{Tensor, Values};

/// A run that was begun.
pub struct Resumed {
    /// Its folder.
    pub folder: RunFolder,
    /// What it was asked to do.
    pub config: Config,
}

/// The run in `--out`, or the newest of the spec's name.
pub fn find(args: &RunArgs) -> Result<Resumed, Failure> {
    let spec = args.spec.clone().or_else(last_build::last);
    let name = spec.as_deref().map_or_else(|| spec::BUILT_IN.into(), spec::stem);
    let folder = RunFolder::existing(args.training.out.as_deref(), Path::new(RUNS), &name)?;
    Ok(Resumed { config: folder.read_config()?, folder })
}

impl Resumed {
    /// The spec that it trains.
    pub fn spec(&self) -> NamedSpec {
        NamedSpec::recorded(&self.config)
    }

    /// Refuses to go on with something else.
    pub fn check(&self, now: &Config) -> Result<(), Failure> {
        match now.difference(&self.config) {
            None => Ok(()),
            Some(difference) => Err(Failure::Usage(format!(
                "--resume: {difference}; the run in {} can only go on as it was begun",
                self.folder.path().display()
            ))),
        }
    }

    /// The values of the newest whole checkpoint and its step; none before the first. What is
    /// passed over is said.
    pub fn values(&self, tensors: &[Tensor]) -> Result<(Option<Values>, u64), Failure> {
        let mut found = self.folder.checkpoints()?;
        let mut damaged = 0;
        while let Some(path) = found.pop() {
            match self.read(&path, tensors) {
                Ok((values, step)) => return Ok((Some(values), step)),
                Err(Failure::File(text)) => {
                    damaged += 1;
                    output::note(format_args!("warning: {text}"));
                }
                Err(failure) => return Err(failure),
            }
        }
        if damaged == 0 {
            return Ok((None, 0));
        }
        Err(Failure::File(format!(
            "--resume: no checkpoint in {} is whole; begin again with another --out",
            self.folder.path().display()
        )))
    }

    fn read(&self, path: &Path, tensors: &[Tensor]) -> Result<(Values, u64), Failure> {
        manifest::verify(path)?;
        let Some(Origin::Run(about)) = checkpoint::describe(path)? else {
            let path = path.display();
            return Err(Failure::Wrong(format!("{path}: says nothing about its run")));
        };
        if about.step > self.config.steps {
            return Err(Failure::Wrong(format!(
                "{}: step {} is beyond the end of the run, {}",
                path.display(),
                about.step,
                self.config.steps
            )));
        }
        Ok((checkpoint::load(path, tensors)?, about.step))
    }
}
