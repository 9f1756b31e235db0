//! Running a scheduler's own programs.

use std::process::{Command, Stdio};

use super::Scheduler;
use crate::cli::Failure;
use crate::cli::show::output;

/// Why a program did not do what it was told.
pub enum Trouble {
    /// It did not begin.
    NotBegun(String),
    /// It ended with an error.
    Ended {
        /// Its name, and what it says.
        told: String,
        /// Whether a signal ended it.
        killed: bool,
    },
}

impl Trouble {
    /// In words.
    pub fn told(&self) -> &str {
        match self {
            Trouble::NotBegun(told) | Trouble::Ended { told, .. } => told,
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Failure::Device(trouble.told().to_owned())
    }
}

/// Runs one of a scheduler's programs, and hands out what it prints.
pub fn run(scheduler: Scheduler, program: &str, arguments: &[String]) -> Result<String, Trouble> {
    output::detail(format_args!("runs: {program} {}", arguments.join(" ")));
    let ran = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let ran = ran.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Trouble::NotBegun(missing(scheduler, program)),
        _ => Trouble::NotBegun(format!("running {program}: {error}")),
    })?;
    let out = String::from_utf8_lossy(&ran.stdout).into_owned();
    let said = String::from_utf8_lossy(&ran.stderr);
    if ran.status.success() {
        // What it warns of is for whoever asked.
        said.lines().for_each(|line| output::fault(format_args!("{program}: {line}")));
        return Ok(out);
    }
    let said = [said.trim().to_owned(), complaint(&out)].into_iter().find(|text| !text.is_empty());
    let said = said.unwrap_or_else(|| format!("nothing, and ends with {}", ran.status));
    let killed = ran.status.code().is_none();
    Err(Trouble::Ended { told: format!("{program} says: {said}"), killed })
}

/// What a program complains of on its standard output: as text, or as HyperQueue's object of JSON, which
/// may tell of places in its source too.
fn complaint(out: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Complaint {
        error: String,
    }
    let Ok(Complaint { error }) = serde_json::from_str(out) else { return out.trim().to_owned() };
    let words = error.split("Stack backtrace").next().unwrap_or_default().split_whitespace();
    words.collect::<Vec<_>>().join(" ")
}

fn missing(scheduler: Scheduler, program: &str) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let (name, how) = match scheduler {
        Scheduler::Slurm => {
            ("Slurm", "run this on a login node of the cluster, or load the module that has it")
        }
        Scheduler::HyperQueue => (
            "HyperQueue",
            "put the program of its release (github.com/It4innovations/hyperqueue) into one of them",
        ),
    };
    format!("{program}, a program of {name}, is in none of the folders of PATH ({path}); {how}")
}
