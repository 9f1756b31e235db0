//! What an engine can fail at, as data: texts say what and where, and leave it to the caller to
//! say what to do about it.

use std::fmt;

use super::Precision;
use crate::graph::{ConvGeometry, InputId, NodeId};

/// Why an engine could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine does not compute in the precision that was asked for.
    UnsupportedPrecision {
        /// Which engine.
        engine: &'static str,
        /// What was asked for.
        precision: Precision,
        /// What it computes in.
        offered: &'static [Precision],
    },
    /// The processor lacks the instruction set that a variable of the environment asks for.
    NoInstructionSet {
        /// The variable.
        variable: &'static str,
        /// Its value.
        asked: String,
        /// What the processor has.
        offered: Vec<&'static str>,
    },
    /// The system has no threads to give.
    NoThreads(String),
    /// There is no GPU adapter.
    NoAdapter,
    /// An adapter does not open.
    Unusable {
        /// Its name.
        adapter: String,
        /// What it says.
        why: String,
    },
    /// An adapter has no 16-bit floats in shaders.
    NoHalf {
        /// Its name.
        adapter: String,
    },
    /// There is no GPU, which alone computes in a precision.
    NoHardware {
        /// The precision.
        precision: Precision,
        /// A software adapter that there is, and whether it has 16-bit floats.
        software: Option<(String, bool)>,
    },
    /// Memory does not suffice.
    OutOfMemory {
        /// What is lacking.
        shortage: Shortage,
        /// The largest batch that would do, where that is known; 0 if none would.
        fits: Option<usize>,
    },
    /// The GPU is gone.
    DeviceLost {
        /// What the driver says, or when it was noticed.
        how: String,
    },
    /// The GPU does not answer.
    NoAnswer {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The GPU computed something and did not hand it over.
    NoResult {
        /// What it says, if anything.
        why: Option<String>,
    },
    /// The GPU refused a command.
    Refused {
        /// What it says.
        what: String,
    },
    /// An operation that the engine has no way to compute.
    NoStep {
        /// The node.
        node: NodeId,
        /// Its operation.
        operation: String,
    },
    /// Pointwise functions read more tensors at once than the engine can.
    TooManyTensors {
        /// How many.
        tensors: usize,
        /// How many it can.
        most: usize,
    },
    /// A convolution that has no output.
    NoOutput {
        /// The convolution.
        geometry: ConvGeometry,
        /// Channels read and written.
        channels: [usize; 2],
    },
    /// An input was given another number of elements than it has.
    WrongLength {
        /// The input.
        input: InputId,
        /// Its elements.
        elements: usize,
        /// Those given.
        given: usize,
    },
    /// The program does not read an input.
    NotRead(InputId),
    /// The program does not have a result.
    NotAsked(String),
    /// A mistake in this program.
    Internal(String),
}

/// Of what there is too little.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// Main memory for a plan of so many bytes.
    Main {
        /// The plan's.
        bytes: usize,
    },
    /// The GPU's memory for a plan.
    Gpu {
        /// Pictures in a batch.
        batch: usize,
        /// Bytes of the plan.
        wanted: u64,
        /// Bytes that were to be had.
        given: u64,
    },
    /// The GPU's memory while it runs.
    Running,
    /// A tensor is larger than what the GPU binds.
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
    Convolution {
        /// The convolution.
        geometry: ConvGeometry,
        /// Channels read and written.
        channels: [usize; 2],
    },
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedPrecision { engine, precision, offered } => {
                let offered: Vec<String> = offered.iter().map(Precision::to_string).collect();
                write!(f, "the {engine} engine computes in {}, not in {precision}", and(&offered))
            }
            Self::NoInstructionSet { variable, asked, offered } => {
                write!(f, "{variable}={asked}: this machine has {}", offered.join(", "))
            }
            Self::NoThreads(why) => write!(f, "cannot start threads: {why}"),
            Self::NoAdapter => f.write_str("no GPU adapter found"),
            Self::Unusable { adapter, why } => {
                write!(f, "the adapter {adapter} cannot be used: {why}")
            }
            Self::NoHalf { adapter } => {
                write!(f, "f16: the adapter {adapter} has no 16-bit floats in shaders (shader-f16)")
            }
            Self::NoHardware { precision, software } => {
                write!(f, "{precision} is a precision of GPUs, and there is none")?;
                match software {
                    Some((name, true)) => write!(f, " but {name}, which is software"),
                    Some((name, false)) => {
                        write!(f, " ({name} is software, and has no 16-bit floats either)")
                    }
                    None => Ok(()),
                }
            }
            Self::OutOfMemory { shortage, .. } => shortage.fmt(f),
            Self::DeviceLost { how } => write!(f, "the GPU was lost ({how})"),
            Self::NoAnswer { seconds } => write!(f, "the GPU did not answer for {seconds} s"),
            Self::NoResult { why: None } => f.write_str("the GPU did not hand over a result"),
            Self::NoResult { why: Some(why) } => {
                write!(f, "a result of the GPU cannot be read: {why}")
            }
            Self::Refused { what } => write!(f, "the GPU refused a command: {what}"),
            Self::NoStep { node, operation } => {
                write!(f, "the CPU engine has no step for {node} ({operation})")
            }
            Self::TooManyTensors { tensors, most } => {
                write!(f, "a fused loop reads {tensors} tensors, more than the engine's {most}")
            }
            Self::NoOutput { geometry, channels: [from, to] } => {
                write!(f, "a convolution {geometry:?} from {from} to {to} channels has no output")
            }
            Self::WrongLength { input, elements, given } => {
                write!(f, "input {input} has {elements} elements, but {given} were given")
            }
            Self::NotRead(input) => write!(f, "the program does not read its input {input}"),
            Self::NotAsked(output) => write!(f, "the program has no output {output}"),
            Self::Internal(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        match self {
            Self::Main { bytes } => write!(f, "{} MiB of memory could not be had", bytes >> 20),
            Self::Gpu { batch, wanted, given } => write!(
                f,
                "the GPU is out of memory: of {} MiB for batch {batch} it gave {} MiB",
                mib(*wanted),
                given >> 20
            ),
            Self::Running => f.write_str("the GPU is out of memory"),
            Self::Tensor { adapter, batch, bytes, most } => write!(
                f,
                "a tensor takes {} MiB at batch {batch}, and {adapter} binds at most {} MiB",
                mib(*bytes as u64),
                most >> 20
            ),
            Self::Convolution { geometry, channels: [from, to] } => write!(
                f,
                "a convolution {geometry:?} from {from} to {to} channels is larger than what the \
                 CPU engine can count"
            ),
        }
    }
}

impl std::error::Error for EngineError {}

/// a, b and c
fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
