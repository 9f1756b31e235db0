//! What can be wrong with data.

use std::path::{Path, PathBuf};

use super::{Extent, Name};

/// Why a data set could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The system refused to read or write.
    #[error("{doing} {path}: {error}")]
    Io {
        /// What was being done, `reading`, `writing`.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// The system names no folder for caches.
    #[error("no cache folder ({0})")]
    NoCache(String),
    /// A folder is not there.
    #[error(
        "{folder}: {}{}",
        if *.is_file { "a file, and not a folder; unpack it" } else { "no such folder" },
        form(*.of_pictures)
    )]
    NoFolder {
        /// Which.
        folder: PathBuf,
        /// Whether it is there, and a file.
        is_file: bool,
        /// Whether it was to hold pictures.
        of_pictures: bool,
    },
    /// A file of a known set is not there.
    #[error(
        "{file} is missing; {set} needs {}{}", .needs.join(", "),
        if *.pickled { ": here stand Python's pickles, and only the binary version is read" }
        else { "" }
    )]
    NoFile {
        /// Which.
        file: PathBuf,
        /// The set.
        set: Name,
        /// All its files.
        needs: Vec<&'static str>,
        /// Whether the file stands there in the form that Python reads.
        pickled: bool,
    },
    /// A file of a known set is not whole records.
    #[error(
        "{file}: {bytes} bytes are not whole records of {record} bytes (1 to {most}); expected \
         {expected} bytes here, or {official} in the official file. Fetch or copy the file again"
    )]
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
    #[error(
        "{file}: record {record} has label {label}, and {set} has classes 0 to {}",
        .classes - 1
    )]
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
    #[error("{file}: SHA-256 is {sum}, which is not what {recorded} records; fetch the file again")]
    Changed {
        /// Which.
        file: PathBuf,
        /// Its SHA-256.
        sum: String,
        /// Where another one is recorded.
        recorded: PathBuf,
    },
    /// No place has an archive.
    #[error("cannot fetch {archive}: {}{}", .troubles.join("; "), goes_on(*.kept))]
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
    #[error("another process is fetching {file}; wait for it")]
    BeingFetched {
        /// Into which file.
        file: PathBuf,
    },
    /// A folder has too few or too many folders of classes.
    #[error("{}", classes(.folder, .found, *.most, .inner.as_deref()))]
    Classes {
        /// Which.
        folder: PathBuf,
        /// Those that it has.
        found: Vec<String>,
        /// How many it may have.
        most: usize,
        /// A folder in it that has a training or test part, and may be meant.
        inner: Option<PathBuf>,
    },
    /// A folder of a class has a name that is no text.
    #[error("{folder}: the name of a class must be a text; rename the folder")]
    ClassName {
        /// Which.
        folder: PathBuf,
    },
    /// Folders of classes are empty.
    #[error(
        "{shown} {} no PNG or JPEG pictures{}; add some, or remove what is no class",
        if *.count == 1 { "holds" } else { "hold" }, other_files(.others)
    )]
    EmptyClasses {
        /// Some of them.
        shown: String,
        /// How many.
        count: usize,
        /// Some of the files that are in them instead.
        others: String,
    },
    /// Folders of classes that are not trained.
    #[error(
        "{folder}: {} {} none of the {} classes that are trained ({}){}; rename or remove the \
         folder, or add it to the training pictures",
        crate::text::series(.unknown, "and"), if .unknown.len() == 1 { "is" } else { "are" },
        .classes.len(), few(.classes), meant(.unknown, .classes)
    )]
    UnknownClasses {
        /// The first of them.
        folder: PathBuf,
        /// The classes.
        unknown: Vec<String>,
        /// Those that are.
        classes: Vec<String>,
    },
    /// A class has too few pictures to hold one out.
    #[error(
        "{file} is the only picture of {class}; add some, or put test pictures into test/<class>/"
    )]
    OnlyPicture {
        /// The picture.
        file: PathBuf,
        /// The class.
        class: String,
    },
    /// A validation part cannot be drawn.
    #[error("{}", validation(.data, .amount, *.is_none, [*.count, *.classes]))]
    Validation {
        /// From the training pictures of which set.
        data: String,
        /// How many were asked for.
        amount: String,
        /// Whether that is no picture: too small a share, or fewer than the copies of any picture.
        is_none: bool,
        /// How many training pictures there are.
        count: usize,
        /// How many can be held out where one of each class stays.
        classes: usize,
    },
    /// A split has no pictures.
    #[error(
        "{folder}: there are no {split} pictures; put some into train/<class>/ and test/<class>/"
    )]
    NoPictures {
        /// Of which folder.
        folder: PathBuf,
        /// `training` or `test`.
        split: &'static str,
    },
    /// A folder has more names than are looked at.
    #[error("{folder} holds more than {most} names")]
    TooManyNames {
        /// Which.
        folder: PathBuf,
        /// How many it may hold.
        most: usize,
    },
    /// Pictures of a set cannot be read.
    #[error("{}", bad_pictures(.bad, *.of))]
    BadPictures {
        /// Their files, with why.
        bad: Vec<(PathBuf, String)>,
        /// Of how many pictures.
        of: usize,
    },
    /// Several things, which are told together.
    #[error("{}", several(.0))]
    Several(Vec<DataError>),
    /// A file is no picture that can be read.
    #[error("{file}: {what}")]
    Picture {
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The net reads pictures of so many channels, and files have none such.
    #[error(
        "the net reads pictures of {0} channels, and files have 3, or 1 as grey; write input(3, …) or \
         input(1, …) in the spec"
    )]
    Channels(usize),
    /// The shorter side of pictures becomes less than the net reads, or more than makes sense.
    #[error(
        "resize is {resize}, and the net reads {side} pixels a side; write {side} or more, at most \
         {most}"
    )]
    Resize {
        /// What the shorter side becomes.
        resize: usize,
        /// The longer side of what the net reads.
        side: usize,
        /// The largest value that makes sense.
        most: usize,
    },
    /// Pictures do not fit into memory.
    #[error(
        "{count} pictures of {}×{}×{} bytes do not fit into memory (at most {} GiB); take fewer, or a \
         net that reads smaller ones",
        .extent.channels, .extent.rows, .extent.columns, .most >> 30
    )]
    TooMany {
        /// How many.
        count: usize,
        /// As large as the net reads them.
        extent: Extent,
        /// Most bytes that are held.
        most: usize,
    },
    /// Pictures and labels do not go together.
    #[error("{labels} labels need {needed} bytes of pictures, and there are {bytes}")]
    Uneven {
        /// Labels.
        labels: usize,
        /// Bytes that their pictures need.
        needed: usize,
        /// Bytes there are.
        bytes: usize,
    },
    /// The pictures ended before all had come.
    #[error("the pictures ended too early")]
    Ended,
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
}

