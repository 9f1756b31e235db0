//! Finding and opening an adapter.

use std::time::Duration;

use crate::engine::EngineError;

use super::fault::Faults;

/// What there is to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterSummary {
    /// The adapter's own name.
    pub name: String,
    /// `vulkan`, `metal` or `dx12`.
    pub backend: String,
    /// Discrete, integrated, virtual, software or unknown.
    pub kind: &'static str,
    /// Whether it is a program on the CPU; `auto` prefers the CPU engine to that.
    pub software: bool,
}

impl AdapterSummary {
    fn of(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete",
            wgpu::DeviceType::IntegratedGpu => "integrated",
            wgpu::DeviceType::VirtualGpu => "virtual",
            wgpu::DeviceType::Cpu => "software",
            wgpu::DeviceType::Other => "unknown",
        };
        let software = info.device_type == wgpu::DeviceType::Cpu;
        Self { name: info.name, backend: info.backend.to_str().to_owned(), kind, software }
    }

    /// Smaller is better.
    fn rank(&self) -> usize {
        ["discrete", "integrated", "virtual", "unknown", "software"]
            .iter()
            .position(|k| *k == self.kind)
            .unwrap_or(usize::MAX)
    }
}

fn instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle())
}

fn all(instance: &wgpu::Instance) -> Vec<(AdapterSummary, wgpu::Adapter)> {
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let mut found: Vec<_> = found.into_iter().map(|a| (AdapterSummary::of(&a), a)).collect();
    found.sort_by_key(|(summary, _)| summary.rank());
    found
}

/// Every adapter, the one that [`super::WgpuEngine::new`] would open first.
pub fn adapters() -> Vec<AdapterSummary> {
    all(&instance()).into_iter().map(|(summary, _)| summary).collect()
}

/// An opened device.
#[derive(Debug)]
pub(super) struct Gpu {
    pub summary: AdapterSummary,
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub faults: Faults,
}

impl Gpu {
    pub fn open() -> Result<Self, EngineError> {
        let instance = instance();
        let (summary, adapter) = all(&instance).into_iter().next().ok_or_else(|| {
            EngineError::NoDevice(
                "no GPU adapter found; install a Vulkan driver (in software: the package \
                 mesa-vulkan-drivers) or use --engine cpu"
                    .to_owned(),
            )
        })?;
        let offered = adapter.limits();
        // WebGPU's default limits are the contract; only sizes go beyond it.
        let limits = wgpu::Limits {
            max_buffer_size: offered.max_buffer_size,
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
            ..wgpu::Limits::default()
        };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("rnetc"),
            required_features: wgpu::Features::empty(),
            required_limits: limits,
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) =
            pollster::block_on(adapter.request_device(&descriptor)).map_err(|error| {
                EngineError::NoDevice(format!(
                    "the adapter {} cannot be used: {error}; use --engine cpu",
                    summary.name
                ))
            })?;
        let faults = Faults::watch(&device);
        Ok(Self { summary, device, queue, faults })
    }

    /// How long a wait may take before the device counts as hung.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(if self.summary.software { 900 } else { 60 })
    }
}
