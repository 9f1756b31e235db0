//! What can go wrong while training or evaluating.

use std::io;
use std::path::{Path, PathBuf};

use super::foreign::{OtherFormat, Unpaired};
use super::picture_misfit::PictureMisfit;
use super::size_misfit::SizeMisfit;
use super::unclear::{Fault, Unclear};
use crate::data::DataError;
use crate::engine::EngineError;
use crate::network::Chw;
use crate::network::survival::Unfit;

/// What says which pictures and classes a net is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// A parameter of the net.
    Parameter,
    /// The text of its spec.
    Spec,
    /// Its weights, which were trained on such.
    Weights,
}

/// Why training, evaluation or what surrounds them stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The engine could not compile or run the program.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The data could not be had.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The system refused to read, or what it read makes no sense.
    #[error("reading {path}: {error}")]
    Reading {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The system refused to write.
    #[error("writing {path}: {error}")]
    Writing {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A batch that does not divide evenly among ranks.
    #[error(
        "a batch of {batch} pictures cannot be divided evenly among {ranks} ranks; {} would do",
        near(*.batch, *.ranks)
    )]
    Uneven {
        /// Pictures.
        batch: usize,
        /// Ranks.
        ranks: usize,
    },
    /// A rank that would train something else.
    #[error(
        "rank {rank} does not begin with what rank 0 has: its weights or seed, its pictures, its spec, its processor \
         or this program are others"
    )]
    Apart {
        /// Which.
        rank: usize,
    },
    /// A rank that would compute otherwise.
    #[error("rank {rank} computes on {own}, rank 0 on {first}")]
    OtherDevice {
        /// Which.
        rank: usize,
        /// On what.
        own: String,
        /// On what the first does.
        first: String,
    },
    /// The system has no thread left.
    #[error("starting a thread: {0}")]
    NoThread(#[source] io::Error),
    /// A recipe or a study that makes no sense.
    #[error("{kind} {name}: {what}")]
    Unclear {
        /// `recipe`, `study`.
        kind: &'static str,
        /// Where it comes from.
        name: String,
        /// What is wrong with it, with its line.
        what: Unclear,
    },
    /// A recipe's survival rule does not fit the net.
    #[error("recipe, survival: {0}")]
    Survival(Unfit),
    /// A pattern of a recipe matches no parameter of the net.
    #[error("recipe, {key}: `{pattern}` matches no parameter of {net}")]
    NoParameter {
        /// The key that it stands under.
        key: &'static str,
        /// The pattern.
        pattern: String,
        /// The net.
        net: String,
        /// What is nearest to it of all that they answer to, if anything is near.
        near: Option<String>,
        /// What its parameters answer to, without single layers.
        there: Vec<String>,
    },
    /// The weights that a run began with are others now.
    #[error("{path}: these are not the weights that the run began with: their SHA-256 is another")]
    OtherStart {
        /// Their file.
        path: PathBuf,
    },
    /// A recipe freezes every parameter.
    #[error("the recipe freezes every parameter of {net}, so nothing is left to train")]
    AllFrozen {
        /// The net.
        net: String,
    },
    /// A batch in so many parts is not normalised.
    #[error(
        "{layer} of {net}: a batch of {batch} in parts of {ghost} is {parts} parts, and `bn` has at most {most} of \
         so many pictures"
    )]
    Parts {
        /// The net.
        net: String,
        /// Its batch norm with the most parts.
        layer: String,
        /// Pictures of the batch.
        batch: usize,
        /// Of each part.
        ghost: usize,
        /// How many there are.
        parts: usize,
        /// How many there may be.
        most: usize,
    },
    /// Rates are to fall with depth, which is counted in units.
    #[error("recipe, optimiser.layer_decay: it counts units, and {net} has none")]
    NoDepth {
        /// The net.
        net: String,
    },
    /// Muon is to train the weights of hidden layers.
    #[error(
        "recipe, optimiser: muon trains the weights of hidden layers, and {net} has none to train"
    )]
    NoHidden {
        /// The net.
        net: String,
    },
    /// Muon is to train matrices.
    #[error("recipe, groups: muon trains matrices, and what `{pattern}` has of {net} are none")]
    NoMatrix {
        /// The group's patterns.
        pattern: String,
        /// The net.
        net: String,
    },
    /// A file was written in a format that is not known yet.
    #[error("{path}: it has format {format}, and this rnetc reads formats up to {known}")]
    Newer {
        /// Which.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The newest that is read.
        known: u32,
    },
    /// A file of weights is of another format.
    #[error("{path}: {format}, and no safetensors file")]
    OtherFormat {
        /// Which.
        path: PathBuf,
        /// What it is.
        format: OtherFormat,
    },
    /// A checkpoint is not whole.
    #[error("{path}: not a whole safetensors file ({why})")]
    NotWhole {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A checkpoint is not what was saved.
    #[error("{path}: damaged: its SHA-256 is not what {list} of the run says")]
    Changed {
        /// Which.
        path: PathBuf,
        /// The list that says otherwise.
        list: &'static str,
    },
    /// The list of a run's checkpoints cannot be read.
    #[error("{path}: damaged ({why}), so nothing tells whether checkpoints are whole")]
    DamagedList {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A checkpoint's tensors are not the net's.
    #[error("{path}: {tensor}: {why}")]
    Misfit {
        /// The checkpoint.
        path: PathBuf,
        /// The first tensor that does not fit.
        tensor: String,
        /// Why.
        why: Misfit,
    },
    /// A checkpoint is much longer than the net's tensors.
    #[error(
        "{path}: {bytes} bytes are more than the net's weights can take ({most}); these are the \
         weights of another net"
    )]
    TooLong {
        /// Which.
        path: PathBuf,
        /// Its bytes.
        bytes: u64,
        /// Bytes that the net could need.
        most: u64,
    },
    /// A state dict's tensors cannot be paired with the net's.
    #[error("{path}: {why}")]
    Unpaired {
        /// Its file.
        path: PathBuf,
        /// Why.
        why: Box<Unpaired>,
    },
    /// A file of inputs and logits does not fit the net.
    #[error("{path}: {why}")]
    Check {
        /// Which.
        path: PathBuf,
        /// Why.
        why: Unchecked,
    },
    /// A data set's pictures are not of the size that the net reads.
    #[error("the net {net} reads {reads}, and the pictures of {data} are {pictures}")]
    OtherPictures {
        /// The net.
        net: String,
        /// What it reads.
        reads: Chw,
        /// What says so.
        by: Fixed,
        /// The data set.
        data: String,
        /// Its pictures.
        pictures: Chw,
    },
    /// A data set has another number of classes than the net tells apart.
    #[error("the net {net} tells {tells} classes apart, and {data} has {there}")]
    OtherClasses {
        /// The net.
        net: String,
        /// The classes that it tells apart.
        tells: usize,
        /// What says how many.
        by: Fixed,
        /// The data set.
        data: String,
        /// Its classes.
        there: usize,
    },
    /// Weights were trained for other classes than a data set has.
    #[error(
        "the weights tell {} apart, and {data} has {}", few(.trained), few(.there)
    )]
    OtherNames {
        /// Names of the classes that the weights were trained for.
        trained: Vec<String>,
        /// The data set.
        data: String,
        /// Its classes.
        there: Vec<String>,
    },
    /// A recipe leaves nothing of pictures.
    #[error(
        "recipe: {key} is {value}, which leaves nothing of pictures of {side} pixels a side; at \
         most {most}"
    )]
    Blank {
        /// What does that.
        key: &'static str,
        /// Its value.
        value: usize,
        /// Their shorter side.
        side: usize,
        /// The largest value that makes sense.
        most: usize,
    },
    /// Pictures cannot come to what a net reads.
    #[error("{0}")]
    Pictures(#[from] PictureMisfit),
    /// A net cannot be trained on pictures of another size for a while.
    #[error(transparent)]
    Sizes(#[from] SizeMisfit),
    /// A recipe's list of weights is not one for each class.
    #[error(
        "recipe: class_weights has {given} numbers, and the net tells {classes} classes apart; write one \
         for each, in the order of their names, or balanced"
    )]
    ClassWeights {
        /// How many numbers there are.
        given: usize,
        /// How many classes.
        classes: usize,
    },
    /// A recipe chooses by a validation part, and there is none.
    #[error("recipe: {key} needs a validation part, and {data} has none")]
    NoValidation {
        /// What needs it.
        key: &'static str,
        /// The data set.
        data: String,
    },
    /// There are no training pictures.
    #[error("{data} has no training pictures")]
    NoPictures {
        /// The data set.
        data: String,
    },
    /// Weights do not say what their classes are and how their pictures were standardised.
    #[error(
        "the weights do not say what their classes are and how their pictures were standardised"
    )]
    Undescribed,
    /// The net has a tensor without a value.
    #[error("no value for {tensor}")]
    NoValue {
        /// Which.
        tensor: String,
    },
    /// A folder holds no run.
    #[error("{folder} holds no run (no config.yaml)")]
    NoRun {
        /// Which.
        folder: PathBuf,
    },
    /// No run of a net is there.
    #[error("no run of {name} in {runs}")]
    NoRunOf {
        /// The net.
        name: String,
        /// Where runs are.
        runs: PathBuf,
    },
    /// A folder holds a run already.
    #[error("{folder} holds a run already")]
    HoldsRun {
        /// Which.
        folder: PathBuf,
    },
    /// Another process works in a folder.
    #[error("{folder}: another process{} works in this folder", number(.by))]
    Held {
        /// Which.
        folder: PathBuf,
        /// The number of the process, and its machine if that is another, where it says so.
        by: Option<String>,
    },
    /// A journal holds the results of another study.
    #[error("{path} holds another study:\n  {holds}\nand this one is\n  {asked}")]
    OtherStudy {
        /// Which.
        path: PathBuf,
        /// The first line of what it holds.
        holds: String,
        /// What it would be here.
        asked: String,
    },
    /// The loss is no longer a number.
    #[error("the loss became {loss} at step {step}; the first bad tensor is {tensor}")]
    NonFinite {
        /// The step, counted from 1.
        step: u64,
        /// What the loss became.
        loss: f32,
        /// The first tensor of the forward pass that holds a number that is none.
        tensor: FirstBad,
    },
    /// What was to be saved holds a number that is none.
    #[error(
        "{path} is not written: {tensor} is the first tensor in it that holds what is no finite \
         number ({value})"
    )]
    BadNumber {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The first such number.
        value: f32,
    },
    /// Gradients in half precision overflow, whatever the loss is scaled by.
    #[error(
        "up to step {step}, {left_out} steps in a row had gradients that are no numbers in half \
         precision, and were left out"
    )]
    Overflow {
        /// The last step, counted from 1.
        step: u64,
        /// Steps in a row that were left out.
        left_out: u32,
    },
}

