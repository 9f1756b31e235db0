//! Fetching an official archive into the cache: from the first place that has it, checked before
//! it is opened, taken apart by expected names only, and moved into place when it is whole.
//!
//! What has come stays in the cache as `<archive>.part`, and the next attempt goes on from there,
//! in the same run or a later one, from the same place or another: all have the same bytes, and
//! the archive's MD5 is the judge.

mod transfer;
mod unpack;

use std::fs::File;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use md5::Md5;

use super::checksums;
use super::cifar::Layout;
use super::dataset::Name;
use super::error::DataError;
use super::progress::Progress;
use transfer::Trouble;

/// The variable that names places to try before the official one, with spaces between them.
pub const MIRROR: &str = "RNETC_MIRROR";

/// How long is waited, and how often something is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Longest silence of the other side.
    pub silence: Duration,
    /// Before the second attempt; doubled before each later one.
    pub pause: Duration,
    /// Attempts at a place that bring nothing.
    pub tries: u32,
    /// No attempt begins later.
    pub whole: Duration,
}

impl Patience {
    /// For the open network.
    pub const USUAL: Patience = Patience {
        silence: Duration::from_secs(30),
        pause: Duration::from_secs(1),
        tries: 4,
        whole: Duration::from_secs(3 * 3600),
    };
}

/// An archive that is published.
#[derive(Clone, Copy, Debug)]
pub struct Archive {
    /// Its name.
    pub file: &'static str,
    /// Folders that hold it: the official one, then copies.
    pub places: &'static [&'static str],
    /// Its MD5, as the official page gives it.
    pub md5: &'static str,
    /// What is in it.
    pub layout: &'static Layout,
}

const OFFICIAL: &str = "https://www.cs.toronto.edu/~kriz";

impl Archive {
    /// The archive that holds a layout's files.
    pub fn of(layout: &'static Layout) -> Self {
        match layout.name {
            Name::Cifar10 | Name::Shapes10 => Self {
                file: "cifar-10-binary.tar.gz",
                // The second is the copy of Swift for TensorFlow.
                places: &[
                    OFFICIAL,
                    "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10",
                ],
                md5: "c32a1d4ab5d03f1284b67883e8d87530",
                layout,
            },
            Name::Cifar100 => Self {
                file: "cifar-100-binary.tar.gz",
                places: &[OFFICIAL],
                md5: "03b5dce01913d631647c71ecec9e9cb8",
                layout,
            },
        }
    }

    /// Fetches, checks and unpacks; returns the folder with the files. `mirrors` are tried first,
    /// then those of [`MIRROR`], then the archive's own places.
    pub fn fetch_into(
        &self,
        cache: &Path,
        mirrors: &[String],
        progress: &dyn Progress,
    ) -> Result<PathBuf, DataError> {
        let named = std::env::var(MIRROR).unwrap_or_default();
        let mirrors = mirrors.iter().map(String::as_str).chain(named.split_whitespace());
        let urls = mirrors.chain(self.places.iter().copied()).map(|place| self.url(place));
        self.fetch(&urls.collect::<Vec<_>>(), cache, Patience::USUAL, progress)
    }

    /// A place is the archive itself, or the folder that holds it.
    fn url(&self, place: &str) -> String {
        match place.ends_with(".gz") {
            true => place.to_string(),
            false => format!("{}/{}", place.trim_end_matches('/'), self.file),
        }
    }

    fn fetch(
        &self,
        urls: &[String],
        cache: &Path,
        patience: Patience,
        progress: &dyn Progress,
    ) -> Result<PathBuf, DataError> {
        let writing = |error| DataError::io("writing", cache, error);
        std::fs::create_dir_all(cache).map_err(writing)?;
        let path = cache.join(format!("{}.part", self.file));
        let mut part = self.open(&path)?;
        let end = Instant::now() + patience.whole;
        let mut troubles = Vec::new();
        for url in urls {
            // A slow line is silent for a while.
            progress.note(&format!("fetching {url} into {}", cache.display()));
            match self.from(url, &mut part, &path, patience, end, progress) {
                Ok(()) => {
                    part.rewind().map_err(writing)?;
                    let unpacked = unpack::unpack(self, &part, cache);
                    std::fs::remove_file(&path).map_err(writing)?;
                    return unpacked;
                }
                Err(Trouble::Fatal(error)) => {
                    discard_empty(&part, &path);
                    return Err(error);
                }
                Err(Trouble::Gone(text) | Trouble::Passing(text) | Trouble::Wrong(text)) => {
                    troubles.push(format!("{url}: {text}"));
                }
            }
        }
        Err(DataError::NotFetched {
            archive: self.file,
            official: self.url(OFFICIAL),
            folder: self.layout.folder,
            troubles,
            kept: discard_empty(&part, &path),
        })
    }

    /// The file that keeps what has come, for this process alone.
    fn open(&self, path: &Path) -> Result<File, DataError> {
        let options =
            File::options().create(true).truncate(false).read(true).write(true).open(path);
        let part = options.map_err(|error| DataError::io("writing", path, error))?;
        match part.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(DataError::BeingFetched { file: path.to_path_buf() })
            }
            // A file system without locks: nothing can be known about others.
            Ok(()) | Err(std::fs::TryLockError::Error(_)) => Ok(part),
        }
    }

    /// Brings the whole archive from one place, in as many attempts as it takes.
    fn from(
        &self,
        url: &str,
        part: &mut File,
        path: &Path,
        patience: Patience,
        end: Instant,
        progress: &dyn Progress,
    ) -> Result<(), Trouble> {
        let mut failures = 0;
        loop {
            let before = length(part);
            let trouble = match transfer::go_on(url, part, path, patience, progress) {
                Ok(()) => match self.check(part, path)? {
                    Ok(()) => return Ok(()),
                    // What was there before may have been another file's.
                    Err(sum) if before > 0 => Trouble::Passing(sum),
                    Err(sum) => return Err(Trouble::Wrong(sum)),
                },
                Err(trouble @ Trouble::Passing(_)) => trouble,
                Err(other) => return Err(other),
            };
            failures = if length(part) > before { 1 } else { failures + 1 };
            if failures >= patience.tries || Instant::now() > end {
                return Err(trouble);
            }
            wait(patience.pause * 2u32.pow((failures - 1).min(5)), progress)?;
        }
    }

    /// Compares the sum; a file with another is emptied.
    fn check(&self, part: &mut File, path: &Path) -> Result<Result<(), String>, Trouble> {
        let io = |error| Trouble::Fatal(DataError::io("reading", path, error));
        part.rewind().map_err(io)?;
        let sum = checksums::sum::<Md5>(&*part).map_err(io)?;
        if sum == self.md5 {
            return Ok(Ok(()));
        }
        part.set_len(0).map_err(io)?;
        Ok(Err(format!("MD5 is {sum}, and should be {}", self.md5)))
    }
}

fn length(part: &File) -> u64 {
    part.metadata().map_or(0, |about| about.len())
}

/// Removes a file in which nothing is; the bytes that are kept otherwise.
fn discard_empty(part: &File, path: &Path) -> u64 {
    let kept = length(part);
    if kept == 0 {
        // An empty file that stays is no harm.
        let _ = std::fs::remove_file(path);
    }
    kept
}

fn wait(pause: Duration, progress: &dyn Progress) -> Result<(), Trouble> {
    let end = Instant::now() + pause;
    while Instant::now() < end {
        if progress.interrupted() {
            return Err(Trouble::Fatal(DataError::Interrupted));
        }
        std::thread::sleep(Duration::from_millis(50).min(pause));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
