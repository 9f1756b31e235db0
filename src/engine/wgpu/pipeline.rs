//! From WGSL to pipelines. Kernels with equal text share one.

use std::collections::HashMap;

use crate::engine::EngineError;

use super::adapter::Gpu;
use super::emit::{Binding, Buffer, Code};
use super::kept::Kept;

/// Compiled kernels.
pub(super) struct Pipelines {
    /// Each distinct text once.
    pub distinct: Vec<wgpu::ComputePipeline>,
    /// For each kernel, its index in `distinct`.
    pub of_kernel: Vec<usize>,
}

impl Pipelines {
    pub fn new(gpu: &Gpu, code: &[Code]) -> Result<Self, EngineError> {
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut pipelines = Self { distinct: Vec::new(), of_kernel: Vec::new() };
        let kept = Kept::open(gpu);
        let cache = kept.as_ref().map(|kept| &kept.cache);
        for kernel in code {
            let fresh = pipelines.distinct.len();
            let at = *known.entry(&kernel.wgsl).or_insert(fresh);
            if at == fresh {
                pipelines.distinct.push(compile(gpu, kernel, cache)?);
            }
            pipelines.of_kernel.push(at);
        }
        gpu.check()?;
        if let Some(kept) = kept {
            kept.save();
        }
        Ok(pipelines)
    }
}

fn compile(
    gpu: &Gpu,
    kernel: &Code,
    cache: Option<&wgpu::PipelineCache>,
) -> Result<wgpu::ComputePipeline, EngineError> {
    validate(&kernel.wgsl)?;
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(kernel.wgsl.as_str().into()),
    };
    let checks = wgpu::ShaderRuntimeChecks::unchecked();
    // SAFETY: naga has validated the module. Its loops are bounded, its divisors are
    // non-zero constants, and every index lies inside its buffer: each access stands behind a
    // comparison with the extents from which the memory plan took the buffer's size, or its index
    // is replaced by zero where that comparison fails, or `Reach::pixel` has made the comparison
    // for the whole row when the text was written.
    let module = unsafe { gpu.device.create_shader_module_trusted(descriptor, checks) };
    let entries: Vec<_> = kernel.bindings.iter().enumerate().map(layout_entry).collect();
    let group = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &entries,
    });
    let layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(&group)],
        immediate_size: 0,
    });
    Ok(gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: Some(&layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            zero_initialize_workgroup_memory: false,
            ..wgpu::PipelineCompilationOptions::default()
        },
        cache,
    }))
}

/// Whether naga accepts a module.
pub(super) fn validate(wgsl: &str) -> Result<(), EngineError> {
    let refused = |text: String| {
        EngineError::Failed(format!(
            "a generated kernel is not valid WGSL; please report this spec\n{text}"
        ))
    };
    let module = naga::front::wgsl::parse_str(wgsl).map_err(|e| refused(e.emit_to_string(wgsl)))?;
    let flags = naga::valid::ValidationFlags::all();
    // The text has half precision only where the device was opened for it.
    naga::valid::Validator::new(flags, naga::valid::Capabilities::SHADER_FLOAT16)
        .validate(&module)
        .map_err(|e| refused(e.emit_to_string(wgsl)))?;
    Ok(())
}

fn layout_entry((index, binding): (usize, &Binding)) -> wgpu::BindGroupLayoutEntry {
    let ty = match binding.buffer {
        Buffer::Slot(_) | Buffer::Vectors => {
            wgpu::BufferBindingType::Storage { read_only: !binding.writes }
        }
        Buffer::Starts => wgpu::BufferBindingType::Uniform,
    };
    wgpu::BindGroupLayoutEntry {
        binding: index as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}
