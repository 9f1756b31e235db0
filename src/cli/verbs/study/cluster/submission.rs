//! Handing scripts to a scheduler: what it took, what it refused, and what it may have taken.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::needs::Needs;
use super::program::{self, Trouble};
use super::queue;
use super::script::Script;
use super::{MOST_TASKS, Scheduler};
use crate::cli::Failure;
use crate::cli::args::{StudyArgs, TableFormat};
use crate::cli::session::spec;
use crate::cli::show::output;
use crate::cli::verbs::study::job::Job;
use crate::text::counted;

/// A job that was submitted, or would be.
#[derive(Serialize)]
pub struct Submission {
    /// The scheduler's number; none of one that would be.
    job: Option<String>,
    script: String,
    runs: Vec<String>,
    /// What was left undone.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    would: Option<Would>,
}

/// What would be submitted.
#[derive(Serialize)]
struct Would {
    command: Vec<String>,
    /// What would be in the script.
    text: String,
}

/// Submits runs, or prints what would be submitted, as so many jobs as they need, which are added to
/// `submitted` as they are taken.
pub fn all(
    args: &StudyArgs,
    on: Scheduler,
    (out, scripts): (&Path, &Path),
    (open, needs): (&[&Job], Needs),
    submitted: &mut Vec<Submission>,
) -> Result<(), Failure> {
    let mut number = 0;
    for part in open.chunks(MOST_TASKS) {
        number = free(scripts, number);
        let path = scripts.join(script_name(number));
        submitted.push(array(args, on, (out, &path), part, needs)?);
    }
    Ok(())
}

/// Submits some runs as one job, or prints what would be submitted.
fn array(
    args: &StudyArgs,
    on: Scheduler,
    (out, path): (&Path, &Path),
    jobs: &[&Job],
    needs: Needs,
) -> Result<Submission, Failure> {
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
    let script = path.display().to_string();
    if args.dry_run {
        if args.format == TableFormat::Text {
            output::say(text.trim_end());
        }
        output::note(format_args!("not submitted: {program} {}", arguments.join(" ")));
        let command = [program.to_owned()].into_iter().chain(arguments).collect();
        return Ok(Submission { job: None, script, runs, would: Some(Would { command, text }) });
    }
    written(path, &text)?;
    let job = handed(on, path, (program, &arguments))?;
    if args.format == TableFormat::Text {
        output::say(format_args!("{} job {job}: {}", on.name(), counted(runs.len(), "run")));
    }
    output::note(format_args!(
        "{}; the table, at any time: rnetc study {} --table",
        on.hints(&job),
        args.study.display()
    ));
    Ok(Submission { job: Some(job), script, runs, would: None })
}

/// Writes a script that was not there, whole or not at all.
fn written(path: &Path, text: &str) -> Result<(), Failure> {
    let io = |error| Failure::io("writing", path, error);
    let mut file = File::create_new(path).map_err(io)?;
    file.write_all(text.as_bytes()).map_err(|error| {
        // That it is half there is said already.
        let _ = std::fs::remove_file(path);
        io(error)
    })
}

/// Has a script submitted; the number of its job. A script stays unless it is known to have been refused:
/// what is in the queue is known by it.
fn handed(
    on: Scheduler,
    path: &Path,
    (program, arguments): (&str, &[String]),
) -> Result<String, Failure> {
    let told = match program::run(on, program, arguments) {
        Ok(said) => match on.job(&said) {
            Some(job) => return Ok(job),
            None => format!("{program} does not say which job it is: {}", said.trim()),
        },
        Err(Trouble::Ended { told, killed }) if killed || on.in_doubt(&told) => told,
        Err(refused) => {
            // It must not look like what was taken.
            let _ = std::fs::remove_file(path);
            return Err(refused.into());
        }
    };
    let found = on.queued().ok().and_then(|queued| queue::job(&queued, path));
    match found {
        Some(job) => {
            output::note(format_args!("{told}; it was taken all the same: job {job}"));
            Ok(job)
        }
        None => Err(Failure::Device(format!(
            "{told}\nwhether the job was taken is not known, so {} stays: see what {} shows in a minute, \
             then submit again, which leaves out what is in the queue",
            path.display(),
            on.list()
        ))),
    }
}

/// The first number after another that no script has.
fn free(scripts: &Path, after: usize) -> usize {
    let is_free = |number: &usize| !scripts.join(script_name(*number)).exists();
    (after + 1..).find(is_free).unwrap_or(usize::MAX)
}

fn script_name(number: usize) -> PathBuf {
    PathBuf::from(format!("{number:03}.sh"))
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
