//! A file with a JSON object a line, which grows at its end.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::atomic;
use crate::train::TrainError;

/// The open file.
pub struct JsonLines {
    path: PathBuf,
    file: File,
}

impl JsonLines {
    /// Replaces what the file holds, and goes on from there.
    pub fn begin(path: &Path, kept: &str) -> Result<Self, TrainError> {
        atomic::write(path, kept.as_bytes())?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(|error| TrainError::writing(path, error))?;
        Ok(Self { path: path.to_path_buf(), file })
    }

    /// Adds a line.
    pub fn add(&mut self, record: &impl Serialize) -> Result<(), TrainError> {
        let mut line = serde_json::to_string(record)
            .map_err(|error| TrainError::writing(&self.path, error))?;
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(|error| TrainError::writing(&self.path, error))
    }

    /// The same file, for another thread.
    pub fn again(&self) -> Result<Self, TrainError> {
        let (path, file) = (self.path.clone(), self.file.try_clone());
        let file = file.map_err(|error| TrainError::writing(&path, error))?;
        Ok(Self { path, file })
    }

    /// Makes what was added durable.
    pub fn sync(&self) -> Result<(), TrainError> {
        self.file.sync_data().map_err(|error| TrainError::writing(&self.path, error))
    }
}

/// What a file holds; nothing where there is none.
pub fn text(path: &Path) -> Result<String, TrainError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(TrainError::reading(path, error)),
    }
}
