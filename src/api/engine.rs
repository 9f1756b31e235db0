//! Choosing an engine and opening it.

use std::path::PathBuf;
use std::rc::Rc;

use crate::engine::cpu::CpuEngine;
use crate::engine::wgpu::{
    AdapterSummary, DeviceLimits, Options as GpuOptions, Tune, WgpuEngine, adapters,
};
use crate::engine::{Engine, EngineError, Precision};
use crate::ranks::Ranks;

/// Which engine to open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// The one that suits the precision: in f32 a real GPU if there is one, else the CPU.
    #[default]
    Best,
    /// The CPU engine.
    Cpu,
    /// The GPU engine, on whatever adapter there is, a software driver's too.
    Gpu,
}

impl EngineKind {
    /// The same, or the one that the precision leaves: [`EngineKind::Best`] has a choice in f32 alone.
    #[must_use]
    pub fn suited(self, precision: Precision) -> Self {
        match (self, precision) {
            (EngineKind::Best, Precision::Bf16x3 | Precision::Bf16) => EngineKind::Cpu,
            (EngineKind::Best, Precision::F16x3 | Precision::F16) => EngineKind::Gpu,
            (EngineKind::Best, Precision::F32) | (EngineKind::Cpu | EngineKind::Gpu, _) => self,
        }
    }
}

/// How to open an engine.
///
/// ```
/// use rnetc::{EngineOptions, Precision};
///
/// let engine = EngineOptions::cpu().precision(Precision::F32).threads(1).open()?;
/// assert_eq!(engine.device().engine, "cpu");
/// # Ok::<(), rnetc::EngineError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EngineOptions {
    /// Which one.
    pub kind: EngineKind,
    /// What it computes in.
    pub precision: Precision,
    /// Threads of the CPU engine; one a core where it is not said.
    pub threads: Option<usize>,
    /// Which adapter the GPU engine takes, by its place in [`adapters`]; the best where it is not said.
    /// With [`EngineKind::Best`], it asks for the GPU engine.
    pub adapter: Option<usize>,
    /// What the GPU engine may ask its device for.
    pub limits: DeviceLimits,
    /// Whether the GPU engine times its contractions in several forms to find the fastest.
    pub tune: Tune,
    /// A folder in which the GPU engine keeps compiled pipelines, and what tuning found.
    pub pipelines: Option<PathBuf>,
    /// The ranks with which it trains together.
    pub ranks: Option<Ranks>,
}

/// An engine that is open.
pub struct OpenEngine {
    /// The engine, which runs share that compile again on their way.
    pub engine: Rc<dyn Engine>,
    /// What it computes in.
    pub precision: Precision,
    /// Threads it computes with; 0 on a GPU.
    pub threads: usize,
    /// Why it was taken.
    pub why: Reason,
    /// What is to be said of how it computes, if anything: that it is slow in this precision or
    /// no faster than f32, or by what means it multiplies.
    pub remark: Option<String>,
    /// The ranks with which it trains together.
    pub ranks: Option<Ranks>,
    /// Adapters that the ranks of this machine take in turn; 0 on the CPU.
    pub adapters: usize,
}

/// Why an engine was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It was asked for.
    Asked,
    /// It computes in this precision.
    Precision(Precision),
    /// It is the GPU that was found, of this kind.
    Gpu(String),
    /// The GPU that was found does not open.
    GpuDoesNotOpen {
        /// Its name.
        name: String,
        /// Why not.
        error: EngineError,
    },
    /// There is no GPU, but for a software driver of this name.
    OnlySoftware(String),
    /// There is no GPU.
    NoGpu,
}

impl EngineOptions {
    /// The engine that suits the precision.
    pub fn best() -> Self {
        Self::default()
    }

    /// The CPU engine.
    pub fn cpu() -> Self {
        Self { kind: EngineKind::Cpu, ..Self::default() }
    }

    /// The GPU engine.
    pub fn gpu() -> Self {
        Self { kind: EngineKind::Gpu, ..Self::default() }
    }

