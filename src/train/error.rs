//! What can go wrong while training or evaluating.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::foreign::Unpaired;
use crate::data::DataError;
use crate::engine::EngineError;
use crate::network::Chw;
use crate::network::survival::Unfit;

/// Why training, evaluation or what surrounds them stopped.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrainError {
    /// The engine could not compile or run the program.
    Engine(EngineError),
    /// The data could not be had.
    Data(DataError),
    /// The system refused to read, or what it read makes no sense.
    Reading {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The system refused to write.
    Writing {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The system has no thread left.
    NoThread(io::Error),
    /// A recipe or a study that makes no sense.
    Unclear {
        /// `recipe`, `study`.
        kind: &'static str,
        /// Where it comes from.
        name: String,
        /// What is wrong with it, with its line.
        what: String,
    },
    /// A recipe's survival rule does not fit the net.
    Survival(Unfit),
    /// A file was written in a format that is not known yet.
    Newer {
        /// Which.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The newest that is read.
        known: u32,
    },
    /// A checkpoint is not whole.
    NotWhole {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A checkpoint is not what was saved.
    Changed {
        /// Which.
        path: PathBuf,
        /// The list that says otherwise.
        list: &'static str,
    },
    /// A checkpoint's tensors are not the net's.
    Misfit {
        /// The checkpoint.
        path: PathBuf,
        /// The first tensor that does not fit.
        tensor: String,
        /// Why.
        why: Misfit,
    },
    /// A checkpoint is much longer than the net's tensors.
    TooLong {
        /// Which.
        path: PathBuf,
        /// Its bytes.
        bytes: u64,
        /// Bytes that the net could need.
        most: u64,
    },
    /// A state dict's tensors cannot be paired with the net's.
    Unpaired {
        /// Its file.
        path: PathBuf,
        /// Why.
        why: Unpaired,
    },
    /// A data set's pictures are not of the size that the net reads.
    OtherPictures {
        /// The net.
        net: String,
        /// What it reads.
        reads: Chw,
        /// The data set.
        data: String,
        /// Its pictures.
        pictures: Chw,
    },
    /// A data set has another number of classes than the net tells apart.
    OtherClasses {
        /// The net.
        net: String,
        /// The classes that it tells apart.
        tells: usize,
        /// Whether a parameter of the net says how many.
        settable: bool,
        /// The data set.
        data: String,
        /// Its classes.
        there: usize,
    },
    /// There are fewer training pictures than a batch takes.
    TooFewPictures {
        /// The data set.
        data: String,
        /// Its training pictures.
        pictures: usize,
        /// Pictures of a batch.
        batch: usize,
    },
    /// Weights do not say what their classes are and how their pictures were standardised.
    Undescribed,
    /// The net has a tensor without a value.
    NoValue {
        /// Which.
        tensor: String,
    },
    /// A folder holds no run.
    NoRun {
        /// Which.
        folder: PathBuf,
    },
    /// No run of a net is there.
    NoRunOf {
        /// The net.
        name: String,
        /// Where runs are.
        runs: PathBuf,
    },
    /// A folder holds a run already.
    HoldsRun {
        /// Which.
        folder: PathBuf,
    },
    /// Another process works in a folder.
    Held {
        /// Which.
        folder: PathBuf,
        /// The process, where it says so.
        by: Option<u32>,
    },
    /// A journal holds the results of another study.
    OtherStudy {
        /// Which.
        path: PathBuf,
        /// The first line of what it holds.
        holds: String,
        /// What it would be here.
        asked: String,
    },
    /// The loss is no longer a number.
    NonFinite {
        /// The step, counted from 1.
        step: u64,
        /// What the loss became.
        loss: f32,
        /// The first tensor of the forward pass that holds a number that is none.
        tensor: FirstBad,
    },
    /// Gradients in half precision overflow, whatever the loss is scaled by.
    Overflow {
        /// The last step, counted from 1.
        step: u64,
        /// Steps in a row that were left out.
        left_out: u32,
    },
}

/// Why a tensor of a file does not fit the net's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The file lacks it.
    Missing,
    /// The net lacks it.
    Unknown,
    /// Its numbers are of another kind.
    Type(String),
    /// Its shape is another one.
    Shape {
        /// In the file.
        found: Vec<usize>,
        /// In the net.
        wanted: Vec<usize>,
    },
    /// It holds what is no number, and must hold one.
    NoNumber,
}

/// The first tensor that holds a number that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstBad {
    /// This one.
    Tensor(String),
    /// The step after has overwritten what would tell, as on a GPU.
    Overtaken,
    /// Half precision leaves all state as it was.
    Half,
}

