//! Opening data sets.

use std::path::Path;
use std::sync::Arc;

use crate::data::folder::Splits;
use crate::data::locate::{Found, SHAPES_SEED};
use crate::data::progress::Silent;
use crate::data::selected::Selected;
use crate::data::shapes::Shapes;
use crate::data::sizing::Sizing;
use crate::data::{DataError, Dataset, Extent, Name, Set};

impl Dataset {
    /// Pictures of ten shapes, which rnetc draws itself: 32 × 32 RGB, 50,000 new ones each epoch
    /// and 10,000 to test with.
    pub fn shapes10() -> Self {
        Shapes::dataset(SHAPES_SEED)
    }

    /// CIFAR-10 or CIFAR-100 from a folder with the official binary files; without one, from the
    /// cache, into which they are fetched where they are not there.
    ///
    /// # Errors
    /// A file is missing, damaged, or cannot be fetched.
    pub fn cifar(name: Name, folder: Option<&Path>) -> Result<Self, DataError> {
        Found::find(&Set::Known(name), folder, None)?.load(
            Extent::CIFAR.into(),
            Splits::Both,
            &Silent,
        )
    }

    /// Pictures in `folder/train/<class>/` and `folder/test/<class>/`, PNG or JPEG, stretched to
    /// a size, or resized by their shorter side ([`Sizing`]), and held in memory. Without a test folder a tenth of each class is held out.
    ///
    /// # Errors
    /// The folder holds no such tree, or something in it is no picture.
    pub fn folder(folder: impl AsRef<Path>, size: impl Into<Sizing>) -> Result<Self, DataError> {
        let set = Set::Folder(folder.as_ref().to_path_buf());
        Found::find(&set, None, None)?.load(size.into(), Splits::Both, &Silent)
    }

    /// The same with the first `count` test pictures only.
    #[must_use]
    pub fn with_test_pictures(self, count: usize) -> Self {
        Self { test: Arc::new(Selected::from(self.test, 0, count)), ..self }
    }
}