    /// The same in another precision.
    #[must_use]
    pub fn precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The same with so many threads.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads: Some(threads), ..self }
    }

    /// Opens the engine.
    ///
    /// # Errors
    /// [`EngineError::UnsupportedPrecision`] where the engine does not compute in the precision,
    /// and whatever keeps its device from opening.
    pub fn open(&self) -> Result<OpenEngine, EngineError> {
        self.check()?;
        match self.asked() {
            EngineKind::Cpu => self.cpu_engine(Reason::Asked),
            EngineKind::Gpu => self.gpu_engine(Reason::Asked),
            EngineKind::Best => self.best_engine(),
        }
    }

    /// Whether the engine computes in the precision, without opening it.
    ///
    /// # Errors
    /// [`EngineError::UnsupportedPrecision`] where it does not.
    pub fn check(&self) -> Result<(), EngineError> {
        match self.asked() {
            EngineKind::Cpu => CpuEngine::check(self.precision),
            EngineKind::Gpu => WgpuEngine::check(self.precision),
            // It is chosen by the precision.
            EngineKind::Best => Ok(()),
        }
    }

    /// The kind, where an adapter asks for the GPU engine too.
    fn asked(&self) -> EngineKind {
        match (self.kind, self.adapter) {
            (EngineKind::Best, Some(_)) => EngineKind::Gpu,
            (kind, _) => kind,
        }
    }

    fn best_engine(&self) -> Result<OpenEngine, EngineError> {
        let reason = Reason::Precision(self.precision);
        match EngineKind::Best.suited(self.precision) {
            EngineKind::Best => self.fastest(),
            EngineKind::Cpu => self.cpu_engine(reason),
            EngineKind::Gpu => self.hardware(reason),
        }
    }

    /// A real GPU if there is one and it opens, else the CPU.
    fn fastest(&self) -> Result<OpenEngine, EngineError> {
        let found = adapters();
        let software = found.iter().find(|adapter| adapter.software);
        let reason = match (found.iter().find(|adapter| !adapter.software), software) {
            (Some(gpu), _) => match self.gpu_engine(Reason::Gpu(gpu.kind.to_owned())) {
                Ok(opened) => return Ok(opened),
                // Others may have theirs, and all must be alike.
                Err(error) if self.ranks.is_some() => return Err(error),
                Err(error) => Reason::GpuDoesNotOpen { name: gpu.name.clone(), error },
            },
            (None, Some(adapter)) => Reason::OnlySoftware(adapter.name.clone()),
            (None, None) => Reason::NoGpu,
        };
        self.cpu_engine(reason)
    }

    /// A real GPU, which alone computes in half precision.
    fn hardware(&self, reason: Reason) -> Result<OpenEngine, EngineError> {
        let found = adapters();
        if found.iter().any(|adapter| !adapter.software) {
            return self.gpu_engine(reason);
        }
        let software = found.into_iter().next();
        let software = software.map(|AdapterSummary { name, half, .. }| (name, half));
        Err(EngineError::NoHardware { precision: self.precision, software })
    }

    fn cpu_engine(&self, why: Reason) -> Result<OpenEngine, EngineError> {
        let engine = CpuEngine::new(self.threads, self.precision)?;
        let engine = match &self.ranks {
            Some(ranks) => engine.with_ranks(ranks.clone()),
            None => engine,
        };
        Ok(OpenEngine {
            precision: self.precision,
            threads: engine.threads(),
            why,
            remark: engine.remark(),
            ranks: self.ranks.clone(),
            adapters: 0,
            engine: Rc::new(engine),
        })
    }

    fn gpu_engine(&self, why: Reason) -> Result<OpenEngine, EngineError> {
        let engine = WgpuEngine::open(&GpuOptions {
            adapter: self.adapter,
            limits: self.limits,
            precision: self.precision,
            tune: self.tune,
            pipelines: self.pipelines.clone(),
            place: self.ranks.as_ref().map_or(0, Ranks::place),
            ..GpuOptions::default()
        })?;
        let engine = match &self.ranks {
            Some(ranks) => engine.with_ranks(ranks.clone()),
            None => engine,
        };
        Ok(OpenEngine {
            precision: self.precision,
            threads: 0,
            why,
            remark: engine.remark(),
            ranks: self.ranks.clone(),
            adapters: engine.alike(),
            engine: Rc::new(engine),
        })
    }
}

impl OpenEngine {
    /// Whether ranks that compute as one end with the bits of one alone.
    pub fn is_exact(&self) -> bool {
        self.adapters == 0
    }

    /// Which device computes.
    pub fn device(&self) -> crate::engine::Device {
        self.engine.device()
    }
}
