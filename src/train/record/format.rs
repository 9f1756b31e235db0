//! The versions of what runs leave on disk.
//!
//! A file says its version under `format`, and one without is of version 1. Older versions are
//! read; newer ones are refused by their number, before anything else in them is looked at.

use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::train::TrainError;

/// The version of a file: `NOW` where it is written, and no later one where it has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FormatVersion<const NOW: u32>;

impl<const NOW: u32> Serialize for FormatVersion<NOW> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u32(NOW)
    }
}

impl<'a, const NOW: u32> Deserialize<'a> for FormatVersion<NOW> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        u32::deserialize(from).map(|_| Self)
    }
}

/// What a file of any version says of itself.
#[derive(Deserialize)]
pub struct Version {
    #[serde(default = "first")]
    format: u32,
}

fn first() -> u32 {
    1
}

/// Refuses a file of a later version than `known`. What says no version at all is left to whoever
/// reads the file.
pub fn check<E>(path: &Path, version: Result<Version, E>, known: u32) -> Result<(), TrainError> {
    match version {
        Ok(Version { format }) if format > known => {
            Err(TrainError::Newer { path: path.to_path_buf(), format, known })
        }
        Ok(_) | Err(_) => Ok(()),
    }
}
