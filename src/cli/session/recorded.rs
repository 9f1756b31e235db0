//! The data that a run, or weights, were recorded with.

use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::data::Set;

/// The set of that name; pictures of the user's own may stand in another folder now.
pub fn set(name: &str, moved: Option<&Path>) -> Result<Set, Failure> {
    match (Set::recorded(name), moved) {
        (Set::Folder(_), Some(folder)) => Ok(Set::folder(folder)),
        (Set::Folder(folder), None) if !folder.is_dir() => Err(Failure::File(format!(
            "{}: the pictures are no longer there; say where they are now by --data DIR",
            folder.display()
        ))),
        (set, _) => Ok(set),
    }
}

/// Where the official files of a set are: as `--data` says, or else where they were when this was
/// recorded, if they are still there.
pub fn official(set: &Set, data: Option<&Path>, recorded: Option<&str>) -> Option<PathBuf> {
    match set {
        Set::Known(_) => {
            let recorded = recorded.map(PathBuf::from).filter(|folder| folder.is_dir());
            data.map(Path::to_path_buf).or(recorded)
        }
        Set::Folder(_) => None,
    }
}

/// A folder of official files, as it is recorded: the same for every working folder.
pub fn files(folder: Option<&PathBuf>) -> Option<String> {
    let folder = folder?;
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
    Some(whole.to_string_lossy().into_owned())
}
