//! Files that are whole or not there.

use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::train::TrainError;

/// Writes a file beside its place, makes it durable, and moves it into place. A link stays one, and
/// what was there keeps its permissions.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let path = target.as_path();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.partial"));
    let result = permissions(path)
        .and_then(|kept| {
            let mut file = File::create(&beside)?;
            file.write_all(bytes)?;
            kept.map_or(Ok(()), |kept| file.set_permissions(kept))?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, path));
    if let Err(error) = result {
        // Nothing half-written stays; that the removal may fail too changes nothing.
        let _ = std::fs::remove_file(&beside);
        return Err(TrainError::writing(path, error));
    }
    sync_folder(path)
}

/// Those of what is there, if anything is; it must not be write-protected.
fn permissions(path: &Path) -> io::Result<Option<Permissions>> {
    match std::fs::metadata(path) {
        Ok(there) if there.permissions().readonly() => {
            Err(io::Error::new(ErrorKind::PermissionDenied, "it is write-protected"))
        }
        Ok(there) => Ok(Some(there.permissions())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a renaming durable, where the system can open folders.
#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<(), TrainError> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| TrainError::writing(path, error))
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> Result<(), TrainError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn links_and_permissions_stay_and_what_is_protected_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("a", &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        std::fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
        let error = write(&file, b"newer").unwrap_err().to_string();
        assert!(error.contains("write-protected"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
