//! One run of a study in this process, as a task of a scheduler: whoever repeats the task goes on with it.
//!
//! Schedulers signal every process of a task, and a second signal ends this program at once: so the task
//! is one process.

use std::iter::once;
use std::time::{Duration, Instant};

use clap::Parser;

use super::end::End;
use super::job::Job;
use crate::cli::Failure;
use crate::cli::args::{Cli, StudyArgs, Verb};
use crate::cli::session::hold;
use crate::cli::session::signals::Signals;
use crate::cli::show::output;
use crate::cli::verbs::run;
use crate::train::TrainError;
use crate::train::record::run_folder::RunFolder;

/// How long a folder that another process holds is waited for: one that was told to end saves.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(250);
/// The signal before a job's time is up.
#[cfg(unix)]
const TIME_IS_UP: Option<u8> = Some(signal_hook::consts::SIGUSR1 as u8);
#[cfg(not(unix))]
const TIME_IS_UP: Option<u8> = None;

/// Why a run fails that would not get further in its next turn either.
const TOO_SHORT: &str = "its time was up before it had trained a step; ask for more time";

/// Trains a run from where it is, unless it is over.
pub fn train(args: &StudyArgs, job: &Job, signals: &Signals) -> Result<(), Failure> {
    job.make_folder()?;
    if job.state()?.is_over() {
        output::note(format_args!("{}: is over; nothing is left to do", job.label));
        return Ok(());
    }
    let (before, began) = (steps(job)?, Instant::now());
    let result = wait_until_free(job, signals).and_then(|()| run(args, job, signals));
    let end = match &result {
        // Whoever is told that it was stopped would have it begin again, for ever.
        Err(Failure::Signal(number)) if Some(*number) == TIME_IS_UP && steps(job)? == before => {
            End::Failed(TOO_SHORT.to_owned())
        }
        _ => End::of(&result, &job.log()),
    };
    end.keep(job, began)?;
    match (result, end) {
        (Err(Failure::Signal(_)), End::Failed(why)) => {
            Err(Failure::Wrong(format!("{}: {why}", job.label)))
        }
        (Err(Failure::Numbers(text)), _) => {
            output::error(text);
            Ok(())
        }
        (result, _) => result,
    }
}

fn run(args: &StudyArgs, job: &Job, signals: &Signals) -> Result<(), Failure> {
    if let Some(failure) = signals.failure() {
        return Err(failure);
    }
    output::note(format_args!("{}: {}", job.label, job.goes()));
    let line = once("rnetc".to_owned()).chain(job.arguments(args.data.as_ref(), &args.engine));
    match Cli::try_parse_from(line).map(|cli| cli.verb) {
        Ok(Verb::Run(args)) => run::alone(&args, signals),
        Ok(_) => Err(Failure::Wrong(format!("{}: is no run", job.label))),
        Err(error) => Err(Failure::Usage(error.to_string())),
    }
}

/// Steps that its newest checkpoint has.
fn steps(job: &Job) -> Result<u64, Failure> {
    if !job.is_begun() {
        return Ok(0);
    }
    Ok(RunFolder::open(&job.folder)?.latest_step()?.unwrap_or(0))
}

fn wait_until_free(job: &Job, signals: &Signals) -> Result<(), Failure> {
    let begin = Instant::now();
    let mut told = false;
    loop {
        match hold::take(&job.folder) {
            Ok(_) => return Ok(()),
            Err(error @ TrainError::Held { .. }) => {
                if begin.elapsed() >= PATIENCE {
                    return Err(error.into());
                }
                if !std::mem::replace(&mut told, true) {
                    output::note(format_args!(
                        "{}: another process trains it; waits for that to end, a minute at most",
                        job.label
                    ));
                }
            }
            Err(error) => return Err(error.into()),
        }
        if let Some(failure) = signals.failure() {
            return Err(failure);
        }
        std::thread::sleep(PAUSE);
    }
}
