//! The GPU engine: generated WGSL, validated by naga, run through wgpu on whatever adapter there
//! is.
//!
//! A program passes through these stages, each of which reads what those before it have left:
//!
//! 1. [`crate::graph::placement`]: which values are stored, which are computed where they are used;
//!    and [`cut::bare`]: which contractions do nothing else, since their style wants it.
//! 2. [`kernel`]: nodes grouped into kernels.
//! 3. [`cut`]: each kernel's domain cut into workgroups, with the partial sums that these leave.
//! 4. [`dispatch`]: which kernels run as one, and when.
//! 5. [`memory`]: where everything that is stored lives. So far [`plan`].
//! 6. `text`: WGSL, with what it binds. So far `lowered`, all without a device; `wgsl` hands it
//!    to whoever wants to read it, [`dump`] shows the plan.
//! 7. `pipelines`: texts compiled by the driver.
//! 8. `executable`: a step as one submission, before which `expansion` makes numbers of pictures; with other
//!    ranks as several, between which sums cross (`crossing`).
//!
//! A stage imports from those before it and from `numbers`, `device` from what it holds (`memory`,
//! `text`). `tune` and `self_test` run whole programs: of a program in several cuts they keep the
//! fastest, of cooperative matrices they find out whether they are right. `cost` says what a kernel
//! computes and moves, `estimate` how long that takes at least on one of the `chips`. `completed` is what one of several
//! ranks runs of a program of all. Others see what this module hands on, and `dump`.

use std::sync::Arc;

use crate::engine::{Device, Engine, EngineError, Executable, Precision, share};
use crate::graph::Program;
use crate::ranks::Ranks;

pub mod chips;
mod completed;
mod cost;
mod crossing;
pub mod cut;
mod device;
pub mod dispatch;
pub mod dump;
pub mod estimate;
mod executable;
mod expansion;
pub mod kernel;
mod lowered;
pub mod memory;
mod numbers;
mod pipelines;
pub mod plan;
mod self_test;
mod text;
mod tune;
mod validate;
mod wgsl;

pub use cut::{Blocking, Capabilities, MOST as MOST_CHOICES, Matrices, Style, Target};
pub use device::adapter::{AdapterSummary, adapters};
pub use device::options::{DeviceLimits, Options, Tune};
pub use numbers::NumberFormat;
pub use plan::GpuPlan;
pub use validate::validate;
pub use wgsl::{Access, KernelText, WgslProgram, kernels, wgsl};

use device::adapter::Gpu;

/// How a precision stores activations; none that a GPU does not compute in.
fn stored(precision: Precision) -> Result<NumberFormat, EngineError> {
    match precision {
        Precision::F32 | Precision::F16x3 => Ok(NumberFormat::F32),
        Precision::F16 => Ok(NumberFormat::F16),
        Precision::Bf16x3 | Precision::Bf16 => Err(EngineError::UnsupportedPrecision {
            engine: "wgpu",
            precision,
            offered: &[Precision::F32, Precision::F16x3, Precision::F16],
        }),
    }
}

/// An adapter, opened.
#[derive(Clone, Debug)]
pub struct WgpuEngine {
    gpu: Arc<Gpu>,
    target: Target,
    tune: Tune,
    /// Why contractions go without the cooperative matrices that the precision would use.
    without: Option<String>,
    /// With which others it computes.
    ranks: Option<Ranks>,
}

impl WgpuEngine {
    /// Opens the best adapter: a discrete GPU before an integrated one before a software driver.
    pub fn new() -> Result<Self, EngineError> {
        Self::open(&Options::default())
    }

    /// The same, opened as it is said.
    pub fn open(options: &Options) -> Result<Self, EngineError> {
        let activations = stored(options.precision)?;
        let gpu = Arc::new(Gpu::open(options, activations)?);
        let software = gpu.summary.software;
        let style = Style::suited(software);
        // What suits hardware says nothing of software, which takes minutes to try.
        let tune = if software { Tune::Off } else { options.tune };
        let capabilities = gpu.capabilities(Capabilities::default());
        let target = Target { activations, style, capabilities, ..Target::default() };
        let engine = Self { gpu, target, tune, without: None, ranks: None };
        let matrices = options.precision != Precision::F32;
        // Without them f16x3 is f32, which is to be said; f16 is f16.
        let parts = options.precision == Precision::F16x3;
        Ok(match options.limits {
            DeviceLimits::WebGpuDefault => engine.without(parts, "WebGPU by default has none"),
            DeviceLimits::Adapter if software => engine.without(parts, "the adapter is software"),
            DeviceLimits::Adapter => engine.with_capabilities(matrices),
        })
    }

