//! Slurm: an array through `sbatch`; what of it is in the queue, from `squeue`.

use std::path::{Path, PathBuf};

use super::queue::Queued;
use super::script::Script;
use super::{Scheduler, program};
use crate::cli::Failure;

/// Seconds before the end of its time at which a task is told.
const NOTICE: u32 = 120;

/// The script of an array.
pub fn script(script: &Script) -> Result<String, Failure> {
    let needs = script.needs;
    let most = script.most.map_or(String::new(), |most| format!("%{most}"));
    let gpu = if needs.gpu { "#SBATCH --gres=gpu:1\n" } else { "" };
    Ok(format!(
        "{head}#SBATCH --job-name={name}\n#SBATCH --array=0-{last}{most}\n#SBATCH --cpus-per-task={cores}\n\
         #SBATCH --mem={memory}M\n{gpu}#SBATCH --requeue\n#SBATCH --open-mode=append\n\
         #SBATCH --signal=B:USR1@{NOTICE}\n#SBATCH --output={log}\n{begin}{adapter}\n\
         # Slurm tells this script alone that the time is nearly up, but every process to end.\n\
         trap '[ -n \"$task\" ] && kill -s USR1 \"$task\"' USR1\ntrap : TERM\n{command} &\ntask=$!\n\
         while kill -0 \"$task\" 2>/dev/null; do wait \"$task\"; done\nwait \"$task\"\ncode=$?\n\
         # 138: it got further and saved before its time was up. It goes on in its next turn.\n\
         [ \"$code\" = 138 ] && scontrol requeue \"${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID\"\n\
         exit \"$code\"\n",
        head = script.head(),
        name = script.name,
        last = script.runs.len().saturating_sub(1),
        cores = needs.cores,
        memory = needs.memory,
        log = script.log("%a"),
        begin = script.begin("$SLURM_ARRAY_TASK_ID")?,
        adapter = script.adapter(),
        command = script.command(&format!("\"${{SLURM_CPUS_PER_TASK:-{}}}\"", needs.cores)),
    ))
}

/// The command that submits a script.
pub fn submission(script: &Path, options: &[String]) -> (&'static str, Vec<String>) {
    let arguments = ["--parsable".to_owned()].into_iter().chain(options.iter().cloned());
    ("sbatch", arguments.chain([script.display().to_string()]).collect())
}

/// The number of the job that was submitted: `815`, or `815;cluster`.
pub fn job(said: &str) -> Option<String> {
    let number = said.lines().last()?.split(';').next()?.trim();
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then(|| number.to_owned())
}

/// What `sbatch` says where its connection to the controller failed, of its own messages and the system's
/// (`slurm_errno.c`): the controller may have taken the job, or take it yet.
const CONNECTION: [&str; 12] = [
    "timed out",
    "unable to contact slurm controller",
    "communication",
    "connection",
    "message send failure",
    "message receive failure",
    "unexpected message",
    "insane message length",
    "zero bytes",
    "header lengths",
    "socket",
    "broken pipe",
];

/// Whether the job may have been taken all the same. What `sbatch` refuses by itself it says before it has
/// asked the controller.
pub fn in_doubt(told: &str) -> bool {
    let told = told.to_lowercase();
    let reason = told.split_once("submission failed: ").map(|(_, reason)| reason);
    reason.is_some_and(|reason| CONNECTION.iter().any(|words| reason.contains(words)))
}

/// Tasks that wait or run, of whichever script.
pub fn queued() -> Result<Vec<Queued>, Failure> {
    let arguments = ["--noheader", "--array", "--format=%F|%K|%o"].map(str::to_owned);
    Ok(program::run(Scheduler::Slurm, "squeue", &arguments)?.lines().filter_map(task).collect())
}

/// `815|3|/home/a/runs/study-x/slurm/001.sh`
fn task(line: &str) -> Option<Queued> {
    let mut parts = line.splitn(3, '|').map(str::trim);
    let (job, index, command) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Queued { job: job.to_owned(), index: index.parse().ok()?, script: PathBuf::from(command) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_programs_say_is_read() {
        assert_eq!(job("815\n").as_deref(), Some("815"));
        assert_eq!(job("815;cluster\n").as_deref(), Some("815"));
        assert_eq!(job("sbatch: error: no partition\n"), None);
        assert_eq!(job(""), None);
        let failed =
            |why: &str| in_doubt(&format!("sbatch: error: Batch job submission failed: {why}"));
        assert!(failed("Socket timed out on send/recv operation"));
        assert!(failed("Unable to contact slurm controller (connect failure)"));
        assert!(!failed("Invalid account or account/partition combination specified"));
        assert!(!in_doubt("sbatch: unrecognized option '--connection'"));
        let script = PathBuf::from("/a/slurm/001.sh");
        let found = task("815|3|/a/slurm/001.sh\n");
        assert_eq!(found, Some(Queued { job: "815".into(), index: 3, script }));
        // A job that is no array.
        assert_eq!(task("816|N/A|/b.sh"), None);
    }
}
