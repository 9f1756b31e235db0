//! What a data set is to the rest of the program.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::DataError;
use crate::pixels::{Area, Extent};
use crate::text::sha256;

/// The data sets the program knows, by the names the command line uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// CIFAR-10, from the official binary files.
    Cifar10,
    /// CIFAR-100 with its 100 fine labels, from the official binary files.
    Cifar100,
    /// Pictures of ten shapes that the program draws itself.
    Shapes10,
}

impl Name {
    /// All of them.
    pub const ALL: [Name; 3] = [Name::Cifar10, Name::Cifar100, Name::Shapes10];

    /// As the command line writes it.
    pub fn text(self) -> &'static str {
        match self {
            Name::Cifar10 => "cifar10",
            Name::Cifar100 => "cifar100",
            Name::Shapes10 => "shapes10",
        }
    }

    /// The set of that name.
    pub fn parse(text: &str) -> Option<Name> {
        Name::ALL.into_iter().find(|name| name.text() == text)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

/// A split of a data set: pictures as bytes, rows × columns × channels (channels last).
pub trait Pictures: Send + Sync {
    /// Pictures in an epoch.
    fn count(&self) -> usize;

    /// Size of each.
    fn extent(&self) -> Extent;

    /// What a net sees of each: where more is held, for crops, the middle of this size.
    fn seen(&self) -> Extent {
        self.extent()
    }

    /// Writes what is seen of a picture where nothing is varied ([`Pictures::seen`]), and returns its
    /// label.
    fn seen_picture(&self, epoch: u32, index: usize, pixels: &mut [u8]) -> u8 {
        let (held, seen) = (self.extent(), self.seen());
        if held == seen {
            return self.picture(epoch, index, pixels);
        }
        let mut whole = vec![0; held.bytes()];
        let label = self.picture(epoch, index, &mut whole);
        Area::middle(held, seen).cut(held, &whole, pixels);
        label
    }

    /// Writes picture `index` of `epoch` into `pixels` ([`Extent::bytes`] long) and returns its
    /// label. Only endless sets care for the epoch.
    fn picture(&self, epoch: u32, index: usize, pixels: &mut [u8]) -> u8;

    /// The label of a picture.
    fn label(&self, epoch: u32, index: usize) -> u8 {
        self.picture(epoch, index, &mut vec![0; self.extent().bytes()])
    }

    /// What tells a picture from all others, wherever it stands: a SHA-256 of its file, or of its
    /// pixels where it has none.
    ///
    /// # Errors
    /// The file cannot be read.
    fn identity(&self, index: usize) -> Result<[u8; 32], DataError> {
        let mut pixels = vec![0; self.extent().bytes()];
        self.picture(0, index, &mut pixels);
        Ok(Sha256::digest(&pixels).into())
    }

    /// The file that picture `index` is in, where each is in one of its own.
    fn file(&self, _index: usize) -> Option<&Path> {
        None
    }

    /// SHA-256 of all pictures and labels in order; none for endless sets, which a seed makes.
    fn digest(&self) -> Option<String> {
        None
    }

    /// How many pictures the mean and standard deviation are taken over.
    fn statistics_count(&self) -> usize {
        self.count()
    }
}

/// A data set: its splits and the classes' names.
#[derive(Clone)]
pub struct Dataset {
    /// As configurations write it: a [`Name`], or a folder's path.
    pub name: String,
    /// Names of the classes, by label.
    pub classes: Vec<String>,
    /// Of pictures in files, what their shorter side has become ([`Sizing::resize`]); nothing where they
    /// were stretched, or came in this size.
    ///
    /// [`Sizing::resize`]: super::sizing::Sizing::resize
    pub resize: Option<usize>,
    /// What is trained on.
    pub train: Arc<dyn Pictures>,
    /// What the best checkpoint is chosen on, if anything is set apart for it.
    pub validation: Option<Arc<dyn Pictures>>,
    /// What is tested on.
    pub test: Arc<dyn Pictures>,
}

/// Pictures held in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    extent: Extent,
    pixels: Vec<u8>,
    labels: Vec<u8>,
    /// What a net sees of each, in the middle.
    seen: Extent,
    /// Where they are in files of their own, with the SHA-256 of each.
    files: Vec<(PathBuf, [u8; 32])>,
}

impl Stored {
    /// Pictures with their labels; there must be a whole picture for each label.
    pub fn new(extent: Extent, pixels: Vec<u8>, labels: Vec<u8>) -> Result<Self, DataError> {
        if pixels.len() != labels.len() * extent.bytes() {
            let (labels, needed) = (labels.len(), labels.len() * extent.bytes());
            return Err(DataError::Uneven { labels, needed, bytes: pixels.len() });
        }
        Ok(Self { extent, pixels, labels, seen: extent, files: Vec::new() })
    }

    /// The same where a net sees only the middle of each, unless crops are drawn.
    #[must_use]
    pub fn seen_as(self, seen: Extent) -> Self {
        Self { seen, ..self }
    }

    /// The same with the file of each picture and its SHA-256, in order.
    #[must_use]
    pub fn from_files(self, files: Vec<(PathBuf, [u8; 32])>) -> Self {
        Self { files, ..self }
    }
}

impl Pictures for Stored {
    fn count(&self) -> usize {
        self.labels.len()
    }

    fn extent(&self) -> Extent {
        self.extent
    }

    fn seen(&self) -> Extent {
        self.seen
    }

    fn file(&self, index: usize) -> Option<&Path> {
        self.files.get(index).map(|(path, _)| path.as_path())
    }

    fn label(&self, _epoch: u32, index: usize) -> u8 {
        self.labels[index]
    }

    fn identity(&self, index: usize) -> Result<[u8; 32], DataError> {
        // Read before, so that nothing is read again.
        let of_file = self.files.get(index).map(|(_, sha256)| *sha256);
        let bytes = self.extent.bytes();
        let own = || Sha256::digest(&self.pixels[index * bytes..][..bytes]).into();
        Ok(of_file.unwrap_or_else(own))
    }

    fn seen_picture(&self, epoch: u32, index: usize, pixels: &mut [u8]) -> u8 {
        if self.extent == self.seen {
            return self.picture(epoch, index, pixels);
        }
        let bytes = self.extent.bytes();
        let whole = &self.pixels[index * bytes..][..bytes];
        Area::middle(self.extent, self.seen).cut(self.extent, whole, pixels);
        self.labels[index]
    }

    fn digest(&self) -> Option<String> {
        Some(sha256([self.labels.as_slice(), self.pixels.as_slice()]))
    }

    fn picture(&self, _epoch: u32, index: usize, pixels: &mut [u8]) -> u8 {
        let bytes = self.extent.bytes();
        pixels.copy_from_slice(&self.pixels[index * bytes..(index + 1) * bytes]);
        self.labels[index]
    }
}