/// Why a tensor of a file does not fit the net's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The file lacks it.
    #[error("it is missing")]
    Missing,
    /// The net lacks it.
    #[error("the net has no tensor of that name")]
    Unknown,
    /// Its numbers are of another kind.
    #[error("it holds {0}, and the net needs F32")]
    Type(String),
    /// Its numbers are of a kind that is not converted.
    #[error("it holds {0}; F32, F64, F16 and BF16 are read")]
    Unread(String),
    /// A variance below zero.
    #[error("it holds negative variances")]
    Negative,
    /// Its shape is another one.
    #[error("its shape is {found:?}, and the net's is {wanted:?}")]
    Shape {
        /// In the file.
        found: Vec<usize>,
        /// In the net.
        wanted: Vec<usize>,
    },
    /// It holds what is no number.
    #[error("it holds what is no number (NaN or infinite)")]
    NoNumber,
}

/// What is wrong with a file of inputs and logits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unchecked {
    /// A tensor is not there.
    #[error("there is no tensor {0}")]
    Missing(&'static str),
    /// It holds other numbers.
    #[error("{tensor} holds {found}, and F32 is read")]
    Type {
        /// Which.
        tensor: &'static str,
        /// What it holds.
        found: String,
    },
    /// It has another shape.
    #[error("{tensor} has the shape {found:?}, and {wanted} is needed")]
    Shape {
        /// Which.
        tensor: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// What it must be, in words.
        wanted: String,
    },
    /// Infinities or NaN.
    #[error("{0} holds infinities or what is no number")]
    NonFinite(&'static str),
}

/// The first tensor that holds a number that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FirstBad {
    /// This one.
    #[error("{0}")]
    Tensor(String),
    /// The step after has overwritten what would tell, as on a GPU.
    #[error("not known, as the step after has begun")]
    Overtaken,
    /// Half precision leaves all state as it was.
    #[error("not known in half precision")]
    Half,
}

impl TrainError {
    /// Of what kind the mistake in a text is, where it is of one.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            TrainError::Unclear { what, .. } => Some(what.fault),
            _ => None,
        }
    }

    /// What it says of a text, without the place.
    pub fn without_place(self) -> String {
        match self {
            TrainError::Unclear { what, .. } => what.without_place(),
            other => other.to_string(),
        }
    }

    /// An error while something is read.
    pub fn reading(path: &Path, error: impl Into<io::Error>) -> Self {
        TrainError::Reading { path: path.to_path_buf(), error: error.into() }
    }

    /// An error while something is written.
    pub fn writing(path: &Path, error: impl Into<io::Error>) -> Self {
        TrainError::Writing { path: path.to_path_buf(), error: error.into() }
    }
}

/// The first few of some names.
fn few(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{shown}, …") } else { shown }
}

fn number(process: &Option<String>) -> String {
    process.as_ref().map_or_else(String::new, |number| format!(" ({number})"))
}

/// Batches next to one that divide evenly.
fn near(batch: usize, ranks: usize) -> String {
    let below = batch / ranks * ranks;
    if below == 0 { ranks.to_string() } else { format!("{below} or {}", below + ranks) }
}
