//! Finding a data set: a folder the user names, the cache, or the official site.

use std::path::{Path, PathBuf};

use super::cifar::{CIFAR10, CIFAR100, Layout};
use super::dataset::{Dataset, Name};
use super::error::DataError;
use super::fetch::Archive;
use super::folder::{Folder, Splits};
use super::progress::Progress;
use super::set::Set;
use super::shapes::Shapes;
use super::sizing::Sizing;

/// The seed of the pictures the program draws; the same in every run, so that errors compare.
pub const SHAPES_SEED: u32 = 0;

/// Names of a set's classes, by label.
pub fn class_names(name: Name) -> Vec<String> {
    let names = match name {
        Name::Cifar10 => CIFAR10_CLASSES,
        Name::Cifar100 => CIFAR100_CLASSES,
        Name::Shapes10 => super::shapes::CLASSES,
    };
    names.split_whitespace().map(str::to_string).collect()
}

/// The layout of a set that comes in files.
pub fn layout(name: Name) -> Option<&'static Layout> {
    match name {
        Name::Cifar10 => Some(&CIFAR10),
        Name::Cifar100 => Some(&CIFAR100),
        Name::Shapes10 => None,
    }
}

/// The folder that fetched sets are kept in.
pub fn cache() -> Result<PathBuf, DataError> {
    use etcetera::BaseStrategy;
    let strategy = etcetera::choose_base_strategy();
    let strategy = strategy.map_err(|error| DataError::NoCache(error.to_string()))?;
    Ok(strategy.cache_dir().join("rnetc"))
}

/// Where a set's files are, if they are anywhere.
pub fn find(layout: &Layout, folder: Option<&Path>) -> Result<Option<PathBuf>, DataError> {
    match folder {
        Some(folder) => given(layout, folder).map(Some),
        None => {
            let folder = cache()?.join(layout.folder);
            Ok(layout.files().all(|file| folder.join(file).is_file()).then_some(folder))
        }
    }
}

/// The user's folder, or the archive's folder inside it.
fn given(layout: &Layout, folder: &Path) -> Result<PathBuf, DataError> {
    if !folder.is_dir() {
        let (folder, is_file) = (folder.to_path_buf(), folder.is_file());
        return Err(DataError::NoFolder { folder, is_file, of_pictures: false });
    }
    let inner = folder.join(layout.folder);
    let has_any = |at: &Path| layout.files().any(|file| at.join(file).exists());
    if has_any(&inner) && !has_any(folder) { Ok(inner) } else { Ok(folder.to_path_buf()) }
}

/// A set whose classes are known, and which has not been read yet.
pub enum Found {
    /// A known set, in the folder that the user names, or else in the cache.
    Known(Name, Option<PathBuf>),
    /// Pictures of the user's own.
    Folder(Folder),
}

impl Found {
    /// Looks for a set. `official` holds the official files of one that comes in files; `trained` are the classes of a net that has been trained
    /// already, which number those of folders.
    pub fn find(
        set: &Set,
        official: Option<&Path>,
        trained: Option<&[String]>,
    ) -> Result<Self, DataError> {
        match set {
            Set::Known(name) => Ok(Found::Known(*name, official.map(Path::to_path_buf))),
            Set::Folder(path) => Folder::list(path, trained).map(Found::Folder),
        }
    }

    /// Names of its classes, by label.
    pub fn class_names(&self) -> Vec<String> {
        match self {
            Found::Known(name, _) => class_names(*name),
            Found::Folder(folder) => folder.classes().to_vec(),
        }
    }

    /// Where its pictures are; nowhere where the program draws them, or they are yet to be fetched.
    pub fn place(&self) -> Option<PathBuf> {
        match self {
            Found::Known(name, folder) => {
                layout(*name).and_then(|layout| find(layout, folder.as_deref()).ok()?)
            }
            Found::Folder(folder) => Some(folder.path().to_path_buf()),
        }
    }

    /// Bytes that its pictures take once they are read; none where its files are yet to be fetched. Those that
    /// the program draws take 0.
    ///
    /// # Errors
    /// A file is not there, cannot be opened, or is not as long as it must be.
    pub fn bytes(&self, sizing: Sizing) -> Result<Option<u64>, DataError> {
        match self {
            Found::Known(name, folder) => {
                let Some(layout) = layout(*name) else { return Ok(Some(0)) };
                find(layout, folder.as_deref())?.map(|at| layout.bytes(&at)).transpose()
            }
            Found::Folder(folder) => Ok(Some(folder.bytes(sizing))),
        }
    }

    /// Whether it has a validation part of its own.
    pub fn has_validation(&self) -> bool {
        match self {
            Found::Known(..) => false,
            Found::Folder(folder) => folder.has_validation(),
        }
    }

    /// How many classes it has.
    pub fn classes(&self) -> usize {
        self.class_names().len()
    }

    /// The same with all pictures of a folder without a test part to be tested on; see
    /// [`Folder::tested_whole`].
    #[must_use]
    pub fn tested_whole(self) -> Self {
        match self {
            Found::Known(..) => self,
            Found::Folder(folder) => Found::Folder(folder.tested_whole()),
        }
    }

    /// Reads it; pictures in files of their own come to a size.
    pub fn load(
        &self,
        sizing: Sizing,
        splits: Splits,
        progress: &dyn Progress,
    ) -> Result<Dataset, DataError> {
        match self {
            Found::Known(name, folder) => load(*name, folder.as_deref(), progress),
            Found::Folder(folder) => folder.load(sizing, splits, progress),
        }
    }
}

/// Reads a set, fetching it first if it is neither in `folder` nor in the cache.
fn load(name: Name, folder: Option<&Path>, progress: &dyn Progress) -> Result<Dataset, DataError> {
    let Some(layout) = layout(name) else { return Ok(Shapes::dataset(SHAPES_SEED)) };
    let folder = match find(layout, folder)? {
        Some(folder) => folder,
        None => Archive::of(layout).fetch_into(&cache()?, &[], progress)?,
    };
    layout.load(&folder)
}

const CIFAR10_CLASSES: &str = "airplane automobile bird cat deer dog frog horse ship truck";

const CIFAR100_CLASSES: &str = "apple aquarium_fish baby bear beaver bed bee beetle bicycle \
    bottle bowl boy bridge bus butterfly camel can castle caterpillar cattle chair chimpanzee \
    clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox \
    girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man \
    maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear \
    pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose \
    sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower \
    sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe \
    whale willow_tree wolf woman worm";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_name() {
        assert_eq!(class_names(Name::Cifar10).len(), 10);
        assert_eq!(class_names(Name::Shapes10).len(), 10);
        let names = class_names(Name::Cifar100);
        assert_eq!(names.len(), 100);
        // The official list is alphabetical.
        assert!(names.is_sorted());
    }

    #[test]
    fn the_archives_own_folder_is_found_inside_the_users() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(given(&CIFAR10, folder.path()).unwrap(), folder.path());
        let inner = folder.path().join(CIFAR10.folder);
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(inner.join("test_batch.bin"), []).unwrap();
        assert_eq!(given(&CIFAR10, folder.path()).unwrap(), inner);
        let Err(error) = given(&CIFAR10, &folder.path().join("none")) else { panic!() };
        assert!(matches!(error, DataError::NoFolder { .. }));
    }
}