impl DataError {
    /// An I/O error at `path`.
    pub fn io(doing: &'static str, path: &Path, error: std::io::Error) -> Self {
        DataError::Io { doing, path: path.to_path_buf(), error }
    }
}

fn few(classes: &[String]) -> String {
    let shown: Vec<&str> = classes.iter().take(10).map(String::as_str).collect();
    let more = if classes.len() > shown.len() { ", …" } else { "" };
    shown.join(", ") + more
}

/// The class that the first of the unknown ones may be meant for.
fn meant(unknown: &[String], classes: &[String]) -> String {
    let nearest = unknown.first().and_then(|unknown| {
        crate::text::nearest(unknown.trim(), classes.iter().map(String::as_str))
    });
    nearest.map_or(String::new(), |class| format!("; is {class:?} meant?"))
}

fn classes(folder: &Path, found: &[String], most: usize, inner: Option<&Path>) -> String {
    let count = match found {
        [] => "no folder of a class".to_owned(),
        [only] => format!("one folder of a class, {only}"),
        many => format!("{} folders of classes ({})", many.len(), few(many)),
    };
    let meant = match inner {
        Some(inner) => format!("; is {} meant?", inner.display()),
        None => "; pictures stand in DIR/train/<class>/ and DIR/test/<class>/".to_owned(),
    };
    format!("{} has {count}, and a net tells 2 to {most} apart{meant}", folder.display())
}

/// Each with why, a line each, as many as can be read at a glance.
fn bad_pictures(bad: &[(PathBuf, String)], of: usize) -> String {
    const MOST: usize = 20;
    let line = |(file, why): &(PathBuf, String)| format!("{}: {why}", file.display());
    if let [one] = bad {
        return line(one);
    }
    let lines: Vec<String> = bad.iter().take(MOST).map(line).collect();
    let mut text = format!("{} of {of} pictures cannot be read:", bad.len());
    for line in lines {
        text += &format!("\n  {line}");
    }
    if bad.len() > MOST {
        text += &format!("\n  and {} more", bad.len() - MOST);
    }
    text
}

fn validation(data: &str, amount: &str, is_none: bool, [count, most]: [usize; 2]) -> String {
    match is_none {
        false => format!(
            "validation is {amount}, and {most} of the {count} training pictures of {data} can be held \
             out, since one of each class stays; ask for fewer"
        ),
        true => format!(
            "validation is {amount}, which holds out none of the {count} training pictures of {data}; \
             ask for more, or for a number of pictures (copies of a picture stay together)"
        ),
    }
}

fn other_files(others: &str) -> String {
    match others {
        "" => String::new(),
        others => format!(" (but {others}: convert what is a picture)"),
    }
}

fn several(all: &[DataError]) -> String {
    let each = all.iter().map(|error| format!("\n- {error}"));
    format!("{} things are wrong with the pictures:{}", all.len(), each.collect::<String>())
}

fn form(of_pictures: bool) -> &'static str {
    if of_pictures { "; pictures stand in DIR/train/<class>/ and DIR/test/<class>/" } else { "" }
}

fn goes_on(kept: u64) -> String {
    match kept {
        0 => String::new(),
        kept => format!(" ({kept} bytes are kept, and the same command goes on from there)"),
    }
}
