//! Processes of a study: how many at once, on which GPUs, what they say, and how they are stopped.

use std::fs::File;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::end::End;
use super::job::Job;
use crate::cli::args::{EngineArgs, StudyArgs};
use crate::cli::session::signals::Signals;
use crate::cli::show::output;
use crate::cli::{Failure, failure};

/// How often processes are looked at.
const PAUSE: Duration = Duration::from_millis(50);
/// What a process may need before one has been seen.
const FIRST_GUESS: u64 = 512 << 20;

struct Running<'a> {
    job: &'a Job,
    child: Child,
    began: Instant,
    /// The number of the GPU that it has.
    gpu: Option<usize>,
}

/// How many runs there are at once, on which GPUs.
pub struct Room {
    /// Most runs at once.
    pub jobs: usize,
    /// Numbers of the GPUs that they are spread over; none where each run finds its own device.
    pub gpus: Vec<usize>,
}

impl Room {
    /// The GPU that fewest runs have.
    fn gpu(&self, running: &[Running]) -> Option<usize> {
        let runs = |gpu: &usize| running.iter().filter(|process| process.gpu == Some(*gpu)).count();
        self.gpus.iter().copied().min_by_key(runs)
    }
}

/// Runs all jobs, as many at once as there is room for; the first failure stops the others in order.
pub fn all(args: &StudyArgs, room: &Room, jobs: &[&Job], signals: &Signals) -> Result<(), Failure> {
    let mut waiting = jobs.iter();
    let mut running: Vec<Running> = Vec::new();
    let mut most_seen = 0;
    let mut ended = Ok(());
    loop {
        while ended.is_ok() && running.len() < room.jobs && fits(&running, &mut most_seen) {
            let Some(job) = waiting.next() else { break };
            match start(args, job, room.gpu(&running)) {
                Ok(process) => running.push(process),
                Err(failure) => ended = Err(failure),
            }
        }
        if ended.is_ok()
            && let Some(failure) = signals.failure()
        {
            ended = Err(failure);
        }
        if ended.is_err() {
            return stop(running, ended);
        }
        if running.is_empty() {
            return ended;
        }
        std::thread::sleep(PAUSE);
        let mut at = 0;
        while let Some(process) = running.get_mut(at) {
            match process.child.try_wait() {
                Ok(None) => at += 1,
                Ok(Some(status)) => {
                    let process = running.swap_remove(at);
                    ended = ended.and(finished(&process, status));
                }
                Err(error) => {
                    ended = Err(Failure::File(format!("waiting for a run: {error}")));
                    at += 1;
                }
            }
        }
    }
}

fn start<'a>(args: &StudyArgs, job: &'a Job, gpu: Option<usize>) -> Result<Running<'a>, Failure> {
    // It may have been begun otherwise since it was looked at.
    job.state()?;
    let io = |error| Failure::io("beginning", &job.folder, error);
    job.make_folder()?;
    let log = File::options().create(true).append(true).open(job.log()).map_err(io)?;
    let mut command = Command::new(std::env::current_exe().map_err(io)?);
    command
        .args(job.arguments(args.data.as_ref(), &on(args, gpu)))
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(io)?)
        .stderr(log);
    own_group(&mut command);
    let place = gpu.map_or(String::new(), |gpu| format!(" on adapter {gpu}"));
    output::note(format_args!("{}: {}{place}", job.label, job.goes()));
    Ok(Running { job, child: command.spawn().map_err(io)?, began: Instant::now(), gpu })
}

/// On what a run computes that has a GPU of its own.
fn on(args: &StudyArgs, gpu: Option<usize>) -> EngineArgs {
    EngineArgs { adapter: args.engine.adapter.or(gpu), ..args.engine.clone() }
}

/// So that a signal from the keyboard reaches a run through this process, once.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_command: &mut Command) {}

/// Keeps what a run ended with; an error unless it is a result.
fn finished(process: &Running, status: ExitStatus) -> Result<(), Failure> {
    let (job, log) = (process.job, process.job.log());
    let end = End::of_process(status, &log);
    end.keep(job, process.began)?;
    match end {
        End::Over | End::NoNumbers => return Ok(()),
        End::Failed(said) => {
            output::fault(format_args!("{}: failed; {} says {said}", job.label, log.display()));
        }
        End::Stopped => {
            output::fault(format_args!("{}: {status}; see {}", job.label, log.display()));
        }
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Err(Failure::Shown(code.unwrap_or(failure::USAGE)))
}

/// Asks all to save and end, and waits until they have.
fn stop(running: Vec<Running>, ended: Result<(), Failure>) -> Result<(), Failure> {
    for process in &running {
        terminate(&process.child);
    }
    for mut process in running {
        // A process that cannot be waited for is gone.
        let _ = process.child.wait();
        output::note(format_args!("{}: stopped and saved", process.job.label));
    }
    ended
}

#[cfg(unix)]
fn terminate(child: &Child) {
    // Without a `kill` the run ends by itself, later.
    let _ = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status();
}

#[cfg(not(unix))]
fn terminate(_child: &Child) {}

/// Whether memory is left for one more process as large as the largest seen. The first always
/// begins; where the system does not say what is left, so do the others.
fn fits(running: &[Running], most_seen: &mut u64) -> bool {
    for process in running {
        let status = format!("/proc/{}/status", process.child.id());
        *most_seen = kib(&status, "VmHWM:").unwrap_or(0).max(*most_seen);
    }
    let need = if *most_seen == 0 { FIRST_GUESS } else { *most_seen + *most_seen / 4 };
    running.is_empty() || kib("/proc/meminfo", "MemAvailable:").is_none_or(|left| left > need)
}

/// A value that the system gives in KiB, in bytes.
fn kib(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(rest.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}
