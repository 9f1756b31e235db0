//! Folders of pictures: a user's own set.
//!
//! ```text
//! DIR/train/<class>/*.png|jpg|jpeg
//! DIR/test/<class>/…               or DIR/val/<class>/…, and the like (`parts`)
//! ```
//!
//! Where there are both, the best checkpoint is chosen on the pictures in `val`.
//! Without a test folder a tenth of each class is held out (`held_out`); without a train folder
//! beside it, the classes may stand in DIR itself. Classes are numbered in the order of their
//! names' characters, as torchvision's `ImageFolder` does. Hidden names, and those that systems
//! leave behind, are passed over; what is left out otherwise is told. What is wrong with a folder
//! is told together ([`Folder::list`]).

mod copies;
mod decode;
mod held_out;
mod list;
mod parts;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::sizing::{Purpose, Sizing};
use super::{DataError, Dataset, Pictures, progress::Progress};
use list::{Class, Entry, MOST_CLASSES, few};
pub use list::{pictures, shown};
use parts::Parts;

/// Which splits are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splits {
    /// All that there are.
    Both,
    /// Only the test pictures; the others are left empty where they cost something to read.
    Test,
    /// The same of the validation pictures, where the set has such a part of its own.
    Validation,
}

/// A folder whose pictures have been listed, and not yet read.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    classes: Vec<String>,
    train: Vec<Entry>,
    validation: Option<Vec<Entry>>,
    test: Vec<Entry>,
    /// Whether the test pictures are to be held out of the others.
    held_out: bool,
    /// What should be known of how it was taken.
    notes: Vec<String>,
}

impl Folder {
    /// Lists a folder. Its classes are those of its training folder; or, where a net has been
    /// trained already, the net's, and then others are errors.
    pub fn list(path: &Path, trained: Option<&[String]>) -> Result<Self, DataError> {
        if !path.is_dir() {
            let (folder, is_file) = (path.to_path_buf(), path.is_file());
            return Err(DataError::NoFolder { folder, is_file, of_pictures: true });
        }
        let Parts { train, validation, test, notes } = Parts::find(path)?;
        let mut folder = Self {
            path: path.into(),
            classes: vec![],
            train: vec![],
            validation: None,
            test: vec![],
            held_out: false,
            notes,
        };
        let mut wrong = Vec::new();
        match (train, test) {
            (train, Some(test)) => {
                folder.split(train.as_deref(), &test, trained, &mut wrong)?;
                folder.validated(validation, &mut wrong)?;
            }
            (Some(train), None) => folder.whole(&train, trained, &mut wrong)?,
            (None, None) => folder.whole(path, trained, &mut wrong)?,
        }
        match wrong.is_empty() {
            true => Ok(folder),
            false => {
                let validation = folder.validation.iter().flatten();
                Err(together(wrong, folder.train.iter().chain(validation).chain(&folder.test)))
            }
        }
    }

    /// With a test part, and maybe a training part. What is `wrong` and leaves something to look at
    /// is added to the others.
    fn split(
        &mut self,
        train: Option<&Path>,
        test: &Path,
        trained: Option<&[String]>,
        wrong: &mut Vec<DataError>,
    ) -> Result<(), DataError> {
        let in_train = train.map(|train| self.listed(train)).transpose()?;
        let in_test = self.listed(test)?;
        let first = (train.unwrap_or(test), in_train.as_ref().unwrap_or(&in_test));
        self.classes = named(first.0, first.1, trained, wrong)?;
        if let Some(in_train) = &in_train {
            self.train = labelled(in_train, &self.classes, wrong);
        }
        self.test = labelled(&in_test, &self.classes, wrong);
        if !self.test.is_empty() {
            self.tell_missing(test, &in_test, "are not tested");
        }
        Ok(())
    }

    /// Tells the classes of which a part has no pictures.
    fn tell_missing(&mut self, part: &Path, found: &[Class], what: &str) {
        let has =
            |class: &&String| found.iter().any(|c| c.name == **class && !c.pictures.is_empty());
        let without: Vec<String> =
            self.classes.iter().filter(|class| !has(class)).cloned().collect();
        if !without.is_empty() {
            let (part, without) = (part.display(), few(&without));
            self.notes.push(format!("{part} has no pictures of {without}: they {what}"));
        }
    }

    /// With a validation part, if there is one.
    fn validated(
        &mut self,
        part: Option<PathBuf>,
        wrong: &mut Vec<DataError>,
    ) -> Result<(), DataError> {
        let Some(part) = part else { return Ok(()) };
        let found = self.listed(&part)?;
        let entries = labelled(&found, &self.classes, wrong);
        if entries.is_empty() {
            self.notes.push(format!("{} holds no pictures, and is not used", part.display()));
            return Ok(());
        }
        self.tell_missing(&part, &found, "count in no choice");
        self.validation = Some(entries);
        Ok(())
    }

    /// Without a test part.
    fn whole(
        &mut self,
        all: &Path,
        trained: Option<&[String]>,
        wrong: &mut Vec<DataError>,
    ) -> Result<(), DataError> {
        let found = self.listed(all)?;
        self.classes = named(all, &found, trained, wrong)?;
        self.train = labelled(&found, &self.classes, wrong);
        self.held_out = true;
        Ok(())
    }

    /// The same with all pictures to be tested on where there is no test part: of another folder
    /// than the one that was trained on, none need be held out.
    pub fn tested_whole(mut self) -> Self {
        if std::mem::take(&mut self.held_out) {
            self.test = std::mem::take(&mut self.train);
            let (path, count) = (self.path.display(), self.test.len());
            self.notes.push(format!("{path}: no test folder; all {count} pictures are tested"));
        }
        self
    }

