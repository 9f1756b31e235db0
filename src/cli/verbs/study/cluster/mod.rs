//! Runs of a study as tasks of a scheduler. A submission leaves a script in the study's folder, and nothing
//! of ours watches: what is done is read from the run folders, what waits from the scheduler.

mod hyperqueue;
mod needs;
mod program;
mod queue;
mod script;
mod slurm;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::job::Job;
use crate::cli::Failure;
use crate::cli::args::{StudyArgs, TableFormat};
use crate::cli::session::spec;
use crate::cli::show::output;
use crate::text::counted;
use crate::train::TrainError;
use crate::train::record::lock::Lock;
use needs::Needs;
use queue::Queued;
use script::{Script, nameable};

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

/// What was submitted, for programs.
#[derive(Serialize)]
struct Submitted {
    on: &'static str,
    /// Runs that are over.
    done: usize,
    /// Runs that were in the queue already, by name, with their jobs.
    queued: std::collections::BTreeMap<String, String>,
    jobs: Vec<Submission>,
}

/// A job that was submitted.
#[derive(Serialize)]
struct Submission {
    job: String,
    script: String,
    runs: Vec<String>,
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
    check(args, on)?;
    let out =
        nameable(std::path::absolute(out).map_err(|error| Failure::io("finding", out, error))?)?;
    let scripts = out.join(on.name());
    let _lock = match args.dry_run {
        true => None,
        false => {
            std::fs::create_dir_all(&scripts)
                .map_err(|error| TrainError::writing(&scripts, error))?;
            Some(Lock::take(&out)?)
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
    let asks = !args.dry_run || scripts.is_dir();
    let mut queued = if asks { queue::runs(&on.queued()?, &scripts) } else { Default::default() };
    queued.retain(|name, _| open.iter().any(|job| job.name() == *name));
    open.retain(|job| !queued.contains_key(&job.name()));
    output::note(format_args!(
        "{}: {done} done, {} in the queue{}, {} to submit",
        counted(jobs.len(), "run"),
        queued.len(),
        among(&queued),
        open.len()
    ));
    let mut submitted = Submitted { on: on.name(), done, queued, jobs: Vec::new() };
    if !open.is_empty() {
        let needs = Needs::of(&open, args)?;
        output::note(format_args!(
            "each asks for {}, {} MiB{}",
            counted(needs.cores, "core"),
            needs.memory,
            if needs.gpu { " and a GPU" } else { "" }
        ));
        let mut number = 0;
        for part in open.chunks(MOST_TASKS) {
            number = free(&scripts, number);
            let path = script_path(&scripts, number);
            submitted.jobs.extend(array(args, on, (&out, &path), part, needs)?);
        }
    }
    if args.dry_run || args.format != TableFormat::Json {
        return Ok(());
    }
    output::json(&submitted)
}

/// ` (815, 816)`
fn among(queued: &std::collections::BTreeMap<String, String>) -> String {
    let mut jobs: Vec<&str> = queued.values().map(String::as_str).collect();
    jobs.sort_unstable();
    jobs.dedup();
    if jobs.is_empty() { String::new() } else { format!(" (job {})", jobs.join(", ")) }
}

/// What makes no sense together.
fn check(args: &StudyArgs, on: Scheduler) -> Result<(), Failure> {
    let wrong = match (on, args.format) {
        (Scheduler::HyperQueue, _) if args.jobs.is_some() => {
            "--jobs is not HyperQueue's to keep: its workers run as many tasks as they have cores and \
             memory for; start fewer of them"
        }
        (_, TableFormat::Csv | TableFormat::Markdown | TableFormat::Html) => {
            "a submission has no table: leave out --format, or say --format json; --table prints what \
             there is, at any time"
        }
        (_, TableFormat::Text | TableFormat::Json) if args.engine.adapter.is_some() => {
            "--adapter is the scheduler's to choose: each task takes the GPU that it is given"
        }
        (_, TableFormat::Text | TableFormat::Json) => return Ok(()),
    };
    Err(Failure::Usage(wrong.to_owned()))
}

/// Submits some runs as one job, or prints what would be submitted.
fn array(
    args: &StudyArgs,
    on: Scheduler,
    (out, path): (&Path, &Path),
    jobs: &[&Job],
    needs: Needs,
) -> Result<Option<Submission>, Failure> {
    let runs: Vec<String> = jobs.iter().map(|job| job.name()).collect();
    let text = on.script(&Script {
        study: &args.study,
        name: &name(&args.study),
        path,
        out,
        runs: &runs,
        needs,
        most: args.jobs,
        before: &args.before,
        command: &command(args, out, needs)?,
    })?;
    let (program, arguments) = on.submission(path, &args.options);
    if args.dry_run {
        output::say(text.trim_end());
        output::note(format_args!("not submitted: {program} {}", arguments.join(" ")));
        return Ok(None);
    }
    let io = |error| Failure::io("writing", path, error);
    let mut file = File::create_new(path).map_err(io)?;
    file.write_all(text.as_bytes()).map_err(io)?;
    let said = program::run(on, program, &arguments).inspect_err(|_| {
        // What was refused must not look like what was taken.
        let _ = std::fs::remove_file(path);
    })?;
    let Some(job) = on.job(&said) else {
        return Err(Failure::Device(format!(
            "{program} took {} and does not say as which job: {}",
            path.display(),
            said.trim()
        )));
    };
    if args.format == TableFormat::Text {
        output::say(format_args!("{} job {job}: {}", on.name(), counted(runs.len(), "run")));
    }
    output::note(format_args!(
        "{}; the table, at any time: rnetc study {} --table",
        on.hints(&job),
        args.study.display()
    ));
    Ok(Some(Submission { job, script: path.display().to_string(), runs }))
}

/// The first number after another that no script has.
fn free(scripts: &Path, after: usize) -> usize {
    let is_free = |number: &usize| !script_path(scripts, *number).exists();
    (after + 1..).find(is_free).unwrap_or(usize::MAX)
}

fn script_path(scripts: &Path, number: usize) -> PathBuf {
    scripts.join(format!("{number:03}.sh"))
}

/// The job's name, in letters that no scheduler minds.
fn name(study: &Path) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    format!("study-{}", spec::stem(study).chars().map(plain).collect::<String>())
}

/// What a task runs, but for what it is told on its node.
fn command(args: &StudyArgs, out: &Path, needs: Needs) -> Result<Vec<String>, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::File(format!("finding this program's file: {error}")))?;
    let text = |path: &Path| path.display().to_string();
    let mut words = vec![text(&program), "study".to_owned(), text(&args.study)];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    option("--out", text(out));
    option("--engine", if needs.gpu { "wgpu" } else { "cpu" }.to_owned());
    if let Some(data) = &args.data {
        option("--data", text(data));
    }
    if let Some(precision) = args.engine.precision {
        option("--precision", precision.to_string());
    }
    for (name, value) in args.engine.of_gpus() {
        option(name, value);
    }
    Ok(words)
}
