//! One process a folder of a run or a study.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::Path;

use crate::train::TrainError;

/// Name of the file that is locked.
const FILE: &str = "lock";

/// Holds a folder; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    /// Why it keeps nobody out.
    lacking: Option<String>,
}

impl Lock {
    /// Takes a folder, unless another process has it.
    pub fn take(folder: &Path) -> Result<Self, TrainError> {
        let path = folder.join(FILE);
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| TrainError::writing(&path, error))?;
        let lacking = lacking(file.try_lock()).ok_or_else(|| {
            let holder = std::fs::read_to_string(&path).unwrap_or_default();
            TrainError::Held { folder: folder.to_path_buf(), by: told(&holder) }
        })?;
        // Who holds it is a courtesy; not to know it is no failure.
        let holder = format!("{} {}", std::process::id(), machine());
        let _ = file.set_len(0).and_then(|()| write!(file, "{}", holder.trim_end()));
        Ok(Self { _file: file, lacking })
    }

    /// Why it keeps nobody out, in the system's words: a file system may have no locks.
    pub fn lacking(&self) -> Option<&str> {
        self.lacking.as_deref()
    }
}

/// Why a lock keeps nobody out, if so, by what the system answered; none where another process has it.
fn lacking(answer: Result<(), TryLockError>) -> Option<Option<String>> {
    match answer {
        Ok(()) => Some(None),
        Err(TryLockError::WouldBlock) => None,
        // A file system without locks: nothing can be known about others.
        Err(TryLockError::Error(error)) => Some(Some(error.to_string())),
    }
}

/// This machine's name, as far as the system tells.
fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.split_whitespace().next().unwrap_or_default().to_owned()
}

/// `1234`, or `1234 on node7` of another machine that sees the folder.
fn told(holder: &str) -> Option<String> {
    let mut words = holder.split_whitespace();
    let number: u32 = words.next()?.parse().ok()?;
    Some(match words.next() {
        Some(other) if other != machine() => format!("{number} on {other}"),
        Some(_) | None => number.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_until_it_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        assert_eq!(first.lacking(), None);
        let error = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("({})", std::process::id())), "{error}");
        let held = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(told(&held), Some(std::process::id().to_string()));
        // A file system without locks.
        let none = std::io::Error::from(std::io::ErrorKind::Unsupported);
        let words = lacking(Err(TryLockError::Error(none))).unwrap().unwrap();
        assert!(words.contains("unsupported"), "{words}");
        assert_eq!(lacking(Err(TryLockError::WouldBlock)), None);
        // As another machine would leave it, an older version, and nobody.
        assert_eq!(told("12 nowhere-else").as_deref(), Some("12 on nowhere-else"));
        assert_eq!((told("12").as_deref(), told("")), (Some("12"), None));
        drop(first);
        Lock::take(folder.path()).unwrap();
        assert!(Lock::take(&folder.path().join("none")).is_err());
    }
}