impl TrainError {
    /// An error while something is read.
    pub fn reading(path: &Path, error: impl Into<io::Error>) -> Self {
        TrainError::Reading { path: path.to_path_buf(), error: error.into() }
    }

    /// An error while something is written.
    pub fn writing(path: &Path, error: impl Into<io::Error>) -> Self {
        TrainError::Writing { path: path.to_path_buf(), error: error.into() }
    }
}

impl From<EngineError> for TrainError {
    fn from(error: EngineError) -> Self {
        TrainError::Engine(error)
    }
}

impl From<DataError> for TrainError {
    fn from(error: DataError) -> Self {
        TrainError::Data(error)
    }
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(error) => error.fmt(f),
            Self::Data(error) => error.fmt(f),
            Self::Reading { path, error } => write!(f, "reading {}: {error}", path.display()),
            Self::Writing { path, error } => write!(f, "writing {}: {error}", path.display()),
            Self::NoThread(error) => write!(f, "starting a thread: {error}"),
            Self::Unclear { kind, name, what } => write!(f, "{kind} {name}: {what}"),
            Self::Survival(what) => write!(f, "recipe, survival: {what}"),
            Self::Newer { path, format, known } => write!(
                f,
                "{}: it has format {format}, and this rnetc reads formats up to {known}",
                path.display()
            ),
            Self::NotWhole { path, why } => {
                write!(f, "{}: not a whole safetensors file ({why})", path.display())
            }
            Self::Changed { path, list } => write!(
                f,
                "{}: damaged: its SHA-256 is not what {list} of the run says",
                path.display()
            ),
            Self::Misfit { path, tensor, why } => {
                write!(f, "{}: {tensor}: {why}", path.display())
            }
            Self::TooLong { path, bytes, most } => write!(
                f,
                "{}: {bytes} bytes are more than the net's weights can take ({most}); these are \
                 the weights of another net",
                path.display()
            ),
            Self::Unpaired { path, why } => write!(f, "{}: {why}", path.display()),
            Self::OtherPictures { net, reads, data, pictures } => {
                write!(f, "the net {net} reads {reads}, and the pictures of {data} are {pictures}")
            }
            Self::OtherClasses { net, tells, data, there, .. } => {
                write!(f, "the net {net} tells {tells} classes apart, and {data} has {there}")
            }
            Self::TooFewPictures { data, pictures, batch } => {
                write!(f, "{data} has {pictures} training pictures, fewer than a batch of {batch}")
            }
            Self::Undescribed => f.write_str(
                "the weights do not say what their classes are and how their pictures were \
                 standardised",
            ),
            Self::NoValue { tensor } => write!(f, "no value for {tensor}"),
            Self::NoRun { folder } => {
                write!(f, "{} holds no run (no config.yaml)", folder.display())
            }
            Self::NoRunOf { name, runs } => write!(f, "no run of {name} in {}", runs.display()),
            Self::HoldsRun { folder } => write!(f, "{} holds a run already", folder.display()),
            Self::Held { folder, by } => {
                let number = by.map_or_else(String::new, |number| format!(" ({number})"));
                write!(f, "{}: another process{number} works in this folder", folder.display())
            }
            Self::OtherStudy { path, holds, asked } => write!(
                f,
                "{} holds another study:\n  {holds}\nand this one is\n  {asked}",
                path.display()
            ),
            Self::NonFinite { step, loss, tensor } => {
                write!(f, "the loss became {loss} at step {step}; the first bad tensor is {tensor}")
            }
            Self::Overflow { step, left_out } => write!(
                f,
                "up to step {step}, {left_out} steps in a row had gradients that are no numbers in \
                 half precision, and were left out"
            ),
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it is missing"),
            Self::Unknown => f.write_str("the net has no tensor of that name"),
            Self::Type(found) => write!(f, "it holds {found}, and the net needs F32"),
            Self::Shape { found, wanted } => {
                write!(f, "its shape is {found:?}, and the net's is {wanted:?}")
            }
            Self::NoNumber => f.write_str("it is no number"),
        }
    }
}

impl fmt::Display for FirstBad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tensor(name) => f.write_str(name),
            Self::Overtaken => f.write_str("not known, as the step after has begun"),
            Self::Half => f.write_str("not known in half precision"),
        }
    }
}

impl Error for TrainError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // Their texts are this one's, so their sources are too.
            Self::Engine(error) => error.source(),
            Self::Data(error) => error.source(),
            Self::Reading { error, .. } | Self::Writing { error, .. } | Self::NoThread(error) => {
                Some(error)
            }
            _ => None,
        }
    }
}
