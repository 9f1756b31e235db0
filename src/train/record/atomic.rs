//! Files that are whole or not there.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::train::TrainError;

/// Writes a file beside its place, makes it durable, and moves it into place.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.partial"));
    let result = File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    if let Err(error) = result {
        // Nothing half-written stays; that the removal may fail too changes nothing.
        let _ = std::fs::remove_file(&beside);
        return Err(TrainError::writing(path, error));
    }
    sync_folder(path)
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
