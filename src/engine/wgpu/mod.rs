//! The GPU engine: generated WGSL, validated by naga, run through wgpu on whatever adapter there
//! is.
//!
//! `device` is opened and holds memory, `self_test` tests its cooperative matrices. `compiled` takes a
//! program through [`kernel`] and `emit`, which writes the kernels that were formed there
//! (`plan` shows them without a device, `tune` finds the form that is fastest on one). `pipelines`
//! compiles them, `executable` runs a step as one submission, `cost` says what each kernel moves.

use std::sync::Arc;

pub use crate::engine::wgpu::kernel::Tensors;
use crate::engine::{Device, Engine, EngineError, Executable, Precision};
use crate::graph::Program;

mod compiled;
mod cost;
mod device;
mod emit;
mod executable;
pub mod kernel;
mod pipelines;
mod plan;
mod self_test;
mod tune;

pub use compiled::Layout;
pub use device::adapter::{AdapterSummary, adapters};
pub use device::options::{DeviceLimits, Options, Tune};
pub use emit::{Binding, Blocking, Buffer, Code, Extras, Matrices, Style};
pub use plan::{Access, KernelText, Plan, kernels, plan};

use device::adapter::Gpu;

/// How a precision stores activations; none that a GPU does not compute in.
fn stored(precision: Precision) -> Result<Tensors, EngineError> {
    match precision {
        Precision::F32 => Ok(Tensors::Single),
        Precision::F16 => Ok(Tensors::Half),
        Precision::Bf16x3 | Precision::Bf16 => Err(EngineError::UnsupportedPrecision {
            engine: "wgpu",
            precision,
            offered: &[Precision::F32, Precision::F16],
        }),
    }
}

/// An adapter, opened.
#[derive(Clone, Debug)]
pub struct WgpuEngine {
    gpu: Arc<Gpu>,
    layout: Layout,
    tune: Tune,
    /// Why contractions in half precision go without cooperative matrices, if that was tried.
    without: Option<String>,
}

impl WgpuEngine {
    /// Opens the best adapter: a discrete GPU before an integrated one before a software driver.
    pub fn new() -> Result<Self, EngineError> {
        Self::open(&Options::default())
    }

    /// The same, opened as it is said.
    pub fn open(options: &Options) -> Result<Self, EngineError> {
        let tensors = stored(options.precision)?;
        let gpu = Arc::new(Gpu::open(options, tensors)?);
        let software = gpu.summary.software;
        let style = Style::suited(software);
        // What suits hardware says nothing of software, which takes minutes to try.
        let tune = if software { Tune::Off } else { options.tune };
        let layout = Layout { tensors, style, ..Layout::default() };
        let engine = Self { gpu, layout, tune, without: None };
        let core = software || options.limits == DeviceLimits::WebGpuDefault;
        Ok(if core { engine } else { engine.with_extras() })
    }

    /// The same engine with all that its adapter has beyond WebGPU's core.
    fn with_extras(self) -> Self {
        let engine = self.clone().with_subgroups().unwrap_or(self);
        match engine.layout.tensors {
            Tensors::Single => engine,
            Tensors::Half => engine
                .clone()
                .with_matrices()
                .unwrap_or_else(|why| Self { without: Some(why), ..engine }),
        }
    }

    /// The same engine with sums added up by subgroups; none where there are no subgroups.
    pub fn with_subgroups(self) -> Option<Self> {
        let extras = Extras { subgroups: true, ..self.layout.extras };
        let offered = self.gpu.device.features().contains(wgpu::Features::SUBGROUP);
        offered.then_some(Self { layout: Layout { extras, ..self.layout }, ..self })
    }

    /// The same engine with contractions in half precision by cooperative matrices; else why its
    /// adapter's are not used.
    pub fn with_matrices(self) -> Result<Self, String> {
        if self.layout.tensors == Tensors::Single {
            return Err("they multiply in half precision, and this engine computes in f32".into());
        }
        let (gpu, matrices) = self_test::with_matrices(&self.gpu)?;
        let extras = Extras { matrices: Some(matrices), ..self.layout.extras };
        let blocking = Blocking::choices(extras)[0];
        let layout = Layout { extras, blocking, ..self.layout };
        Ok(Self { gpu, layout, ..self })
    }

    /// What is to be said of how contractions are computed in half precision, on hardware.
    pub fn remark(&self) -> Option<String> {
        match (self.layout.extras.matrices, &self.without) {
            (Some(Matrices { edge, .. }), _) => {
                Some(format!("contractions by cooperative matrices of {edge}×{edge}"))
            }
            (None, Some(why)) => Some(format!("contractions without cooperative matrices: {why}")),
            (None, None) => None,
        }
    }

    /// Refuses a precision that this engine does not compute in.
    pub fn check(precision: Precision) -> Result<(), EngineError> {
        stored(precision).map(drop)
    }

    /// The same engine with other contractions than those that suit the adapter.
    pub fn with_style(self, style: Style) -> Self {
        Self { layout: Layout { style, ..self.layout }, ..self }
    }

    /// The same engine with this blocking of all contractions, which are not tuned.
    pub fn with_blocking(self, blocking: Blocking) -> Self {
        Self { layout: Layout { blocking, ..self.layout }, tune: Tune::Off, ..self }
    }

    /// The same engine with other tuning than suits the adapter.
    pub fn with_tuning(self, tune: Tune) -> Self {
        Self { tune, ..self }
    }

    /// Bytes that the device has given out, other programs' on it included, where it tells.
    pub fn allocated(&self) -> Option<u64> {
        let report = self.gpu.device.generate_allocator_report()?;
        Some(report.total_allocated_bytes)
    }

    /// Destroys the device, as if its cable had been pulled: whatever runs on it fails.
    pub fn destroy(&self) {
        self.gpu.device.destroy();
    }

    /// The adapter that is used.
    pub fn adapter(&self) -> &AdapterSummary {
        &self.gpu.summary
    }
}

impl Engine for WgpuEngine {
    fn device(&self) -> Device {
        let AdapterSummary { name, backend, .. } = &self.gpu.summary;
        Device { engine: "wgpu", name: format!("{name} ({backend})") }
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        let compiled = tune::compiled(&self.gpu, program, self.layout, self.tune)?;
        Ok(Box::new(executable::GpuProgram::new(self.gpu.clone(), program, compiled)?))
    }
}
