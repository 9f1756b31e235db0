//! Files that are kept for an adapter and driver between runs: pipelines, and what tuning found.
//!
//! A file holds the SHA-256 of what follows.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

/// Bytes of the hash.
const HASH: usize = 32;
/// Most bytes read. Drivers never take anything out of their cache: from here on it begins anew.
pub(in crate::engine::wgpu) const MOST: usize = 64 << 20;

/// How often a process looks whether it is its turn.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What was written whole.
pub(in crate::engine::wgpu) fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take((HASH + MOST) as u64).read_to_end(&mut bytes).ok()?;
    let (hash, data) = bytes.split_at_checked(HASH)?;
    (Sha256::digest(data).as_slice() == hash).then(|| data.to_vec())
}

/// Whole or not at all.
pub(in crate::engine::wgpu) fn write(path: &Path, data: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&Sha256::digest(data))?;
    file.write_all(data)?;
    file.persist(path)?;
    Ok(())
}

/// The turn of this process at what belongs to a file, until it is dropped. Without a folder there
/// are no turns, and one that another process does not end is not waited for longer than `patience`.
pub(in crate::engine::wgpu) fn turn(path: &Path, patience: Duration) -> Option<File> {
    std::fs::create_dir_all(path.parent()?).ok()?;
    let file = File::create(path.with_added_extension("lock")).ok()?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(TryLockError::WouldBlock) if start.elapsed() < patience => {
                std::thread::sleep(LOOK_AGAIN);
            }
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_does_not_end_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let short = Duration::from_millis(50);
        let other = turn(&path, short).unwrap();
        let start = Instant::now();
        assert!(turn(&path, short).is_none());
        assert!(start.elapsed() >= short);
        drop(other);
        assert!(turn(&path, Duration::ZERO).is_some());
    }

    #[test]
    fn what_is_damaged_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in/a");
        write(&path, b"pipelines").unwrap();
        assert_eq!(read(&path).as_deref(), Some(&b"pipelines"[..]));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[HASH + 2] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path), None);
        std::fs::write(&path, &bytes[..HASH - 1]).unwrap();
        assert_eq!(read(&path), None);
    }
}