    fn listed(&mut self, folder: &Path) -> Result<Vec<Class>, DataError> {
        let mut listed = list::classes(folder)?;
        self.notes.append(&mut listed.notes);
        Ok(listed.found)
    }

    /// Whether it has a validation part of its own.
    pub fn has_validation(&self) -> bool {
        self.validation.is_some()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the classes, by label.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Bytes that its pictures take once they are read.
    pub fn bytes(&self, sizing: Sizing) -> u64 {
        let of = |count: usize, purpose: Purpose| (count * purpose.extent(sizing).bytes()) as u64;
        let validation = self.validation.as_ref().map_or(0, Vec::len);
        of(self.train.len(), Purpose::Training) + of(validation + self.test.len(), Purpose::Test)
    }

    /// Reads the pictures, each in a size.
    pub fn load(
        &self,
        sizing: Sizing,
        splits: Splits,
        progress: &dyn Progress,
    ) -> Result<Dataset, DataError> {
        self.notes.iter().for_each(|note| progress.note(note));
        let (train, test) = match self.held_out {
            true => held_out::split(self.train.clone(), &self.classes)
                .map_err(|wrong| together(wrong, self.train.iter()))?,
            false => (self.train.clone(), self.test.clone()),
        };
        let needs_train = splits == Splits::Both && train.is_empty();
        if needs_train || (splits != Splits::Validation && test.is_empty()) {
            let split = if test.is_empty() { "test" } else { "training" };
            return Err(DataError::NoPictures { folder: self.path.clone(), split });
        }
        if self.held_out && splits != Splits::Validation {
            progress.note(&format!(
                "{}: no test folder; a tenth of each class is held out for testing ({} of {} \
                 pictures)",
                self.path.display(),
                test.len(),
                self.train.len()
            ));
        }
        let [train, test] = match splits {
            Splits::Both => [train, test],
            Splits::Test => [Vec::new(), test],
            Splits::Validation => [Vec::new(), Vec::new()],
        };
        let validation = self.validation.as_ref().filter(|_| splits != Splits::Test);
        let kept: [&[Entry]; 3] = [&train, validation.map_or(&[], Vec::as_slice), &test];
        let mut decoded = Vec::new();
        for (entries, purpose) in
            kept.into_iter().zip([Purpose::Training, Purpose::Test, Purpose::Test])
        {
            decoded.push(decode::all(entries, (sizing, purpose), progress)?);
        }
        let parts = decode::whole(decoded, progress)?;
        for (entries, part, name) in
            [(kept[1], &parts[1], "validation"), (kept[2], &parts[2], "test")]
        {
            copies::tell(name, entries, [&parts[0], part], progress);
        }
        let mut parts = parts.into_iter().map(|part| -> Arc<dyn Pictures> { Arc::new(part) });
        let mut next = || parts.next().ok_or(DataError::Ended);
        let (in_train, in_validation, in_test) = (next()?, next()?, next()?);
        Ok(Dataset {
            name: self.path.display().to_string(),
            classes: self.classes.clone(),
            resize: sizing.resize,
            train: in_train,
            validation: validation.map(|_| in_validation),
            test: in_test,
        })
    }
}

/// All that is wrong with a folder; whoever mends that wants to mend its files too.
fn together<'a>(mut wrong: Vec<DataError>, pictures: impl Iterator<Item = &'a Entry>) -> DataError {
    wrong.extend(decode::damaged(pictures));
    if wrong.len() == 1 { wrong.remove(0) } else { DataError::Several(wrong) }
}

/// The classes: the net's, or those that a folder has.
fn named(
    folder: &Path,
    found: &[Class],
    trained: Option<&[String]>,
    wrong: &mut Vec<DataError>,
) -> Result<Vec<String>, DataError> {
    if let Some(trained) = trained {
        return Ok(trained.to_vec());
    }
    if !(2..=MOST_CLASSES).contains(&found.len()) {
        return Err(DataError::Classes {
            folder: folder.to_path_buf(),
            found: found.iter().map(|class| class.name.clone()).collect(),
            most: MOST_CLASSES,
            inner: parts::inner(folder),
        });
    }
    let empty: Vec<&Class> = found.iter().filter(|class| class.pictures.is_empty()).collect();
    if !empty.is_empty() {
        let folders: Vec<PathBuf> = empty.iter().map(|class| class.folder.clone()).collect();
        let others: Vec<PathBuf> = empty.iter().flat_map(|class| class.strays.clone()).collect();
        let others = if others.is_empty() { String::new() } else { shown(&others) };
        let (shown, count) = (shown(&folders), empty.len());
        wrong.push(DataError::EmptyClasses { shown, count, others });
    }
    Ok(found.iter().map(|class| class.name.clone()).collect())
}

/// All pictures with the numbers of their classes; `wrong` are those of others.
fn labelled(found: &[Class], classes: &[String], wrong: &mut Vec<DataError>) -> Vec<Entry> {
    let (mut entries, mut unknown) = (Vec::new(), Vec::new());
    for class in found {
        let label = classes.iter().position(|known| *known == class.name);
        match label.and_then(|label| u8::try_from(label).ok()) {
            Some(label) => {
                let path = |path: &PathBuf| Entry { path: path.clone(), label };
                entries.extend(class.pictures.iter().map(path));
            }
            None => unknown.push(class),
        }
    }
    if let Some(first) = unknown.first() {
        wrong.push(DataError::UnknownClasses {
            folder: first.folder.clone(),
            unknown: unknown.iter().map(|class| class.name.clone()).collect(),
            classes: classes.to_vec(),
        });
    }
    entries
}

#[cfg(test)]
mod tests;
