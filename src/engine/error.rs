//! What an engine can fail at, as data: texts say what and where, and leave it to the caller to
//! say what to do about it.

use super::Precision;
use crate::graph::{ConvGeometry, InputId, NodeId};
use crate::ranks::Lost;
use crate::text::series;

/// Why an engine could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine does not compute in the precision that was asked for.
    #[error(
        "the {engine} engine computes in {}, not in {precision}", series(.offered, "and")
    )]
    UnsupportedPrecision {
        /// Which engine.
        engine: &'static str,
        /// What was asked for.
        precision: Precision,
        /// What it computes in.
        offered: &'static [Precision],
    },
    /// The engine computes for one rank alone.
    #[error("the {engine} engine computes in one process, not on several ranks together")]
    NoRanks {
        /// Which engine.
        engine: &'static str,
    },
    /// The other ranks cannot be reached any more.
    #[error("{0}, and a run on several ranks cannot go on without one")]
    Lost(#[from] Lost),
    /// The processor lacks the instruction set that a variable of the environment asks for.
    #[error("{variable}={asked}: this machine has {}", .offered.join(", "))]
    NoInstructionSet {
        /// The variable.
        variable: &'static str,
        /// Its value.
        asked: String,
        /// What the processor has.
        offered: Vec<&'static str>,
    },
    /// The system has no threads to give.
    #[error("cannot start threads: {0}")]
    NoThreads(String),
    /// There is no GPU adapter.
    #[error("no GPU adapter found")]
    NoAdapter,
    /// There is no adapter of the number that was asked for.
    #[error("adapter {number}: {}", counted_from_zero(*.found))]
    NoSuchAdapter {
        /// What was asked for.
        number: usize,
        /// How many adapters there are.
        found: usize,
    },
    /// An adapter does not open.
    #[error("the adapter {adapter} cannot be used: {why}")]
    Unusable {
        /// Its name.
        adapter: String,
        /// What it says.
        why: String,
    },
    /// An adapter has no 16-bit floats in shaders.
    #[error("f16: the adapter {adapter} has no 16-bit floats in shaders (shader-f16)")]
    NoHalf {
        /// Its name.
        adapter: String,
    },
    /// There is no GPU, which alone computes in a precision.
    #[error("{precision} is a precision of GPUs, and there is none{}", but(.software))]
    NoHardware {
        /// The precision.
        precision: Precision,
        /// A software adapter that there is, and whether it has 16-bit floats.
        software: Option<(String, bool)>,
    },
    /// Memory does not suffice.
    #[error("{shortage}")]
    OutOfMemory {
        /// What is lacking.
        shortage: Shortage,
        /// The largest batch that would do, where that is known; 0 if none would.
        fits: Option<usize>,
    },
    /// The GPU is gone.
    #[error("the GPU was lost ({how})")]
    DeviceLost {
        /// What the driver says, or when it was noticed.
        how: String,
    },
    /// The GPU does not answer.
    #[error("the GPU did not answer for {seconds} s")]
    NoAnswer {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The GPU computed something and did not hand it over.
    #[error("{}", no_result(.why))]
    NoResult {
        /// What it says, if anything.
        why: Option<String>,
    },
    /// The GPU refused a command.
    #[error("the GPU refused a command: {what}")]
    Refused {
        /// What it says.
        what: String,
    },
    /// An operation that the engine has no way to compute.
    #[error("the CPU engine has no step for {node} ({operation})")]
    NoStep {
        /// The node.
        node: NodeId,
        /// Its operation.
        operation: String,
    },
    /// Pointwise functions read more tensors at once than the engine can.
    #[error("a fused loop reads {tensors} tensors, more than the engine's {most}")]
    TooManyTensors {
        /// How many.
        tensors: usize,
        /// How many it can.
        most: usize,
    },
    /// A convolution that has no output.
    #[error(
        "a convolution {geometry:?} from {} to {} channels has no output",
        .channels[0], .channels[1]
    )]
    NoOutput {
        /// The convolution.
        geometry: ConvGeometry,
        /// Channels read and written.
        channels: [usize; 2],
    },
    /// An input was given another number of elements than it has.
    #[error("input {input} has {elements} elements, but {given} were given")]
    WrongLength {
        /// The input.
        input: InputId,
        /// Its elements.
        elements: usize,
        /// Those given.
        given: usize,
    },
    /// The program does not have an input.
    #[error("the program has no input {0}")]
    NotRead(InputId),
    /// The program does not have a result.
    #[error("the program has no output {0}")]
    NotAsked(String),
    /// A mistake in this program.
    #[error("{0}")]
    Internal(String),
}

/// Of what there is too little.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shortage {
    /// Main memory for a plan of so many bytes.
    #[error("{} MiB of memory could not be had", .bytes >> 20)]
    Main {
        /// The plan's.
        bytes: usize,
    },
    /// The GPU's memory for a plan.
    #[error(
        "the GPU is out of memory: of {} MiB for batch {batch} it gave {} MiB",
        .wanted.div_ceil(1 << 20), .given >> 20
    )]
    Gpu {
        /// Pictures in a batch.
        batch: usize,
        /// Bytes of the plan.
        wanted: u64,
        /// Bytes that were to be had.
        given: u64,
    },
    /// The GPU's memory while it runs.
    #[error("the GPU is out of memory")]
    Running,
    /// A tensor is larger than what the GPU binds.
    #[error(
        "a tensor takes {} MiB at batch {batch}, and {adapter} binds at most {} MiB",
        .bytes.div_ceil(1 << 20), .most >> 20
    )]
    Tensor {
        /// The adapter.
        adapter: String,
        /// Pictures in a batch.
        batch: usize,
        /// Bytes of the tensor.
        bytes: usize,
        /// Bytes that are bound.
        most: usize,
    },
    /// A convolution is larger than the engine's numbers.
    #[error(
        "a convolution {geometry:?} from {} to {} channels is larger than what the CPU engine can \
         count",
        .channels[0], .channels[1]
    )]
    Convolution {
        /// The convolution.
        geometry: ConvGeometry,
        /// Channels read and written.
        channels: [usize; 2],
    },
}

fn counted_from_zero(found: usize) -> String {
    match found {
        0 => "there is no GPU adapter".to_owned(),
        1 => "there is one adapter, which is 0".to_owned(),
        _ => format!("there are {found} adapters, 0 to {}", found - 1),
    }
}

fn but(software: &Option<(String, bool)>) -> String {
    match software {
        Some((name, true)) => format!(" but {name}, which is software"),
        Some((name, false)) => format!(" ({name} is software, and has no 16-bit floats either)"),
        None => String::new(),
    }
}

fn no_result(why: &Option<String>) -> String {
    match why {
        Some(why) => format!("a result of the GPU cannot be read: {why}"),
        None => "the GPU did not hand over a result".into(),
    }
}
