//! With HyperQueue: a server and workers on this machine.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::{
    Scheduler, comes_to_its_table, fails_once, folder, kill_run, log, program, skip,
    wait_for_checkpoint, wait_until, write_program,
};

/// Its server and its workers.
struct HyperQueue {
    at: tempfile::TempDir,
    server: Child,
    workers: Vec<Child>,
    /// Its program, or a folder with one in its place.
    path: String,
}

impl HyperQueue {
    /// Starts it: its own program, or its package for Python; none where neither is.
    fn start() -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        let inherited = std::env::var("PATH").unwrap_or_default();
        if program("hq").is_some() {
            let mut server = Command::new("hq");
            server.args(["server", "start", "--host", "127.0.0.1", "--server-dir"]).arg(at.path());
            let server = Self::spawn(server);
            let mut hyperqueue = Self { at, server, workers: Vec::new(), path: inherited };
            wait_until("the server answers", || {
                hyperqueue.hq(&["server", "info"]).status.success()
            });
            hyperqueue.add_worker();
            return Some(hyperqueue);
        }
        let python = std::env::var("RNETC_HQ_PYTHON").unwrap_or("python3".to_owned());
        let asked = Command::new(&python).args(["-c", "import hyperqueue"]).output();
        if !asked.is_ok_and(|output| output.status.success()) {
            skip(
                "there is no hq, and no package hyperqueue of Python (RNETC_HQ_PYTHON names one that has it)",
            );
            return None;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/cluster/hq.py");
        write_program(&at.path().join("hq"), &format!("exec {python} {script} \"$@\""));
        let mut server = Command::new(&python);
        server.args([script, "serve"]).arg(at.path());
        let server = Self::spawn(server);
        let path = format!("{}:{inherited}", at.path().display());
        let serving = at.path().join("serving");
        let hyperqueue = Self { at, server, workers: Vec::new(), path };
        wait_until("the server serves", || serving.exists());
        Some(hyperqueue)
    }

    fn spawn(mut command: Command) -> Child {
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn hq(&self, arguments: &[&str]) -> std::process::Output {
        Command::new("hq").args(arguments).envs(self.environment()).output().unwrap()
    }

    /// Whether workers are processes of their own, which can be killed.
    fn has_workers(&self) -> bool {
        !self.workers.is_empty()
    }

    fn add_worker(&mut self) {
        let mut worker = Command::new("hq");
        worker.args(["worker", "start", "--cpus=4"]).envs(self.environment());
        self.workers.push(Self::spawn(worker));
    }
}

impl Scheduler for HyperQueue {
    fn environment(&self) -> Vec<(&'static str, String)> {
        let server = self.at.path().display().to_string();
        vec![("HQ_SERVER_DIR", server), ("PATH", self.path.clone())]
    }

    fn is_idle(&self) -> bool {
        let jobs = self.hq(&["job", "list", "--output-mode=json"]);
        String::from_utf8_lossy(&jobs.stdout).trim() == "[]"
    }
}

impl Drop for HyperQueue {
    fn drop(&mut self) {
        // The package's ends when nobody talks to it any more.
        drop(self.server.stdin.take());
        if self.has_workers() {
            self.hq(&["job", "cancel", "all"]);
            self.hq(&["server", "stop"]);
        }
        for child in self.workers.iter_mut().chain([&mut self.server]) {
            let begin = std::time::Instant::now();
            while matches!(child.try_wait(), Ok(None)) {
                if begin.elapsed().as_secs() > 10 {
                    let _ = child.kill();
                }
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }
}

#[test]
fn a_study_on_hyperqueue_ends_with_its_table_though_its_tasks_are_killed() {
    let Some(mut hyperqueue) = HyperQueue::start() else { return };
    let folder = folder();
    let submit = "study s/tiny.yaml --data cifar --out t --threads 1 --on hyperqueue";
    let said = hyperqueue.expect(&folder, 0, submit);
    assert_eq!(said.out.trim(), "hyperqueue job 1: 4 runs", "{said:?}");

    let twice = hyperqueue.expect(&folder, 0, submit);
    assert!(twice.err.contains("4 runs: 0 done, 4 in the queue (job 1), 0 to submit"), "{twice:?}");
    assert!(!folder.at("t/hyperqueue/002.sh").exists());

    wait_for_checkpoint(&folder, "t/four-seed0");
    kill_run(&folder, "t/four-seed0");
    if hyperqueue.has_workers() {
        let runs = ["four-seed1", "six-seed0", "six-seed1"].map(|run| format!("t/{run}"));
        runs.iter().for_each(|run| wait_for_checkpoint(&folder, run));
        hyperqueue.workers[0].kill().unwrap();
        hyperqueue.add_worker();
        runs.iter().for_each(|run| {
            wait_until(run, || log(&folder, run).contains(": goes on"));
        });
    }
    comes_to_its_table(&hyperqueue, &folder, submit);
    fails_once(&hyperqueue, &folder, submit);
}

/// What `hq` 0.26.2 says, recorded: the formats that `hq.py` answers in, and what goes wrong.
#[test]
fn what_hq_says_is_read_and_its_errors_are_shown() {
    let folder = folder();
    let place: PathBuf = folder.at("bin");
    std::fs::create_dir(&place).unwrap();
    let path = format!("{}:{}", place.display(), std::env::var("PATH").unwrap_or_default());
    let pretend = |script: &str| write_program(&place.join("hq"), script);
    let submit = "study s/tiny.yaml --data cifar --out t --on hq";
    let run = |code| {
        let output = folder.command(submit).env("PATH", &path).output().unwrap();
        let outcome = crate::folder::outcome(&output);
        assert_eq!(outcome.code, code, "{outcome:?}");
        outcome
    };
    std::fs::create_dir_all(folder.at("t/hyperqueue")).unwrap();
    std::fs::write(
        folder.at("t/hyperqueue/001.sh"),
        "#!/bin/bash\nruns=(\n  four-seed0\n  six-seed0\n  four-seed1\n  six-seed1\n)\n",
    )
    .unwrap();
    let recorded = include_str!("hq.json").replace("@AT", &folder.at("t").display().to_string());
    std::fs::write(folder.at("info.json"), recorded).unwrap();
    let at = folder.at("").display().to_string();
    pretend(&format!(
        "case \"$1 $2\" in\n'job list') printf '[{{\"id\": 1}}, {{\"id\": 2}}, {{\"id\": 3}}]' ;;\n\
         'job info') [ \"$3\" = 1,2,3 ] && cat {at}info.json ;;\n*) printf '{{\"id\": 12}}' ;;\nesac"
    ));
    // Of job 1, tasks 0 and 1 are through, 2 runs, and 3 waits; the others are no array and no script.
    let said = run(0);
    assert!(said.err.contains("4 runs: 0 done, 2 in the queue (job 1), 2 to submit"), "{said:?}");
    assert_eq!(said.out.trim(), "hyperqueue job 12: 2 runs");
    let script = std::fs::read_to_string(folder.at("t/hyperqueue/002.sh")).unwrap();
    assert!(script.contains("runs=(\n  four-seed0\n  six-seed0\n)"), "{script}");

    let error = include_str!("hq-error.json");
    std::fs::write(folder.at("error.json"), error).unwrap();
    pretend(&format!("cat {at}error.json; exit 1"));
    let said = run(4);
    let words =
        "hq says: Invalid server directory Caused by: Error: \"/tmp/none\" is not a directory\n";
    assert!(said.err.contains(words), "{said:?}");
    pretend("echo 'what is that'");
    assert!(run(4).err.contains("says what rnetc does not understand"));
}
