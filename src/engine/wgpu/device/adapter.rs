//! Finding and opening an adapter.

use std::path::PathBuf;
use std::time::Duration;

use crate::engine::EngineError;
use crate::engine::wgpu::cut::Capabilities;
use crate::engine::wgpu::numbers::NumberFormat;

use super::fault::{Faults, guarded};
use super::options::Options;

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
    /// Whether shaders have 16-bit floats, as `--precision f16` needs them.
    pub half: bool,
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
        let half = adapter.features().contains(wgpu::Features::SHADER_F16);
        Self { name: info.name, backend: info.backend.to_str().to_owned(), kind, software, half }
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

/// Every adapter, the one that [`crate::engine::wgpu::WgpuEngine::new`] would open first.
pub fn adapters() -> Vec<AdapterSummary> {
    all(&instance()).into_iter().map(|(summary, _)| summary).collect()
}

/// An opened device.
#[derive(Debug)]
pub(in crate::engine::wgpu) struct Gpu {
    pub summary: AdapterSummary,
    /// Adapters among which processes of this machine are divided.
    pub alike: usize,
    pub adapter: wgpu::Adapter,
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub faults: Faults,
    /// How long a wait may take before the device counts as hung.
    pub patience: Duration,
    /// Where compiled pipelines are kept, if the driver hands them out.
    pub pipelines: Option<PathBuf>,
}

impl Gpu {
    pub fn open(options: &Options, activations: NumberFormat) -> Result<Self, EngineError> {
        let instance = instance();
        let mut found = all(&instance);
        let summaries: Vec<_> = found.iter().map(|(summary, _)| summary.clone()).collect();
        let alike = choose(&summaries, options.adapter, activations)?;
        let (summary, adapter) = found.swap_remove(alike[options.place % alike.len()]);
        let offered = adapter.features() & options.limits.features();
        let features = features(activations, offered, &summary.name)?;
        let limits = options.limits.asked(&adapter.limits());
        let minutes = if summary.software { 15 } else { 1 };
        let patience = options.patience.unwrap_or(Duration::from_secs(60 * minutes));
        let pipelines = options.pipelines.as_ref().map(|folder| folder.join(file_name(&adapter)));
        let (device, queue) = open(&adapter, features, limits)?;
        let faults = Faults::watch(&device);
        let alike = alike.len();
        Ok(Self { summary, alike, adapter, device, queue, faults, patience, pipelines })
    }

    /// Another device of the same adapter, with these features and else like this one.
    pub fn another(&self, features: wgpu::Features) -> Result<Self, EngineError> {
        let (device, queue) = open(&self.adapter, features, self.device.limits())?;
        let faults = Faults::watch(&device);
        let (summary, adapter) = (self.summary.clone(), self.adapter.clone());
        let pipelines = self.pipelines.clone();
        Ok(Self { summary, adapter, device, queue, faults, pipelines, ..*self })
    }

    /// These capabilities, with the device's workgroups.
    pub fn capabilities(&self, known: Capabilities) -> Capabilities {
        let limits = self.device.limits();
        let threads =
            limits.max_compute_invocations_per_workgroup.min(limits.max_compute_workgroup_size_x);
        let memory = limits.max_compute_workgroup_storage_size as usize;
        Capabilities { memory, threads: threads as usize, ..known }
    }

    /// The device's fault so far, if any. A lost device refuses commands before it says that it is
    /// lost: it is asked.
    pub fn check(&self) -> Result<(), EngineError> {
        self.faults.check().or_else(|first| {
            guarded(|| self.device.poll(wgpu::PollType::Poll))?.ok();
            self.faults.check().and(Err(first))
        })
    }
}

fn open(
    adapter: &wgpu::Adapter,
    required_features: wgpu::Features,
    required_limits: wgpu::Limits,
) -> Result<(wgpu::Device, wgpu::Queue), EngineError> {
    let experimental = required_features.contains(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX);
    let experimental_features = if experimental {
        // SAFETY: what wgpu may not check yet about matrices, `text::matrices` keeps: all threads of
        // a workgroup reach every operation, and each matrix lies inside its array. `self_test` compares
        // results with those of plain kernels before such a device is used.
        unsafe { wgpu::ExperimentalFeatures::enabled() }
    } else {
        wgpu::ExperimentalFeatures::disabled()
    };
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("rnetc"),
        required_features,
        required_limits,
        experimental_features,
        ..wgpu::DeviceDescriptor::default()
    };
    let device = pollster::block_on(adapter.request_device(&descriptor));
    device.map_err(|error| EngineError::Unusable {
        adapter: adapter.get_info().name,
        why: error.to_string(),
    })
}

