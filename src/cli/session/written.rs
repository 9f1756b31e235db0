//! Files that verbs write where the user says: never over what they read, nor over files of another
//! kind.

use std::path::Path;

use crate::cli::Failure;

/// Refuses `out` if it is one of the files that are read, or is there and has another ending than
/// what is written has.
pub fn check(out: &Path, endings: &[&str], read: &[&Path]) -> Result<(), Failure> {
    let Ok(there) = out.canonicalize() else { return Ok(()) };
    if read.iter().any(|path| path.canonicalize().is_ok_and(|path| path == there)) {
        return Err(Failure::Usage(format!(
            "{} is what is read, and would be written over; choose another name",
            out.display()
        )));
    }
    let ending = out.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    if there.is_file() && ending.is_some_and(|ending| !endings.contains(&ending.as_str())) {
        return Err(Failure::Usage(format!(
            "{} is there already and is no .{} file; choose another name, or remove it first",
            out.display(),
            endings.join(" or .")
        )));
    }
    Ok(())
}
