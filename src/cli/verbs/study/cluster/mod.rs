//! Runs of a study as tasks of a scheduler. A submission leaves a script in the study's folder, and nothing
//! of ours watches: what is done is read from the run folders, what waits from the scheduler.

mod hyperqueue;
mod needs;
mod program;
mod queue;
mod script;
mod slurm;
mod submission;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::job::Job;
use crate::cli::Failure;
use crate::cli::args::{StudyArgs, TableFormat};
use crate::cli::session::hold;
use crate::cli::show::output;
use crate::text::counted;
use crate::train::TrainError;
use needs::Needs;
use queue::Queued;
use script::{Script, nameable};
use submission::Submission;

/// Most tasks of an array: what Slurm takes unless a site says otherwise (`MaxArraySize` 1001).
const MOST_TASKS: usize = 1000;

/// Who runs tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// Slurm.
    Slurm,
    /// HyperQueue.
    HyperQueue,
}

/// What was submitted, or would be, for programs.
#[derive(Serialize)]
struct Submitted {
    on: &'static str,
    /// Runs that are over.
    done: usize,
    /// Runs that were in the queue already, by name, with their jobs.
    queued: BTreeMap<String, String>,
    jobs: Vec<Submission>,
}

impl Scheduler {
    /// In lower case, as the command line and folders have it.
    fn name(self) -> &'static str {
        match self {
            Scheduler::Slurm => "slurm",
            Scheduler::HyperQueue => "hyperqueue",
        }
    }

    fn queued(self) -> Result<Vec<Queued>, Failure> {
        match self {
            Scheduler::Slurm => slurm::queued(),
            Scheduler::HyperQueue => hyperqueue::queued(),
        }
    }

    fn script(self, script: &Script) -> Result<String, Failure> {
        match self {
            Scheduler::Slurm => slurm::script(script),
            Scheduler::HyperQueue => hyperqueue::script(script),
        }
    }

    fn submission(self, script: &Path, options: &[String]) -> (&'static str, Vec<String>) {
        match self {
            Scheduler::Slurm => slurm::submission(script, options),
            Scheduler::HyperQueue => hyperqueue::submission(script, options),
        }
    }

    fn job(self, said: &str) -> Option<String> {
        match self {
            Scheduler::Slurm => slurm::job(said),
            Scheduler::HyperQueue => hyperqueue::job(said),
        }
    }

    /// Whether a job may have been taken though its submission failed, by what was said.
    fn in_doubt(self, told: &str) -> bool {
        match self {
            Scheduler::Slurm => slurm::in_doubt(told),
            Scheduler::HyperQueue => hyperqueue::in_doubt(told),
        }
    }

    /// How to see what is in the queue.
    fn list(self) -> &'static str {
        match self {
            Scheduler::Slurm => "squeue --me",
            Scheduler::HyperQueue => "hq job list",
        }
    }

    /// How to look after a job, and to end it.
    fn hints(self, job: &str) -> String {
        match self {
            Scheduler::Slurm => format!("squeue --job={job}, scancel {job}"),
            Scheduler::HyperQueue => format!("hq job progress {job}, hq job cancel {job}"),
        }
    }
}

/// Submits the runs that are neither over nor in the queue, of all that are given in the order in which
/// they shall begin.
pub fn submit(args: &StudyArgs, on: Scheduler, out: &Path, jobs: &[&Job]) -> Result<(), Failure> {
    let out =
        nameable(std::path::absolute(out).map_err(|error| Failure::io("finding", out, error))?)?;
    let scripts = out.join(on.name());
    let _lock = match args.dry_run {
        true => None,
        false => {
            std::fs::create_dir_all(&scripts)
                .map_err(|error| TrainError::writing(&scripts, error))?;
            Some(hold::take(&out)?)
        }
    };
    let mut open = Vec::new();
    for job in jobs {
        if !job.state()?.is_over() {
            open.push(*job);
        }
    }
    let done = jobs.len() - open.len();
    // A dry run needs no scheduler, unless there is something to ask it for.
    let any = || scripts.read_dir().is_ok_and(|mut files| files.next().is_some());
    let asks = !args.dry_run || any();
    let mut queued = if asks { queue::runs(&on.queued()?, &scripts) } else { Default::default() };
    let names: BTreeSet<String> = open.iter().map(|job| job.name()).collect();
    queued.retain(|name, _| names.contains(name));
    open.retain(|job| !queued.contains_key(&job.name()));
    output::note(format_args!(
        "{}: {done} done, {} in the queue{}, {} to submit",
        counted(jobs.len(), "run"),
        queued.len(),
        among(&queued),
        open.len()
    ));
    let mut submitted = Submitted { on: on.name(), done, queued, jobs: Vec::new() };
    let mut ended = Ok(());
    if !open.is_empty() {
        let needs = Needs::of(&open, args)?;
        output::note(format_args!(
            "each asks for {}, {} MiB{}",
            counted(needs.cores, "core"),
            needs.memory,
            if needs.gpu { " and a GPU" } else { "" }
        ));
        ended = submission::all(args, on, (&out, &scripts), (&open, needs), &mut submitted.jobs);
    }
    // What was submitted before another job was refused is in the queue, and is told.
    let is_told = ended.is_ok() || !submitted.jobs.is_empty();
    if args.format == TableFormat::Json && is_told {
        output::json(&submitted)?;
    }
    ended
}

/// ` (815, 816)`
fn among(queued: &BTreeMap<String, String>) -> String {
    let mut jobs: Vec<&str> = queued.values().map(String::as_str).collect();
    jobs.sort_unstable();
    jobs.dedup();
    if jobs.is_empty() { String::new() } else { format!(" (job {})", jobs.join(", ")) }
}
