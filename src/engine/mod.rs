//! What an engine is: something that compiles a [`Program`] and runs it.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::graph::{InputId, Program};

pub mod cpu;
pub mod profile;
pub mod wgpu;

/// What an engine computes in. Parameters, statistics and sums are always f32. Its names are the
/// same on the command line, in recipes, studies and runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum Precision {
    /// 32 bits throughout.
    #[default]
    F32,
    /// Operands of contractions as sums of two bf16 numbers, three products for one; tensors in
    /// f32.
    Bf16x3,
    /// Operands of contractions and activations in bf16.
    Bf16,
    /// Activations and their gradients stored in half precision, computed with in f32; on GPUs.
    F16,
}

impl Precision {
    /// Whether training needs a scaled loss, since small gradients would vanish where they are
    /// stored ([`crate::nn::loss_scaling`]).
    pub fn scales_loss(self) -> bool {
        match self {
            Precision::F16 => true,
            // bf16 has the exponents of f32.
            Precision::F32 | Precision::Bf16x3 | Precision::Bf16 => false,
        }
    }
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

/// What an engine says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// `cpu` or `wgpu`.
    pub engine: &'static str,
    /// The device's own name, with what makes it fast (`AVX-512, 2 threads`).
    pub name: String,
}

/// Why an engine could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineError {
    /// The engine does not compute in the precision that was asked for; with what to do.
    Unsupported(String),
    /// No device of this kind, or none that can run the program; with what to do.
    NoDevice(String),
    /// The device has too little memory for the program; with what to do.
    OutOfMemory(String),
    /// The device failed while running; with what to do.
    Failed(String),
}

impl std::fmt::Display for EngineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            EngineError::Unsupported(text)
            | EngineError::NoDevice(text)
            | EngineError::OutOfMemory(text)
            | EngineError::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for EngineError {}

/// Compiles programs for one device.
pub trait Engine {
    /// Which device.
    fn device(&self) -> Device;

    /// What the device can do at most, measured now; `None` where the engine cannot tell.
    fn limits(&self) -> Option<profile::Limits> {
        None
    }

    /// Plans memory, makes kernels and allocates. State inputs start at zero.
    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError>;
}

/// Outputs of a run, in the order in which they were asked for.
pub enum Pending {
    /// The run has ended.
    Ready(Vec<Vec<f32>>),
    /// The run is under way: waits for it.
    Later(Box<dyn FnOnce() -> Result<Vec<Vec<f32>>, EngineError>>),
}

impl Pending {
    /// Whether they are there already.
    pub fn is_ready(&self) -> bool {
        matches!(self, Pending::Ready(_))
    }

    /// Waits for them.
    pub fn wait(self) -> Result<Vec<Vec<f32>>, EngineError> {
        match self {
            Pending::Ready(outputs) => Ok(outputs),
            Pending::Later(wait) => wait(),
        }
    }
}

/// A compiled program with its memory.
pub trait Executable {
    /// Sets an input, in the layout of its [`crate::graph::Shape`], row-major f32.
    fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError>;

    /// Runs once; afterwards every updated input holds its new value.
    fn run(&mut self) -> Result<(), EngineError>;

    /// Starts a run and hands out what it leaves in some outputs, by their numbers. The device may
    /// still compute when this returns, so that the caller can prepare the next run meanwhile.
    fn begin(&mut self, outputs: &[usize]) -> Result<Pending, EngineError> {
        self.run()?;
        let read = |&index: &usize| self.output(index);
        Ok(Pending::Ready(outputs.iter().map(read).collect::<Result<_, _>>()?))
    }

    /// Runs once like [`Executable::run`] and says what each kernel took; empty where the engine
    /// cannot tell.
    fn run_timed(&mut self) -> Result<Vec<profile::KernelTime>, EngineError> {
        self.run()?;
        Ok(Vec::new())
    }

    /// Reads output number `index` of the program as the last run left it.
    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError>;

    /// Reads an input as it is now: what was written, or what the last run updated.
    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError>;

    /// Bytes of device memory held for tensors.
    fn memory(&self) -> usize;
}
