//! What stands in a folder of pictures.

use std::path::{Path, PathBuf};

use crate::data::DataError;
use crate::text::{counted, series};

/// Most classes; labels are bytes.
pub const MOST_CLASSES: usize = 256;
/// Most names that are looked at in a folder.
const MOST_NAMES: usize = 1 << 22;
/// How deep folders may stand in each other.
const MOST_DEPTH: usize = 32;
/// Most names that are told.
const MOST_SHOWN: usize = 8;
/// What systems leave behind, in lower case.
const LITTER: [&str; 7] = [
    "thumbs.db",
    "desktop.ini",
    "__macosx",
    "@eadir",
    "$recycle.bin",
    "system volume information",
    "lost+found",
];
/// Endings of pictures, in lower case.
const ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "jpe", "jfif"];

/// A picture's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: PathBuf,
    pub label: u8,
}

/// A class and its pictures.
#[derive(Debug, Default)]
pub struct Class {
    pub name: String,
    pub folder: PathBuf,
    pub pictures: Vec<PathBuf>,
    /// Files that are not called as pictures are.
    pub strays: Vec<PathBuf>,
}

/// The classes in a folder, in the order of their names.
#[derive(Debug, Default)]
pub struct Classes {
    pub found: Vec<Class>,
    /// What should be known of what was left out, or taken from deeper folders.
    pub notes: Vec<String>,
}

/// Lists the folders of classes in a folder, and the pictures in them and in their own folders.
///
/// # Errors
/// A name cannot be a class's.
pub fn classes(folder: &Path) -> Result<Classes, DataError> {
    let mut classes = Classes::default();
    let (mut deeper, mut loose) = (Vec::new(), Vec::new());
    for (name, path) in names(folder)? {
        if !path.is_dir() {
            loose.extend(is_picture(&path).then_some(path));
            continue;
        }
        if name.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            return Err(DataError::ClassName { folder: path });
        }
        let mut within = Within::default();
        within.walk(&path, &mut Vec::new())?;
        deeper.append(&mut within.deeper);
        if !within.circles.is_empty() {
            let circles = shown(&within.circles);
            classes
                .notes
                .push(format!("not followed, since they lead back to where they stand: {circles}"));
        }
        let Within { pictures, strays, .. } = within;
        classes.found.push(Class { name, folder: path, pictures, strays });
    }
    let here = folder.display();
    // Of a class that has no pictures, they are told with that.
    let with_pictures = classes.found.iter().filter(|class| !class.pictures.is_empty());
    let strays: Vec<PathBuf> = with_pictures.flat_map(|class| class.strays.clone()).collect();
    if !strays.is_empty() {
        let are = if strays.len() == 1 { "is" } else { "are" };
        let (count, shown) = (counted(strays.len(), "file"), shown(&strays));
        classes.notes.push(format!(
            "{here}: {count} in folders of classes {are} no PNG or JPEG, and left out: {shown}"
        ));
    }
    if !loose.is_empty() {
        let (count, shown) = (counted(loose.len(), "picture"), shown(&loose));
        classes.notes.push(format!(
            "{here}: {count} beside the folders of classes, in none, and so not used: {shown}"
        ));
    }
    if !deeper.is_empty() {
        let shown = shown(&deeper);
        classes.notes.push(format!("{here}: pictures in these are of the class above: {shown}"));
    }
    Ok(classes)
}

/// What stands in the folder of a class.
#[derive(Default)]
struct Within {
    pictures: Vec<PathBuf>,
    strays: Vec<PathBuf>,
    /// Folders in it that hold pictures.
    deeper: Vec<PathBuf>,
    /// Links to folders that they stand in.
    circles: Vec<PathBuf>,
}

impl Within {
    /// `above` are the folders that this one stands in, as the system calls them.
    fn walk(&mut self, folder: &Path, above: &mut Vec<PathBuf>) -> Result<(), DataError> {
        let reading = |error| DataError::io("reading", folder, error);
        let whole = folder.canonicalize().map_err(reading)?;
        if above.contains(&whole) || above.len() > MOST_DEPTH {
            self.circles.push(folder.to_path_buf());
            return Ok(());
        }
        let before = self.pictures.len();
        let mut folders = Vec::new();
        for (_, path) in names(folder)? {
            match path.is_dir() {
                true => folders.push(path),
                false if is_picture(&path) => self.pictures.push(path),
                false => self.strays.push(path),
            }
        }
        if !above.is_empty() && self.pictures.len() > before {
            self.deeper.push(folder.to_path_buf());
        }
        above.push(whole);
        folders.iter().try_for_each(|path| self.walk(path, above))?;
        above.pop();
        Ok(())
    }
}

/// The files in a folder and its own folders that are called as pictures are, in order, and how
/// many others there are.
pub fn pictures(folder: &Path) -> Result<(Vec<PathBuf>, usize), DataError> {
    let mut within = Within::default();
    within.walk(folder, &mut Vec::new())?;
    within.pictures.sort();
    Ok((within.pictures, within.strays.len()))
}

/// A few of some paths, and how many more there are.
pub fn shown(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    few(&names)
}

/// A few of some names, and how many more there are.
pub fn few(names: &[String]) -> String {
    if names.len() <= MOST_SHOWN {
        return series(names, "and");
    }
    let more = format!("{} more", names.len() - MOST_SHOWN);
    series(&[&names[..MOST_SHOWN], &[more]].concat(), "and")
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
        && path.is_file()
}

/// Names in a folder with their paths, in order of their characters, without hidden ones and
/// litter.
pub fn names(folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let reading = |error| DataError::io("reading", folder, error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(reading)? {
        let path = entry.map_err(reading)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || LITTER.contains(&name.to_lowercase().as_str()) {
            continue;
        }
        found.push((name, path));
        if found.len() > MOST_NAMES {
            return Err(DataError::TooManyNames { folder: folder.to_path_buf(), most: MOST_NAMES });
        }
    }
    found.sort();
    Ok(found)
}