    /// The same engine as one of several ranks.
    #[must_use]
    pub fn with_ranks(self, ranks: Ranks) -> Self {
        let target = Target { rank: ranks.rank(), ..self.target };
        Self { ranks: Some(ranks), target, ..self }
    }

    /// The same engine, which says why it has no matrices if they are wanted.
    fn without(self, wanted: bool, why: &str) -> Self {
        Self { without: wanted.then(|| why.to_owned()), ..self }
    }

    /// The same engine with all that its adapter has beyond WebGPU's core.
    fn with_capabilities(self, matrices: bool) -> Self {
        let engine = self.clone().with_subgroups().unwrap_or(self);
        if !matrices {
            return engine;
        }
        engine.clone().with_matrices().unwrap_or_else(|why| engine.without(true, &why))
    }

    /// The same engine with sums added up by subgroups; none where there are no subgroups.
    pub fn with_subgroups(self) -> Option<Self> {
        let capabilities = Capabilities { subgroups: true, ..self.target.capabilities };
        let offered = self.gpu.device.features().contains(wgpu::Features::SUBGROUP);
        offered.then_some(Self { target: Target { capabilities, ..self.target }, ..self })
    }

    /// The same engine with contractions by cooperative matrices of half precision, in two parts
    /// where activations are of single precision; else why its adapter's are not used.
    pub fn with_matrices(self) -> Result<Self, String> {
        let (gpu, matrices) = self_test::with_matrices(&self.gpu, self.target.activations)?;
        let capabilities = Capabilities { matrices: Some(matrices), ..self.target.capabilities };
        let target = Target { capabilities, ..self.target };
        Ok(Self { gpu, target, ..self })
    }

    /// What is to be said of how contractions are computed, in a precision that has matrices for it.
    pub fn remark(&self) -> Option<String> {
        match (self.target.capabilities.matrices, &self.without) {
            (Some(Matrices { edge, .. }), _) => {
                let parts = if self.target.parts() == 2 { ", operands in two parts" } else { "" };
                Some(format!("contractions by cooperative matrices of {edge}×{edge}{parts}"))
            }
            (None, Some(why)) => {
                let single = match self.target.activations {
                    NumberFormat::F32 => ", in f32",
                    NumberFormat::F16 => "",
                };
                Some(format!("contractions without cooperative matrices{single}: {why}"))
            }
            (None, None) => None,
        }
    }

    /// Refuses a precision that this engine does not compute in.
    pub fn check(precision: Precision) -> Result<(), EngineError> {
        stored(precision).map(drop)
    }

    /// The same engine with other contractions than those that suit the adapter.
    pub fn with_style(self, style: Style) -> Self {
        Self { target: Target { style, ..self.target }, ..self }
    }

    /// The same engine with this candidate of every contraction, which is not tuned.
    pub fn with_choice(self, choice: usize) -> Self {
        Self { target: Target { choice, ..self.target }, tune: Tune::Off, ..self }
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

    /// Adapters like the one that is used, itself among them, which the processes of a machine take in turn: one
    /// where it was asked for by its number.
    pub fn alike(&self) -> usize {
        self.gpu.alike
    }

    /// The adapter that is used.
    pub fn adapter(&self) -> &AdapterSummary {
        &self.gpu.summary
    }
}

impl Engine for WgpuEngine {
    fn device(&self) -> Device {
        let AdapterSummary { name, backend, .. } = &self.gpu.summary;
        let name = format!("{name} ({backend})");
        Device { engine: "wgpu", name, threads: None, products: None }
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        let ranks = self.ranks.as_ref();
        if ranks.is_none() {
            share::is_of_one(program)?;
        }
        let (lowered, tuned) = tune::tuned(&self.gpu, program, self.target, self.tune, ranks)?;
        let (gpu, ranks) = (self.gpu.clone(), self.ranks.clone());
        Ok(Box::new(executable::GpuProgram::new(gpu, program, lowered, tuned, ranks)?))
    }

    fn compile_divided(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        let Some(ranks) = &self.ranks else { return self.compile(program) };
        let own = share::divided(program, ranks.count())?;
        let own = share::indices_of_all(&own, ranks.rank() * own.batch);
        self.compile(&completed::completed(&own, ranks.rank(), ranks.count())?)
    }
}
