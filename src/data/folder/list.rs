//! What stands in a folder of pictures.

use std::path::{Path, PathBuf};

use crate::data::DataError;

/// Most classes; labels are bytes.
const MOST_CLASSES: usize = 256;
/// Most names that are looked at.
const MOST_NAMES: usize = 1 << 22;
/// What systems leave behind.
const LITTER: [&str; 2] = ["Thumbs.db", "desktop.ini"];
/// Endings of pictures.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// A picture's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: PathBuf,
    pub label: u8,
}

/// The class folders in a folder, in order of their names.
pub fn classes(folder: &Path) -> Result<Vec<String>, DataError> {
    let mut found = Vec::new();
    for (name, path) in names(folder)? {
        match path.is_dir() {
            true => found.push(name),
            false => return Err(stray(&path, "is no folder of a class")),
        }
    }
    if !(2..=MOST_CLASSES).contains(&found.len()) {
        let (folder, found) = (folder.to_path_buf(), found.len());
        return Err(DataError::Classes { folder, found, most: MOST_CLASSES });
    }
    for folder in found.iter().map(|class| folder.join(class)) {
        if names(&folder)?.is_empty() {
            return Err(DataError::EmptyClass { folder });
        }
    }
    Ok(found)
}

/// The pictures of every class in a folder, class by class in order of their names.
pub fn pictures(folder: &Path, classes: &[String]) -> Result<Vec<Entry>, DataError> {
    let mut entries = Vec::new();
    for (class, path) in names(folder)? {
        if !path.is_dir() {
            return Err(stray(&path, "is no folder of a class"));
        }
        let label = classes.iter().position(|known| *known == class);
        let Some(label) = label.and_then(|label| u8::try_from(label).ok()) else {
            let classes = classes.to_vec();
            return Err(DataError::UnknownClass { folder: path, class, classes });
        };
        for (_, path) in names(&path)? {
            if !is_picture(&path) {
                return Err(stray(&path, "is no PNG or JPEG file"));
            }
            entries.push(Entry { path, label });
        }
    }
    Ok(entries)
}

fn stray(path: &Path, what: &'static str) -> DataError {
    DataError::Stray { path: path.to_path_buf(), what }
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
        && path.is_file()
}

/// Names in a folder with their paths, in order, without litter.
fn names(folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let reading = |error| DataError::io("reading", folder, error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(reading)? {
        let path = entry.map_err(reading)?.path();
        let name = path.file_name().unwrap_or_default();
        let Some(name) = name.to_str().filter(|name| !name.chars().any(char::is_control)) else {
            return Err(stray(&path, "has a name that is no text"));
        };
        if name.starts_with('.') || LITTER.contains(&name) {
            continue;
        }
        found.push((name.to_string(), path));
        if found.len() > MOST_NAMES {
            return Err(stray(folder, "holds more than four million names"));
        }
    }
    found.sort();
    Ok(found)
}
