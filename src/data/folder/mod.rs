//! Folders of pictures: a user's own set.
//!
//! ```text
//! DIR/train/<class>/*.png|jpg|jpeg
//! DIR/test/<class>/…               or DIR/val/<class>/…
//! ```
//!
//! Without a test folder a tenth of each class is held out (`held_out`); without a train folder
//! beside it, the classes may stand in DIR itself. Classes are numbered in the order of their
//! names. Names that begin with a dot, and those that Windows leaves behind, are passed over;
//! anything else that is no picture is an error, so that nothing is left out unnoticed.

mod decode;
mod held_out;
mod list;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{DataError, Dataset, Extent, progress::Progress};
use list::Entry;

/// Which splits are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splits {
    /// Both.
    Both,
    /// Only the test pictures; the other split is left empty where it costs something to read.
    Test,
}

/// A folder whose pictures have been listed, and not yet read.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    classes: Vec<String>,
    train: Vec<Entry>,
    test: Vec<Entry>,
    /// Whether the test pictures are held out from the training folder.
    held_out: bool,
}

impl Folder {
    /// Lists a folder. Its classes are those of its training folder; or, where a net has been
    /// trained already, the net's, and then others are errors.
    pub fn list(path: &Path, trained: Option<&[String]>) -> Result<Self, DataError> {
        if !path.is_dir() {
            return Err(DataError::NoFolder { folder: path.to_path_buf(), of_pictures: true });
        }
        let train = path.join("train");
        let test = ["test", "val"].map(|name| path.join(name)).into_iter().find(|p| p.is_dir());
        match (train.is_dir(), test) {
            (true, Some(test)) => Self::split(path, Some(&train), &test, trained),
            (false, Some(test)) => Self::split(path, None, &test, trained),
            (true, None) => Self::whole(path, &train, trained),
            (false, None) => Self::whole(path, path, trained),
        }
    }

    fn split(
        path: &Path,
        train: Option<&Path>,
        test: &Path,
        trained: Option<&[String]>,
    ) -> Result<Self, DataError> {
        let classes = match trained {
            Some(classes) => classes.to_vec(),
            None => list::classes(train.unwrap_or(test))?,
        };
        let train = train.map_or(Ok(Vec::new()), |train| list::pictures(train, &classes))?;
        let test = list::pictures(test, &classes)?;
        Ok(Self { path: path.into(), classes, train, test, held_out: false })
    }

    fn whole(path: &Path, all: &Path, trained: Option<&[String]>) -> Result<Self, DataError> {
        let classes = trained.map_or_else(|| list::classes(all), |classes| Ok(classes.to_vec()))?;
        let (train, test) = held_out::split(list::pictures(all, &classes)?, &classes)?;
        Ok(Self { path: path.into(), classes, train, test, held_out: true })
    }

    /// Names of the classes, by label.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Reads the pictures, each scaled to `extent`.
    pub fn load(
        &self,
        extent: Extent,
        splits: Splits,
        progress: &dyn Progress,
    ) -> Result<Dataset, DataError> {
        let none = Vec::new();
        let train = match splits {
            Splits::Both => &self.train,
            Splits::Test => &none,
        };
        if self.test.is_empty() || (splits == Splits::Both && self.train.is_empty()) {
            let split = if self.test.is_empty() { "test" } else { "training" };
            return Err(DataError::NoPictures { folder: self.path.clone(), split });
        }
        if self.held_out {
            progress.note(&format!(
                "{}: no test folder; a tenth of each class is held out for testing ({} of {} \
                 pictures)",
                self.path.display(),
                self.test.len(),
                self.train.len() + self.test.len()
            ));
        }
        let read = |entries| decode::all(entries, extent, progress);
        let (train, test) = (read(train)?, read(&self.test)?);
        Ok(Dataset {
            name: self.path.display().to_string(),
            classes: self.classes.clone(),
            train: Arc::new(train),
            test: Arc::new(test),
        })
    }
}

#[cfg(test)]
mod tests;
