//! Which folders in a folder are its parts: what is trained on, what the best checkpoint is chosen on,
//! and what is tested on.

use std::path::{Path, PathBuf};

use super::list::{names, shown};
use crate::data::DataError;

/// Names of the training part, in lower case.
const TRAIN: [&str; 2] = ["train", "training"];
/// Names of the test part. Where there are several, the first is taken.
const TEST: [&str; 8] =
    ["test", "testing", "tests", "val", "valid", "validation", "eval", "evaluation"];

/// Names among them that are a validation part where one of the first three is there too.
const VALIDATION: [&str; 3] = ["val", "valid", "validation"];

/// The parts of a folder.
#[derive(Debug, Default)]
pub struct Parts {
    pub train: Option<PathBuf>,
    pub validation: Option<PathBuf>,
    pub test: Option<PathBuf>,
    /// What should be known of what was taken, and what not.
    pub notes: Vec<String>,
}

impl Parts {
    /// Finds them: folders that are called so, in letters of any case, and hold folders. A folder
    /// `train` of pictures is a class like any other.
    pub fn find(folder: &Path) -> Result<Self, DataError> {
        let (mut train, mut test, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (name, path) in names(folder)?.into_iter().filter(|(_, path)| path.is_dir()) {
            let rank =
                |known: &[&str]| known.iter().position(|known| *known == name.to_lowercase());
            match (rank(&TRAIN), rank(&TEST)) {
                (Some(rank), _) if holds_folders(&path)? => train.push((rank, path)),
                (_, Some(rank)) if holds_folders(&path)? => test.push((rank, path)),
                (Some(_), _) | (_, Some(_)) => others.push((true, path)),
                (None, None) => others.push((false, path)),
            }
        }
        let mut parts = Self::default();
        let is_flat = train.is_empty() && test.is_empty();
        parts.train = parts.best(train, "training");
        let is_named = |rank: usize| VALIDATION.contains(&TEST[rank]);
        let (mut validation, others_of_test): (Vec<_>, _) =
            test.iter().cloned().partition(|(rank, _)| is_named(*rank));
        let first = test.iter().map(|(rank, _)| *rank).min();
        if first.is_some_and(|first| !is_named(first)) {
            parts.validation = parts.best(std::mem::take(&mut validation), "validation");
            test = others_of_test;
        }
        parts.test = parts.best(test, "test");
        for (is_named, path) in others {
            let what = match (is_flat, is_named) {
                (true, false) => continue,
                (true, true) => "holds no folders of classes, and so is taken as a class",
                (false, true) => "holds no folders of classes, and is not used",
                (false, false) => "is neither the training nor the test part, and is not used",
            };
            parts.notes.push(format!("{} {what}", path.display()));
        }
        Ok(parts)
    }

    /// The one that is called by the first name; the others are told.
    fn best(&mut self, mut found: Vec<(usize, PathBuf)>, part: &str) -> Option<PathBuf> {
        found.sort();
        let mut found = found.into_iter().map(|(_, path)| path);
        let best = found.next()?;
        let others: Vec<PathBuf> = found.collect();
        if !others.is_empty() {
            let (best, others) = (best.display(), shown(&others));
            self.notes.push(format!("{best} is the {part} part; not used: {others}"));
        }
        Some(best)
    }
}

/// The folder in a folder that has parts of its own, if one does.
pub fn inner(folder: &Path) -> Option<PathBuf> {
    let inner = names(folder).ok()?.into_iter().map(|(_, path)| path).filter(|path| path.is_dir());
    inner.take(MOST_INNER).find(|path| {
        Parts::find(path).is_ok_and(|parts| parts.train.is_some() || parts.test.is_some())
    })
}

/// Folders that are looked into for parts.
const MOST_INNER: usize = 16;

fn holds_folders(folder: &Path) -> Result<bool, DataError> {
    Ok(names(folder)?.iter().any(|(_, path)| path.is_dir()))
}
