//! What `rnetc build` writes (a manifest, the kernels' WGSL, the drawing, the spec itself), and what
//! `rnetc export` does.

mod estimate;
mod explain;
mod folder;
mod manifest;
pub mod notes;
pub mod onnx;
mod ranks;
pub mod state_dict;

pub use estimate::estimate;
pub use explain::explain;
pub use folder::BuildError;
pub use manifest::{FORMAT, MANIFEST, Manifest, Mode, SPEC};
pub use ranks::{Machine, ranks};

use std::collections::BTreeMap;

use crate::engine::cpu::explain::Explanation;
use crate::engine::wgpu::{DeviceLimits, GpuPlan, NumberFormat, Target, WgslProgram, wgsl};
use crate::engine::{EngineError, Precision};
use crate::graph::Program;
use crate::lower::{self, Form, Goal, Updates};
use crate::network::Network;

/// Images that a build plans for where none is asked: the papers' mini-batch.
pub const BATCH: usize = 128;

/// A network compiled for both engines, without a device.
pub struct Build<'a> {
    /// The network.
    pub network: &'a Network,
    /// What `--set` gave.
    pub settings: BTreeMap<String, String>,
    /// Training or inference.
    pub mode: Mode,
    /// The program.
    pub program: Program,
    /// The GPU engine's kernels and memory.
    pub gpu: WgslProgram,
    /// Its dispatches in f16, where training scales the loss.
    pub dispatches_in_half: usize,
    /// The CPU engine's phases and memory.
    pub cpu: Explanation,
}

/// What a network is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildOptions {
    /// Training or inference.
    pub mode: Mode,
    /// Pictures in a batch.
    pub batch: usize,
    /// Whether training keeps fewer activations and computes the others again.
    pub recompute: bool,
    /// What the kernels must fit into on a GPU.
    pub limits: DeviceLimits,
}

impl Default for BuildOptions {
    /// Training on the papers' mini-batch, on any GPU.
    fn default() -> Self {
        let limits = DeviceLimits::default();
        Self { mode: Mode::Train, batch: BATCH, recompute: false, limits }
    }
}

impl BuildOptions {
    /// What the network is lowered to.
    pub fn goal(&self) -> Goal<'static> {
        self.goal_in(Precision::F32)
    }

    /// The same in a precision that may scale the loss.
    pub fn goal_in(&self, precision: Precision) -> Goal<'static> {
        let form =
            Form { recompute: self.recompute, scaled: precision.scales_loss(), ..Form::default() };
        match self.mode {
            Mode::Train => Goal::Training(Updates::PAPER, form),
            Mode::Infer => Goal::Inference,
        }
    }
}

impl<'a> Build<'a> {
    /// Fuses and plans a network for both engines. `settings` are those of its spec.
    ///
    /// ```
    /// use rnetc::{Build, BuildOptions, Mode, Spec};
    ///
    /// let spec = Spec::preact().set("depth", 8);
    /// let network = spec.compile()?;
    /// let options = BuildOptions { mode: Mode::Infer, batch: 1, ..BuildOptions::default() };
    /// let build = Build::new(&network, spec.settings, &options)?;
    /// assert!(build.gpu.kernels.iter().all(|kernel| kernel.wgsl.contains("@compute")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// An engine cannot compute it, or it does not fit into the limits.
    pub fn new(
        network: &'a Network,
        settings: BTreeMap<String, String>,
        options: &BuildOptions,
    ) -> Result<Self, EngineError> {
        let program = lower::program(network, options.batch, options.goal());
        let gpu = wgsl(&program, options.limits, Target::default())?;
        let cpu = crate::engine::cpu::explain::explain(&program)?;
        let half = lower::program(network, options.batch, options.goal_in(Precision::F16));
        let target = Target { activations: NumberFormat::F16, ..Target::default() };
        let dispatches_in_half = GpuPlan::untuned(&half, target).dispatches.len();
        let mode = options.mode;
        Ok(Self { network, settings, mode, program, gpu, dispatches_in_half, cpu })
    }
}
