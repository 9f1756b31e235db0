//! The data that a run, or weights, were recorded with.

use std::path::Path;

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

/// Where the official files of a set are, if `--data` says that.
pub fn official<'a>(set: &Set, data: Option<&'a Path>) -> Option<&'a Path> {
    match set {
        Set::Known(_) => data,
        Set::Folder(_) => None,
    }
}
