//! What can be wrong with data.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Extent, Name};

/// Why a data set could not be had.
#[derive(Debug)]
#[non_exhaustive]
pub enum DataError {
    /// The system refused to read or write.
    Io {
        /// What was being done, `reading`, `writing`.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The system names no folder for caches.
    NoCache(String),
    /// A folder is not there.
    NoFolder {
        /// Which.
        folder: PathBuf,
        /// Whether it was to hold pictures.
        of_pictures: bool,
    },
    /// A file of a known set is not there.
    NoFile {
        /// Which.
        file: PathBuf,
        /// The set.
        set: Name,
        /// All its files.
        needs: Vec<&'static str>,
    },
    /// A file of a known set is not whole records.
    Length {
        /// Which.
        file: PathBuf,
        /// Its bytes.
        bytes: u64,
        /// Bytes of a record.
        record: u64,
        /// Most records that are read.
        most: u64,
        /// The next length that would be right.
        expected: u64,
        /// The official file's bytes.
        official: u64,
    },
    /// A label that the set does not have.
    Label {
        /// In which file.
        file: PathBuf,
        /// In which record.
        record: usize,
        /// The label.
        label: u8,
        /// The set.
        set: Name,
        /// How many classes it has.
        classes: usize,
    },
    /// A file has changed since it was fetched.
    Changed {
        /// Which.
        file: PathBuf,
        /// Its SHA-256.
        sum: String,
        /// Where another one is recorded.
        recorded: PathBuf,
    },
    /// No place has an archive.
    NotFetched {
        /// Its name.
        archive: &'static str,
        /// The official place.
        official: String,
        /// The folder in it.
        folder: &'static str,
        /// What went wrong at each place.
        troubles: Vec<String>,
        /// Bytes that have come, and are kept.
        kept: u64,
    },
    /// Another process is fetching the same.
    BeingFetched {
        /// Into which file.
        file: PathBuf,
    },
    /// A folder has too few or too many folders of classes.
    Classes {
        /// Which.
        folder: PathBuf,
        /// How many it has.
        found: usize,
        /// How many it may have.
        most: usize,
    },
    /// The folder of a class is empty.
    EmptyClass {
        /// Which.
        folder: PathBuf,
    },
    /// A folder of a class that is not trained.
    UnknownClass {
        /// Which.
        folder: PathBuf,
        /// The class.
        class: String,
        /// Those that are.
        classes: Vec<String>,
    },
    /// A class has too few pictures to hold one out.
    OnlyPicture {
        /// The picture.
        file: PathBuf,
        /// The class.
        class: String,
    },
    /// A split has no pictures.
    NoPictures {
        /// Of which folder.
        folder: PathBuf,
        /// `training` or `test`.
        split: &'static str,
    },
    /// Something that has no place among pictures.
    Stray {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file is no picture that can be read.
    Picture {
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
        /// Whether it belongs to a set, so that it is damage, or was named by itself.
        of_set: bool,
    },
    /// The net reads pictures of so many channels, and files have none such.
    Channels(usize),
    /// Pictures do not fit into memory.
    TooMany {
        /// How many.
        count: usize,
        /// As large as the net reads them.
        extent: Extent,
        /// Most bytes that are held.
        most: usize,
    },
    /// Pictures and labels do not go together.
    Uneven {
        /// Labels.
        labels: usize,
        /// Bytes that their pictures need.
        needed: usize,
        /// Bytes there are.
        bytes: usize,
    },
    /// The pictures ended before all had come.
    Ended,
    /// The user stopped it.
    Interrupted,
}

impl DataError {
    /// An I/O error at `path`.
    pub fn io(doing: &'static str, path: &Path, error: std::io::Error) -> Self {
        DataError::Io { doing, path: path.to_path_buf(), error }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, path, error } => write!(f, "{doing} {}: {error}", path.display()),
            Self::NoCache(why) => write!(f, "no cache folder ({why})"),
            Self::NoFolder { folder, of_pictures } => {
                write!(f, "{}: no such folder", folder.display())?;
                let form = "; pictures stand in DIR/train/<class>/ and DIR/test/<class>/";
                f.write_str(if *of_pictures { form } else { "" })
            }
            Self::NoFile { file, set, needs } => {
                let needs = needs.join(", ");
                write!(f, "{} is missing; {set} needs {needs}", file.display())
            }
            Self::Length { file, bytes, record, most, expected, official } => write!(
                f,
                "{}: {bytes} bytes are not whole records of {record} bytes (1 to {most}); \
                 expected {expected} bytes here, or {official} in the official file. Fetch or \
                 copy the file again",
                file.display()
            ),
            Self::Label { file, record, label, set, classes } => write!(
                f,
                "{}: record {record} has label {label}, and {set} has classes 0 to {}",
                file.display(),
                classes - 1
            ),
            Self::Changed { file, sum, recorded } => write!(
                f,
                "{}: SHA-256 is {sum}, which is not what {} records; fetch the file again",
                file.display(),
                recorded.display()
            ),
            Self::NotFetched { archive, troubles, kept, .. } => {
                write!(f, "cannot fetch {archive}: {}", troubles.join("; "))?;
                match kept {
                    0 => Ok(()),
                    kept => write!(
                        f,
                        " ({kept} bytes are kept, and the same command goes on from there)"
                    ),
                }
            }
            Self::BeingFetched { file } => {
                write!(f, "another process is fetching {}; wait for it", file.display())
            }
            Self::Classes { folder, found, most } => write!(
                f,
                "{} has {found} folders of classes, and must have 2 to {most}: \
                 DIR/train/<class>/, DIR/test/<class>/",
                folder.display()
            ),
            Self::EmptyClass { folder } => {
                write!(f, "{} holds no pictures; add some, or remove the folder", folder.display())
            }
            Self::UnknownClass { folder, class, classes } => write!(
                f,
                "{}: {class} is none of the {} classes that are trained ({}); rename or remove \
                 the folder, or add it to the training pictures",
                folder.display(),
                classes.len(),
                few(classes)
            ),
            Self::OnlyPicture { file, class } => write!(
                f,
                "{} is the only picture of {class}; add some, or put test pictures into \
                 test/<class>/",
                file.display()
            ),
            Self::NoPictures { folder, split } => write!(
                f,
                "{}: there are no {split} pictures; put some into train/<class>/ and \
                 test/<class>/",
                folder.display()
            ),
            Self::Stray { path, what } => write!(f, "{} {what}; move it away", path.display()),
            Self::Picture { file, what, .. } => write!(f, "{}: {what}", file.display()),
            Self::Channels(channels) => write!(
                f,
                "the net reads pictures of {channels} channels, and files have 3, or 1 as grey; \
                 write input(3, …) or input(1, …) in the spec"
            ),
            Self::TooMany { count, extent: Extent { rows, columns, channels }, most } => write!(
                f,
                "{count} pictures of {channels}×{rows}×{columns} bytes do not fit into memory (at \
                 most {} GiB); take fewer, or a net that reads smaller ones",
                most >> 30
            ),
            Self::Uneven { labels, needed, bytes } => {
                write!(f, "{labels} labels need {needed} bytes of pictures, and there are {bytes}")
            }
            Self::Ended => f.write_str("the pictures ended too early"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

fn few(classes: &[String]) -> String {
    let shown: Vec<&str> = classes.iter().take(10).map(String::as_str).collect();
    let more = if classes.len() > shown.len() { ", …" } else { "" };
    shown.join(", ") + more
}

impl std::error::Error for DataError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
