//! What an engine is: something that compiles a [`Program`] and runs it.

use crate::text::counted;
use serde::{Deserialize, Serialize};

use crate::graph::{InputId, Program};
use crate::pixels;

pub mod cpu;
mod error;
pub mod profile;
mod share;
pub mod traffic;
pub mod wgpu;

pub use error::{EngineError, Shortage};

/// What an engine computes in. Parameters, statistics and sums are always f32. Its names are the
/// same on the command line, in recipes, studies and runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits throughout.
    #[default]
    F32,
    /// Operands of contractions as sums of two bf16 numbers, three products for one; tensors in
    /// f32.
    Bf16x3,
    /// Operands of contractions and activations in bf16.
    Bf16,
    /// Operands of contractions as sums of two f16 numbers, three products for one, where the GPU
    /// multiplies matrices, which keeps 22 of the 24 bits of f32; tensors in f32.
    F16x3,
    /// Activations and their gradients stored in half precision, computed with in f32; on GPUs.
    F16,
}

impl Precision {
    /// All of them.
    pub const ALL: [Precision; 5] =
        [Precision::F32, Precision::Bf16x3, Precision::Bf16, Precision::F16x3, Precision::F16];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Bf16x3 => "bf16x3",
            Precision::Bf16 => "bf16",
            Precision::F16x3 => "f16x3",
            Precision::F16 => "f16",
        }
    }

    /// Whether training needs a scaled loss, since small gradients would vanish where they are
    /// stored or multiplied ([`crate::nn::loss_scaling`]).
    pub fn scales_loss(self) -> bool {
        match self {
            Precision::F16x3 | Precision::F16 => true,
            // bf16 has the exponents of f32.
            Precision::F32 | Precision::Bf16x3 | Precision::Bf16 => false,
        }
    }
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What an engine says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// `cpu` or `wgpu`.
    pub engine: &'static str,
    /// The device's own name: of a CPU, the instructions that are used (`avx512`).
    pub name: String,
    /// Threads that compute, where the host's do.
    pub threads: Option<usize>,
    /// What contractions multiply in, where it is not what the precision says.
    pub products: Option<Precision>,
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if let Some(threads) = self.threads {
            write!(f, ", {}", counted(threads, "thread"))?;
        }
        self.products.map_or(Ok(()), |products| write!(f, ", products in {products}"))
    }
}

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

    /// The same for a program of which every rank computes as many images, this one those at its place:
    /// reductions over the batch are over the images of all ranks. Batched inputs and outputs are the rank's
    /// own images.
    fn compile_divided(&self, _program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        Err(EngineError::NoRanks { engine: self.device().engine })
    }
}

/// Values in the order in which they were asked for. Any thread may wait for them.
pub enum Pending {
    /// They are there.
    Ready(Vec<Vec<f32>>),
    /// They are on their way: waits for them.
    Later(Box<dyn FnOnce() -> Result<Vec<Vec<f32>>, EngineError> + Send>),
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

    /// Whether pictures that an input is set to are standardised where the program runs, so that
    /// bytes are all that goes there.
    fn standardises(&self, _input: InputId) -> bool {
        false
    }

    /// Sets an input to what pictures become, batch × rows × columns × channels.
    fn write_pictures(
        &mut self,
        input: InputId,
        pictures: &pixels::Batch,
    ) -> Result<(), EngineError> {
        self.write(input, &pictures.expanded())
    }

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

    /// The forms of kernels that were timed when this was compiled; empty where none were.
    fn tuned(&self) -> &[profile::Tuned] {
        &[]
    }

    /// Reads output number `index` of the program as the last run left it.
    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError>;

    /// Reads an input as it is now: what was written, or what the last run updated.
    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError>;

    /// Copies inputs as they are now, and hands out the copies, which later runs do not change.
    fn snapshot(&mut self, inputs: &[InputId]) -> Result<Pending, EngineError> {
        let read = |&input: &InputId| self.state(input);
        Ok(Pending::Ready(inputs.iter().map(read).collect::<Result<_, _>>()?))
    }

    /// Bytes of device memory held for tensors.
    fn memory(&self) -> usize;
}
