//! From WGSL to pipelines. Kernels with equal text share one.

use std::collections::HashMap;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{iter, thread};

use crate::engine::EngineError;

use super::device::adapter::Gpu;
use super::text::{Binding, Buffer, KernelCode};
use super::validate::validate;

mod cache;
mod precompile;

use cache::PipelineCache;

/// Compiled kernels.
pub(super) struct Pipelines {
    /// Each distinct text once.
    pub distinct: Vec<wgpu::ComputePipeline>,
    /// For each kernel, its index in `distinct`.
    pub of_kernel: Vec<usize>,
}

impl Pipelines {
    pub fn new(gpu: &Gpu, code: &[KernelCode]) -> Result<Self, EngineError> {
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut kernels: Vec<&KernelCode> = Vec::new();
        let mut of_kernel = Vec::new();
        for kernel in code {
            let fresh = kernels.len();
            let at = *known.entry(&kernel.wgsl).or_insert(fresh);
            if at == fresh {
                kernels.push(kernel);
            }
            of_kernel.push(at);
        }
        let known_to_driver = PipelineCache::open(gpu);
        let cache = known_to_driver.as_ref().map(|it| &it.cache);
        let distinct = on_all_cores(kernels.len(), &|at| compile(gpu, kernels[at], cache))?;
        gpu.check()?;
        if let Some(cache) = known_to_driver {
            cache.save();
        }
        if gpu.summary.software {
            precompile::compile_all(gpu, &kernels, &distinct)?;
        }
        Ok(Self { distinct, of_kernel })
    }
}

/// What `make` gives for each number up to `count`, in order.
fn on_all_cores<T: Send>(
    count: usize,
    make: &(dyn Fn(usize) -> Result<T, EngineError> + Sync),
) -> Result<Vec<T>, EngineError> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let numbers = iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
        let mine = numbers.take_while(|&at| at < count);
        mine.map(|at| Ok((at, make(at)?))).collect::<Result<Vec<_>, EngineError>>()
    };
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores().min(count)).map(|_| scope.spawn(worker)).collect();
        let parts = workers.into_iter().map(|w| w.join().unwrap_or_else(|p| resume_unwind(p)));
        parts.collect::<Result<Vec<_>, _>>()
    })?;
    let mut made: Vec<_> = parts.into_iter().flatten().collect();
    made.sort_by_key(|(at, _)| *at);
    Ok(made.into_iter().map(|(_, made)| made).collect())
}

/// Cores to compile on.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

pub(super) fn compile(
    gpu: &Gpu,
    kernel: &KernelCode,
    cache: Option<&wgpu::PipelineCache>,
) -> Result<wgpu::ComputePipeline, EngineError> {
    let types: Vec<_> = kernel.bindings.iter().map(binding_type).collect();
    of_text(gpu, &kernel.wgsl, &types, cache)
}

/// The pipeline of a text that binds storage alone; `writes` says which of it the text writes.
pub(super) fn pipeline(
    gpu: &Gpu,
    wgsl: &str,
    writes: &[bool],
) -> Result<wgpu::ComputePipeline, EngineError> {
    let types: Vec<_> = writes.iter().map(|&writes| storage(writes)).collect();
    of_text(gpu, wgsl, &types, None)
}

fn of_text(
    gpu: &Gpu,
    wgsl: &str,
    types: &[wgpu::BufferBindingType],
    cache: Option<&wgpu::PipelineCache>,
) -> Result<wgpu::ComputePipeline, EngineError> {
    validate(wgsl).map_err(|text| {
        EngineError::Internal(format!("a generated kernel is not valid WGSL:\n{text}"))
    })?;
    let descriptor =
        wgpu::ShaderModuleDescriptor { label: None, source: wgpu::ShaderSource::Wgsl(wgsl.into()) };
    let checks = wgpu::ShaderRuntimeChecks::unchecked();
    // SAFETY: naga has validated the module. Its loops are bounded, its divisors are
    // non-zero constants, and every index lies inside its buffer: each access stands behind a
    // comparison with the extents from which the memory plan took the buffer's size, or its index
    // is replaced by zero where that comparison fails, or `Reach::pixel` has made the comparison
    // for the whole row when the text was written.
    let module = unsafe { gpu.device.create_shader_module_trusted(descriptor, checks) };
    let entries: Vec<_> = (0..).zip(types).map(layout_entry).collect();
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

fn binding_type(binding: &Binding) -> wgpu::BufferBindingType {
    match binding.buffer {
        Buffer::Slot(_) | Buffer::Vectors => storage(binding.writes),
        Buffer::Starts => wgpu::BufferBindingType::Uniform,
    }
}

fn storage(writes: bool) -> wgpu::BufferBindingType {
    wgpu::BufferBindingType::Storage { read_only: !writes }
}

fn layout_entry((binding, &ty): (u32, &wgpu::BufferBindingType)) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_cores_make_is_in_order_and_one_fault_is_told() {
        let squares = on_all_cores(100, &|at| Ok(at * at));
        assert_eq!(squares, Ok((0..100).map(|at| at * at).collect()));
        assert_eq!(on_all_cores(0, &Ok), Ok(Vec::new()));
        let fault = EngineError::Internal("the 37th".to_owned());
        let made = on_all_cores(100, &|at| if at == 37 { Err(fault.clone()) } else { Ok(at) });
        assert_eq!(made, Err(fault));
    }
}
