//! Which runs of a study are in a scheduler's queue: its scripts stand in the study's folder, and say which
//! run each task is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A task that waits or runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The scheduler's number of its job.
    pub job: String,
    /// Its place in the job.
    pub index: usize,
    /// What it runs.
    pub script: PathBuf,
}

/// The runs of a study whose scripts stand in this folder, by name, with the job that they are in.
pub fn runs(queued: &[Queued], scripts: &Path) -> BTreeMap<String, String> {
    // A folder has several names where there are links.
    let scripts = scripts.canonicalize();
    let mut texts = BTreeMap::new();
    let mut found = BTreeMap::new();
    for task in queued {
        let folder = task.script.parent().and_then(|folder| folder.canonicalize().ok());
        if folder.is_none() || folder.as_ref() != scripts.as_ref().ok() {
            continue;
        }
        let names = texts
            .entry(&task.script)
            .or_insert_with(|| names(&std::fs::read_to_string(&task.script).unwrap_or_default()));
        if let Some(name) = names.get(task.index) {
            found.insert(name.clone(), task.job.clone());
        }
    }
    found
}

/// The job that runs a script.
pub fn job(queued: &[Queued], script: &Path) -> Option<String> {
    let script = script.canonicalize().ok()?;
    let is_its = |task: &&Queued| task.script.canonicalize().is_ok_and(|other| other == script);
    queued.iter().find(is_its).map(|task| task.job.clone())
}

/// The runs that a script lists.
fn names(text: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| *line != "runs=(").skip(1);
    lines.take_while(|line| *line != ")").map(|line| line.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tasks_of_this_study_count_and_by_their_scripts() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("001.sh");
        std::fs::write(&script, "#!/bin/bash\nruns=(\n  a-seed0\n  b-seed0\n)\nrun=x\n").unwrap();
        let task = |job: &str, index, script: &Path| Queued {
            job: job.to_owned(),
            index,
            script: script.to_path_buf(),
        };
        let other = tempfile::tempdir().unwrap();
        std::fs::copy(&script, other.path().join("001.sh")).unwrap();
        let queued = [
            task("7", 1, &script),
            task("8", 2, &script),
            task("9", 0, &other.path().join("001.sh")),
            task("9", 0, Path::new("(null)")),
        ];
        let expected = BTreeMap::from([("b-seed0".to_owned(), "7".to_owned())]);
        assert_eq!(runs(&queued, folder.path()), expected);
        assert!(runs(&queued, &folder.path().join("none")).is_empty());
        assert_eq!(job(&queued, &script).as_deref(), Some("7"));
        assert_eq!(job(&queued, &folder.path().join("002.sh")), None);
    }
}