/// The adapter of the number that is asked for, or else the best, with all that are like it.
fn choose(
    found: &[AdapterSummary],
    asked: Option<usize>,
    activations: NumberFormat,
) -> Result<Vec<usize>, EngineError> {
    match asked {
        Some(number) if number < found.len() => Ok(vec![number]),
        Some(number) => Err(EngineError::NoSuchAdapter { number, found: found.len() }),
        None => {
            let best = best(found, activations).ok_or(EngineError::NoAdapter)?;
            Ok((best..found.len()).filter(|&at| found[at] == found[best]).collect())
        }
    }
}

/// The first adapter that computes in what is asked for, but no program where there is hardware;
/// else the first, which says what it lacks.
fn best(found: &[AdapterSummary], activations: NumberFormat) -> Option<usize> {
    let software = found.first()?.software;
    let fits = |adapter: &AdapterSummary| {
        adapter.software == software && (activations == NumberFormat::F32 || adapter.half)
    };
    Some(found.iter().position(fits).unwrap_or(0))
}

/// What the device is to have beyond WebGPU's core, of what the adapter offers.
fn features(
    activations: NumberFormat,
    offered: wgpu::Features,
    who: &str,
) -> Result<wgpu::Features, EngineError> {
    let optional =
        wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::PIPELINE_CACHE | wgpu::Features::SUBGROUP;
    let needed = match activations {
        NumberFormat::F32 => wgpu::Features::empty(),
        NumberFormat::F16 => wgpu::Features::SHADER_F16,
    };
    if offered.contains(needed) {
        return Ok((offered & optional) | needed);
    }
    Err(EngineError::NoHalf { adapter: who.to_owned() })
}

/// A name for what belongs to one adapter and driver.
fn file_name(adapter: &wgpu::Adapter) -> String {
    let info = adapter.get_info();
    let driver = format!("{} {} {}", info.name, info.driver, info.driver_info);
    let word = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let name: String = driver.chars().map(word).take(120).collect();
    format!("{}-{:x}-{:x}-{name}", info.backend.to_str(), info.vendor, info.device)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(kind: &'static str, half: bool) -> AdapterSummary {
        let (name, backend) = ("x".to_owned(), "vulkan".to_owned());
        AdapterSummary { name, backend, kind, software: kind == "software", half }
    }

    #[test]
    fn the_adapter_that_is_asked_for_is_taken_whatever_it_is() {
        let all =
            [adapter("discrete", true), adapter("discrete", true), adapter("software", false)];
        let chosen = |asked| choose(&all, asked, NumberFormat::F16);
        // Of its kind there are two, which processes share.
        assert_eq!(chosen(None), Ok(vec![0, 1]));
        assert_eq!([chosen(Some(1)), chosen(Some(2))], [Ok(vec![1]), Ok(vec![2])]);
        assert_eq!(chosen(Some(3)), Err(EngineError::NoSuchAdapter { number: 3, found: 3 }));
        let none = choose(&[], Some(0), NumberFormat::F32);
        assert_eq!(none, Err(EngineError::NoSuchAdapter { number: 0, found: 0 }));
        assert_eq!(choose(&[], None, NumberFormat::F32), Err(EngineError::NoAdapter));
    }

    #[test]
    fn half_precision_takes_the_first_adapter_that_has_it_but_no_program() {
        let (old, new) = (adapter("discrete", false), adapter("integrated", true));
        let program = adapter("software", true);
        let all = [old.clone(), new, program.clone()];
        assert_eq!(
            (best(&all, NumberFormat::F32), best(&all, NumberFormat::F16)),
            (Some(0), Some(1))
        );
        assert_eq!(best(&[old, program.clone()], NumberFormat::F16), Some(0));
        assert_eq!(best(&[program], NumberFormat::F16), Some(0));
        assert_eq!(best(&[], NumberFormat::F16), None);
    }

    #[test]
    fn half_precision_needs_an_adapter_that_has_it() {
        let timed = wgpu::Features::TIMESTAMP_QUERY;
        let all = timed | wgpu::Features::SHADER_F16;
        assert_eq!(features(NumberFormat::F32, all, "x"), Ok(timed));
        assert_eq!(features(NumberFormat::F16, all, "x"), Ok(all));
        let lacking = EngineError::NoHalf { adapter: "Old GPU".to_owned() };
        assert_eq!(features(NumberFormat::F16, timed, "Old GPU"), Err(lacking));
    }
}
