//! HyperQueue: a job with a task a run through `hq submit`; what of it is in the queue, from `hq job`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::queue::Queued;
use super::script::Script;
use super::{Scheduler, program};
use crate::cli::Failure;

/// Workers that may die under a task before it counts as their murderer: batch systems end them as they
/// please.
const CRASHES: u32 = 20;

/// The script of a job.
pub fn script(script: &Script) -> Result<String, Failure> {
    let needs = script.needs;
    let gpu = if needs.gpu { "#HQ --resource gpus/nvidia=1\n" } else { "" };
    Ok(format!(
        "{head}#HQ --name={name}\n#HQ --array=0-{last}\n#HQ --cpus={cores}\n#HQ --resource mem={memory}\n\
         {gpu}#HQ --crash-limit={CRASHES}\n#HQ --stdout=none\n#HQ --stderr={log}:rm-if-finished\n\
         {begin}{adapter}cpus=(${{HQ_CPUS//,/ }})\n\n# In the shell's place: HyperQueue's signals reach it.\n\
         exec {command}\n",
        head = script.head(),
        name = script.name,
        last = script.runs.len().saturating_sub(1),
        cores = needs.cores,
        memory = needs.memory,
        log = script.log("%{TASK_ID}"),
        begin = script.begin("$HQ_TASK_ID")?,
        adapter = script.adapter(),
        command = script.command("\"${#cpus[@]}\""),
    ))
}

/// The command that submits a script.
pub fn submission(script: &Path, options: &[String]) -> (&'static str, Vec<String>) {
    let arguments = ["submit", "--output-mode=json"].map(str::to_owned).into_iter();
    let arguments = arguments.chain(options.iter().cloned());
    ("hq", arguments.chain([script.display().to_string()]).collect())
}

/// A job, as `hq` tells of it.
#[derive(Deserialize)]
struct Job {
    id: u64,
}

/// The same with all of it.
#[derive(Deserialize)]
struct Detail {
    info: Job,
    submits: Vec<Submit>,
    tasks: Vec<Task>,
}

#[derive(Deserialize)]
struct Submit {
    /// None where it was submitted in another way.
    array: Option<Array>,
}

#[derive(Deserialize)]
struct Array {
    program: Program,
}

#[derive(Deserialize)]
struct Program {
    args: Vec<String>,
}

#[derive(Deserialize)]
struct Task {
    id: usize,
    state: String,
}

/// The number of the job that was submitted.
pub fn job(said: &str) -> Option<String> {
    serde_json::from_str::<Job>(said).ok().map(|job| job.id.to_string())
}

/// What `hq` says where the connection to its server broke, once there was one: the server may have taken
/// the job.
const BROKEN: [&str; 7] = [
    "connection closed",
    "reset by peer",
    "broken pipe",
    "timed out",
    "end of file",
    "io error",
    "invalid message",
];

/// Whether the job may have been taken all the same.
pub fn in_doubt(told: &str) -> bool {
    let told = told.to_lowercase();
    !told.contains("is unreachable") && BROKEN.iter().any(|words| told.contains(words))
}

/// Tasks that wait or run, of whichever script.
pub fn queued() -> Result<Vec<Queued>, Failure> {
    let list: Vec<Job> = asked(&["job", "list", "--output-mode=json"])?;
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = list.iter().map(|job| job.id.to_string()).collect();
    let details: Vec<Detail> = asked(&["job", "info", &ids.join(","), "--output-mode=json"])?;
    Ok(details.iter().flat_map(tasks).collect())
}

fn asked<T: serde::de::DeserializeOwned>(arguments: &[&str]) -> Result<T, Failure> {
    let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
    let said = program::run(Scheduler::HyperQueue, "hq", &arguments)?;
    serde_json::from_str(&said).map_err(|error| {
        Failure::Device(format!(
            "hq {} says what rnetc does not understand ({error}); it knows versions 0.19 to 0.27 of HyperQueue",
            arguments.join(" ")
        ))
    })
}

/// Tasks of a job that wait or run; its script is the last word of its command.
fn tasks(detail: &Detail) -> impl Iterator<Item = Queued> {
    let array = detail.submits.iter().find_map(|submit| submit.array.as_ref());
    let script = array.and_then(|array| array.program.args.last()).map(PathBuf::from);
    let alive = |task: &&Task| matches!(task.state.as_str(), "waiting" | "running");
    let job = detail.info.id.to_string();
    let queued = move |task: &Task| {
        Some(Queued { job: job.clone(), index: task.id, script: script.clone()? })
    };
    detail.tasks.iter().filter(alive).filter_map(queued)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_connection_that_there_was_leaves_a_doubt() {
        assert!(in_doubt("hq says: Connection closed"));
        assert!(in_doubt("hq says: IO error: Connection reset by peer (os error 104)"));
        let unreachable = "HQ server a:1 is unreachable. Caused by: IO error: Connection refused";
        assert!(!in_doubt(unreachable) && !in_doubt("hq says: Job 3 is not opened."));
    }
}
