//! How an adapter is opened.

use std::path::PathBuf;
use std::time::Duration;

use crate::engine::Precision;

/// Bytes of workgroup memory that kernels know how to use.
const MOST_MEMORY: u32 = 48 << 10;
/// Threads of a workgroup that kernels know how to use.
const MOST_THREADS: u32 = 512;

/// What the device is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceLimits {
    /// WebGPU's default limits, but buffers and bindings as large as the adapter has them.
    #[default]
    Adapter,
    /// WebGPU's default limits and nothing beyond: what every implementation offers.
    WebGpuDefault,
}

impl DeviceLimits {
    /// WebGPU's default limits are the contract; only sizes go beyond it, and workgroups.
    pub(super) fn asked(self, offered: &wgpu::Limits) -> wgpu::Limits {
        match self {
            DeviceLimits::WebGpuDefault => wgpu::Limits::defaults(),
            DeviceLimits::Adapter => wgpu::Limits {
                max_buffer_size: offered.max_buffer_size,
                max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
                max_compute_workgroup_storage_size: offered
                    .max_compute_workgroup_storage_size
                    .min(MOST_MEMORY),
                max_compute_invocations_per_workgroup: offered
                    .max_compute_invocations_per_workgroup
                    .min(MOST_THREADS),
                max_compute_workgroup_size_x: offered
                    .max_compute_workgroup_size_x
                    .min(MOST_THREADS),
                ..wgpu::Limits::defaults()
            },
        }
    }

    /// What shaders may use of what the adapter offers.
    pub(super) fn features(self) -> wgpu::Features {
        match self {
            DeviceLimits::WebGpuDefault => !wgpu::Features::SUBGROUP,
            DeviceLimits::Adapter => wgpu::Features::all(),
        }
    }

    /// Most bytes of one tensor, where the limits say so without an adapter.
    pub fn binding(self) -> Option<usize> {
        let limit = wgpu::Limits::defaults().max_storage_buffer_binding_size;
        (self == DeviceLimits::WebGpuDefault).then_some(limit as usize)
    }
}

/// How an adapter is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which adapter, by its place in [`super::adapter::adapters`]; else the best for the precision.
    pub adapter: Option<usize>,
    /// Which of the processes on this machine this is, from 0: they take the adapters that are like the best in
    /// turn.
    pub place: usize,
    /// What the device is asked for.
    pub limits: DeviceLimits,
    /// What it computes in; half precision needs an adapter that has it.
    pub precision: Precision,
    /// How long a wait may take before the device counts as hung; by default a minute on
    /// hardware, and a quarter of an hour on software.
    pub patience: Option<Duration>,
    /// Whether contractions are tuned; on hardware only.
    pub tune: Tune,
    /// A folder that keeps compiled pipelines between runs, where the driver hands them out, and
    /// what tuning found.
    pub pipelines: Option<PathBuf>,
}

/// Whether contractions are timed in several forms to find the fastest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tune {
    /// Take the forms that suit most.
    #[default]
    Off,
    /// Time what has not been timed on this adapter and driver.
    Cached,
    /// Time all again.
    Full,
}
