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
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = std::fs::read_to_string(&path).unwrap_or_default();
                let by = holder.trim().parse().ok();
                return Err(TrainError::Held { folder: folder.to_path_buf(), by });
            }
            // A file system without locks: nothing can be known about others.
            Err(TryLockError::Error(_)) => {}
        }
        // Who holds it is a courtesy; not to know it is no failure.
        let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_until_it_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let error = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("({})", std::process::id())), "{error}");
        drop(first);
        Lock::take(folder.path()).unwrap();
        assert!(Lock::take(&folder.path().join("none")).is_err());
    }
}
