//! With Slurm: one node, this machine.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use super::{
    Scheduler, comes_to_its_table, fails_once, folder, kill_run, log, program, skip,
    wait_for_checkpoint, wait_until,
};

/// Its daemons, and where they keep what they know.
struct Slurm {
    at: tempfile::TempDir,
    daemons: Vec<Child>,
}

impl Slurm {
    /// Starts it; none where it is not installed.
    fn start() -> Option<Self> {
        let found = ["munged", "slurmctld", "slurmd"].map(program);
        let [Some(munged), Some(controller), Some(node)] = found else {
            skip("Slurm is not installed (Debian: apt-get install slurm-wlm)");
            return None;
        };
        let mut slurm = Self { at: tempfile::tempdir().unwrap(), daemons: Vec::new() };
        slurm.configure();
        let path = |name: &str| slurm.at.path().join(name).display().to_string();
        let mut munge = Command::new(munged);
        munge.args(["--foreground", "--force"]);
        for (option, file) in
            [("key", "key"), ("socket", "socket"), ("pid", "pid"), ("seed", "seed"), ("log", "log")]
        {
            let name =
                if option == "socket" { option.to_owned() } else { format!("{option}-file") };
            munge.arg(format!("--{name}={}", path(&format!("munge/{file}"))));
        }
        let socket = slurm.at.path().join("munge/socket");
        slurm.spawn(munge);
        wait_until("munged listens", || socket.exists());
        let mut daemon = Command::new(controller);
        daemon.args(["-D", "-c"]);
        slurm.spawn(daemon);
        let mut daemon = Command::new(node);
        daemon.args(["-D", "-N", "localhost"]);
        slurm.spawn(daemon);
        wait_until("the node is idle", || {
            slurm.ask("sinfo", &["--noheader", "--format=%T"]).trim() == "idle"
        });
        Some(slurm)
    }

    fn configure(&self) {
        let at = self.at.path();
        std::fs::create_dir(at.join("munge")).unwrap();
        std::fs::set_permissions(at.join("munge"), PermissionsExt::from_mode(0o700)).unwrap();
        let key: Vec<u8> = (0..1024u32).map(|n| (n * 97 + std::process::id()) as u8).collect();
        std::fs::write(at.join("munge/key"), key).unwrap();
        std::fs::set_permissions(at.join("munge/key"), PermissionsExt::from_mode(0o400)).unwrap();
        // Both at once, so that they differ; a port that is free now is taken at once.
        let free = [0, 0].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let [controller, node] = free.map(|port| port.local_addr().unwrap().port());
        let host = outcome_of(Command::new("hostname").arg("-s"));
        let config = include_str!("slurm.conf")
            .replace("@AT", &at.display().to_string())
            .replace("@CONTROLLER", &controller.to_string())
            .replace("@NODE", &node.to_string())
            .replace("@HOST", host.trim());
        std::fs::write(at.join("slurm.conf"), config).unwrap();
    }

    fn spawn(&mut self, mut command: Command) {
        let log = std::fs::File::create(self.at.path().join(format!("{}.log", self.daemons.len())));
        let log = log.unwrap();
        command.envs(self.environment()).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.daemons.push(command.spawn().unwrap());
    }

    /// What one of its programs says.
    fn ask(&self, program: &str, arguments: &[&str]) -> String {
        outcome_of(Command::new(program).args(arguments).envs(self.environment()))
    }
}

fn outcome_of(command: &mut Command) -> String {
    String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
}

impl Scheduler for Slurm {
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("SLURM_CONF", self.at.path().join("slurm.conf").display().to_string())]
    }

    fn is_idle(&self) -> bool {
        self.ask("squeue", &["--noheader"]).trim().is_empty()
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        // What runs under a daemon outlives it.
        self.ask("scancel", &["--quiet", "--signal=KILL", "--full", "--me"]);
        self.ask("scancel", &["--quiet", "--me"]);
        let mut looks = 0..100;
        while looks.next().is_some() && !self.is_idle() {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        for daemon in self.daemons.iter_mut().rev() {
            let _ = Command::new("kill").arg(daemon.id().to_string()).status();
            let _ = daemon.wait();
        }
    }
}

#[test]
fn a_study_on_slurm_ends_with_its_table_though_its_tasks_are_killed() {
    let Some(slurm) = Slurm::start() else { return };
    let folder = folder();
    let submit = "study s/tiny.yaml --data cifar --out t --threads 1 --on slurm";
    let said = slurm.expect(&folder, 0, &format!("{submit} -- --time=10"));
    let job =
        said.out.trim().strip_prefix("slurm job ").and_then(|rest| rest.split_once(": 4 runs"));
    let job = job.unwrap_or_else(|| panic!("{said:?}")).0;

    let twice = slurm.expect(&folder, 0, submit);
    let words = format!("4 runs: 0 done, 4 in the queue (job {job}), 0 to submit");
    assert!(twice.err.contains(&words) && twice.out.is_empty(), "{twice:?}");
    assert!(!folder.at("t/slurm/002.sh").exists());

    wait_for_checkpoint(&folder, "t/four-seed0");
    kill_run(&folder, "t/four-seed0");
    // As where a node is taken away, or a job of more weight comes.
    wait_for_checkpoint(&folder, "t/six-seed0");
    slurm.ask("scontrol", &["requeue", &format!("{job}_1")]);
    // As where the time is nearly up.
    wait_for_checkpoint(&folder, "t/four-seed1");
    slurm.ask("scancel", &["--batch", "--signal=USR1", &format!("{job}_2")]);

    comes_to_its_table(&slurm, &folder, submit);
    for run in ["six-seed0", "four-seed1"] {
        let text = log(&folder, &format!("t/{run}"));
        assert!(text.contains(": goes on") && text.contains(", from step "), "{run}: {text}");
        assert!(text.contains("stopped after step"), "{run}: {text}");
    }
    fails_once(&slurm, &folder, submit);

    let refused = slurm.expect(
        &folder,
        4,
        "study s/tiny.yaml --data cifar --out u --on slurm -- --partition=none",
    );
    assert!(
        refused.err.contains("sbatch says: ") && refused.err.contains("partition"),
        "{refused:?}"
    );
    assert!(!folder.at("u/slurm/001.sh").exists());
}
