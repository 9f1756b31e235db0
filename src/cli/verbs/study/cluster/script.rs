//! The script that a scheduler runs for each task: which run it is, and the one command that trains it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::needs::Needs;
use crate::cli::Failure;
use crate::cli::verbs::study::quote::quoted;
use crate::engine::cpu::simd::ENVIRONMENT_VARIABLE;

/// What a script is made of.
pub struct Script<'a> {
    /// The study, as it was named.
    pub study: &'a Path,
    /// The name of the job.
    pub name: &'a str,
    /// Where it will stand.
    pub path: &'a Path,
    /// Folder of the runs, from the root.
    pub out: &'a Path,
    /// Names of the runs, by the task's index.
    pub runs: &'a [String],
    /// What each task asks for.
    pub needs: Needs,
    /// Most tasks at once.
    pub most: Option<usize>,
    /// Lines of shell that come first.
    pub before: &'a [String],
    /// The program and its arguments, but for threads, adapter and run.
    pub command: &'a [String],
}

impl Script<'_> {
    /// What the scheduler's own messages about task so and so go to.
    pub fn log(&self, task: &str) -> String {
        let stem = self.path.with_extension("");
        format!("{}-{task}.log", stem.display())
    }

    /// Its first lines, which say what it is.
    pub fn head(&self) -> String {
        format!(
            "#!/bin/bash\n# Runs of {:?}: each task trains one, in a folder of its own, and goes on where that\n\
             # is. Written by rnetc {}.\n",
            self.study,
            env!("CARGO_PKG_VERSION")
        )
    }

    /// From the names of the runs to that of this task, in the folder where the study was submitted;
    /// `index` is how the scheduler tells the task's.
    pub fn begin(&self, index: &str) -> Result<String, Failure> {
        let here = std::env::current_dir()
            .map_err(|error| Failure::io("finding", Path::new("."), error))?;
        let mut out = "\nruns=(\n".to_owned();
        for run in self.runs {
            // Letters, digits and dashes. Writing to a String cannot fail.
            let _ = writeln!(out, "  {run}");
        }
        let _ = writeln!(
            out,
            ")\nrun=${{runs[{index}]}}\nfolder={}/$run",
            quoted(&self.out.display().to_string())
        );
        let _ = writeln!(out, "cd {} || exit", quoted(&here.display().to_string()));
        // Schedulers may give a task another environment than that of who submitted it.
        for name in ["XDG_CACHE_HOME", ENVIRONMENT_VARIABLE] {
            if let Ok(value) = std::env::var(name) {
                let _ = writeln!(out, "export {name}={}", quoted(&value));
            }
        }
        for line in self.before {
            // A comment at its end is one.
            let _ = writeln!(out, "{{ {line}\n}} || exit");
        }
        out += "mkdir -p \"$folder\" || exit\n";
        Ok(out)
    }

    /// The one command, with so many threads; what it says goes to the folder of the run.
    pub fn command(&self, threads: &str) -> String {
        let words: Vec<String> = self.command.iter().map(|word| quoted(word)).collect();
        let adapter = if self.needs.gpu { " \"${adapter[@]}\"" } else { "" };
        format!(
            "{} --threads {threads}{adapter} --run \"$run\" >>\"$folder/log.txt\" 2>&1",
            words.join(" ")
        )
    }

    /// Which adapter a task has: the number of its GPU, where its scheduler says one.
    pub fn adapter(&self) -> &'static str {
        match self.needs.gpu {
            true => {
                "# Vulkan does not read these variables; rnetc numbers GPUs in the order that they count in.\n\
                 gpu=${CUDA_VISIBLE_DEVICES:-$ROCR_VISIBLE_DEVICES}\ngpu=${gpu%%,*}\nadapter=()\n\
                 case $gpu in [0-9]|[0-9][0-9]) adapter=(--adapter \"$gpu\") ;; esac\n"
            }
            false => "",
        }
    }
}

/// A path as a directive of a scheduler can name it: the ways in which they quote differ.
pub fn nameable(path: PathBuf) -> Result<PathBuf, Failure> {
    let text = path.to_string_lossy();
    let has = text.chars().find(|c| c.is_control() || c.is_whitespace() || "\"'\\%|#".contains(*c));
    match has {
        None => Ok(path),
        Some(c) => Err(Failure::Usage(format!(
            "{text}: schedulers read {c:?} in names of files in ways of their own; name another folder \
             with --out"
        ))),
    }
}
