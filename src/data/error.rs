//! What can be wrong with data.

use std::path::{Path, PathBuf};

/// Why a data set could not be had.
#[derive(Debug)]
pub enum DataError {
    /// The system refused to read or write.
    Io {
        /// What was being done, `reading`, `writing`.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Files that should be there are not; with what to do.
    Missing(String),
    /// A file is not what it should be: its length, its checksum; with what to do.
    Integrity(String),
    /// The content makes no sense, or does not fit what it is used for.
    Content(String),
    /// The user stopped it.
    Interrupted,
}

impl DataError {
    /// An I/O error at `path`.
    pub fn io(doing: &'static str, path: &Path, error: std::io::Error) -> Self {
        DataError::Io { doing, path: path.to_path_buf(), error }
    }
}

impl std::fmt::Display for DataError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DataError::Io { doing, path, error } => {
                write!(f, "{doing} {}: {error}", path.display())
            }
            DataError::Missing(text) | DataError::Integrity(text) | DataError::Content(text) => {
                f.write_str(text)
            }
            DataError::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for DataError {}
