//! Studies as tasks of schedulers: what is submitted, and how runs end that are killed on the way.
//!
//! Slurm is Debian's (`slurmctld`, `slurmd`, `munged`), HyperQueue its own program or, where that is not,
//! its server and worker from PyPI's package. Each is started for the test, on this machine alone, and
//! stopped. Without them a test says that it is skipped; with `RNETC_REQUIRE_SCHEDULERS=1` it fails.

mod dry;
mod hyperqueue;
mod local;
mod slurm;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::folder::{Folder, Outcome, outcome};

/// Four runs of a net that trains in milliseconds, long enough to be killed on the way.
const STUDY: &str = "title: tiny\ndata: cifar10\nrecipe: often.yaml\nsteps: MANY\nseeds: [0, 1]\nrows:\n\
    - { label: four, spec: ../tiny.rnet, paper: '6.61' }\n\
    - { label: six, spec: ../tiny.rnet, set: { width: 6 } }\n";

/// Steps of a run: enough that it is still under way when the test comes to disturb it.
const STEPS: &str = if cfg!(debug_assertions) { "400" } else { "2000" };

/// The study.
fn study() -> String {
    STUDY.replace("MANY", STEPS)
}

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(240);

/// A folder with the study, in `s/tiny.yaml`.
fn folder() -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.at("s")).unwrap();
    let recipe = rnetc::train::recipe::HE2016
        .replace("checkpoint: { epochs: 1, keep: 5 }", "checkpoint: { steps: 10, keep: 2 }")
        .replace("batch: 128", "batch: 16");
    std::fs::write(folder.at("s/often.yaml"), &recipe).unwrap();
    std::fs::write(folder.at("s/tiny.yaml"), study()).unwrap();
    // A study that cannot work.
    std::fs::write(folder.at("s/wide.yaml"), recipe.replace("pad: 4", "pad: 40")).unwrap();
    let wrong = study().replace("often.yaml", "wide.yaml").replace("[0, 1]", "[0]");
    std::fs::write(folder.at("s/wrong.yaml"), wrong).unwrap();
    folder
}

/// Waits until something is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until a run has saved something.
fn wait_for_checkpoint(folder: &Folder, run: &str) {
    wait_until(run, || folder.at(run).join("manifest.json").exists());
}

/// Ends the process that trains in a folder, without warning.
fn kill_run(folder: &Folder, run: &str) {
    let holder = std::fs::read_to_string(folder.at(run).join("lock")).unwrap();
    let pid = holder.split_whitespace().next().unwrap();
    let killed = Command::new("kill").args(["-s", "KILL", pid]).status();
    assert!(killed.unwrap().success(), "{run} is not trained by {pid}");
}

/// What a run says while it trains.
fn log(folder: &Folder, run: &str) -> String {
    std::fs::read_to_string(folder.at(run).join("log.txt")).unwrap_or_default()
}

/// The weights that each run ends with.
fn weights(folder: &Folder, out: &str) -> Vec<Vec<u8>> {
    let runs = ["four-seed0", "four-seed1", "six-seed0", "six-seed1"];
    runs.map(|run| std::fs::read(folder.at(out).join(run).join("final.safetensors")).unwrap())
        .into()
}

/// Whether the program is in one of the folders of PATH, or of those where Debian has daemons.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Writes a program of the shell. Another process does: a file that this one has open for writing could not be
/// run while another test starts a process, which has it too.
fn write_program(file: &Path, script: &str) {
    let mut writer = Command::new("sh")
        .args(["-c", "cat >\"$0\" && chmod +x \"$0\""])
        .arg(file)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    writer.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
}

/// Says that a test is skipped for want of a scheduler, or fails where it must not be.
fn skip(what: &str) {
    let required = std::env::var("RNETC_REQUIRE_SCHEDULERS").as_deref() == Ok("1");
    assert!(!required, "RNETC_REQUIRE_SCHEDULERS=1, and {what}");
    eprintln!("SKIPPED: {what}");
}

/// A scheduler that runs.
trait Scheduler {
    /// What the program finds it by.
    fn environment(&self) -> Vec<(&'static str, String)>;

    /// Whether anything waits or runs.
    fn is_idle(&self) -> bool;

    /// Runs the program beside it.
    #[track_caller]
    fn expect(&self, folder: &Folder, code: i32, line: &str) -> Outcome {
        let outcome = outcome(&folder.command(line).envs(self.environment()).output().unwrap());
        assert_eq!(outcome.code, code, "{line}: {outcome:?}");
        outcome
    }

    /// Waits until everything that was submitted is through.
    fn wait(&self) {
        wait_until("the queue is empty", || {
            // To ask costs a program's start.
            std::thread::sleep(Duration::from_millis(250));
            self.is_idle()
        });
    }
}

/// What both schedulers do with a study in `t`, once its tasks have been disturbed, with the run `t/four-seed0`
/// killed: the others end, it waits to be submitted again, and the table is that of a study that nobody disturbed.
fn comes_to_its_table(scheduler: &impl Scheduler, folder: &Folder, submit: &str) {
    scheduler.wait();
    let table = scheduler.expect(folder, 0, "study s/tiny.yaml --out t --table");
    let rows: Vec<&str> = table.out.lines().filter(|line| line.contains(" of 2")).collect();
    assert!(rows[0].contains("1 of 2") && rows[1].contains("2 of 2"), "{table:?}");
    assert!(table.err.contains("four, seed 0: ") && table.err.contains("steps\n"), "{table:?}");
    assert!(!folder.at("t/four-seed0/final.safetensors").exists());

    let again = scheduler.expect(folder, 0, submit);
    assert!(again.err.contains("4 runs: 3 done, 0 in the queue, 1 to submit"), "{again:?}");
    scheduler.wait();
    let text = log(folder, "t/four-seed0");
    assert!(text.contains("four, seed 0: goes on") && text.contains(", from step "), "{text}");

    let last = scheduler.expect(folder, 0, submit);
    assert!(last.err.contains("4 runs: 4 done, 0 in the queue, 0 to submit"), "{last:?}");
    let whole = scheduler.expect(
        folder,
        0,
        "study s/tiny.yaml --data cifar --engine cpu --threads 1 --out whole --jobs 2",
    );
    let table = scheduler.expect(folder, 0, "study s/tiny.yaml --out t --table");
    assert_eq!(table.out, whole.out);
    assert!(weights(folder, "t") == weights(folder, "whole"), "weights differ");
}

/// A run that cannot work fails once, says why, and is submitted again when it is asked for again.
fn fails_once(scheduler: &impl Scheduler, folder: &Folder, submit: &str) {
    let submit = submit.replace("tiny.yaml", "wrong.yaml").replace("--out t", "--out w");
    scheduler.expect(folder, 0, &submit);
    scheduler.wait();
    let table = scheduler.expect(folder, 0, "study s/wrong.yaml --out w --table --format json");
    assert!(table.err.contains("four, seed 0: failed: "), "{table:?}");
    let table: serde_json::Value = serde_json::from_str(&table.out).unwrap();
    let failed = &table["rows"][0]["unfinished"][0];
    assert_eq!(failed["state"], "failed", "{table}");
    assert!(failed["error"].as_str().unwrap().contains("augmentation.pad is 40"), "{table}");
    assert_eq!(log(folder, "w/four-seed0").matches("four, seed 0: begins").count(), 1);
    let again = scheduler.expect(folder, 0, &format!("{submit} --dry-run"));
    assert!(again.err.contains("2 runs: 0 done, 0 in the queue, 2 to submit"), "{again:?}");
}
