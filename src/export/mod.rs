//! What `rnetc build` writes: a manifest, the kernels' WGSL, the drawing, the spec itself.

mod explain;
mod folder;
mod manifest;
pub mod onnx;

pub use explain::explain;
pub use folder::{BuildError, write};
pub use manifest::{FORMAT, Manifest, Mode};

use std::collections::BTreeMap;

use crate::engine::EngineError;
use crate::engine::cpu::explain::Explanation;
use crate::engine::wgpu::{DeviceLimits, Target, WgslProgram, wgsl};
use crate::graph::Program;

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
    /// The CPU engine's phases and memory.
    pub cpu: Explanation,
}

impl<'a> Build<'a> {
    /// Fuses and plans for both engines; on the GPU, within `limits`.
    pub fn new(
        network: &'a Network,
        settings: BTreeMap<String, String>,
        mode: Mode,
        program: Program,
        limits: DeviceLimits,
    ) -> Result<Self, EngineError> {
        let gpu = wgsl(&program, limits, Target::default())?;
        let cpu = crate::engine::cpu::explain::explain(&program)?;
        Ok(Self { network, settings, mode, program, gpu, cpu })
    }
}
