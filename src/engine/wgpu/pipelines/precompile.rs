//! Compiling before the first step, on software adapters.
//!
//! Their driver compiles a kernel when it is first dispatched, in the one thread of a device's
//! queue, and keeps the machine code in a folder that all devices share. So each core gets a
//! device of its own, and dispatches kernels with no workgroups.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::engine::EngineError;
use crate::engine::wgpu::device::adapter::Gpu;
use crate::engine::wgpu::device::readback::wait;
use crate::engine::wgpu::text::{Buffer, KernelCode};

use super::{compile, cores};

/// Most devices: each takes some tens of MiB.
const MOST: usize = 4;
/// Below this many kernels a second device saves little.
const WORTH: usize = 48;
/// Bytes of a buffer that stands for any other: what a uniform binding may have.
const ANY: u64 = 64 << 10;

/// Has the driver compile all kernels, with their pipelines on `gpu`.
pub(super) fn compile_all(
    gpu: &Gpu,
    kernels: &[&KernelCode],
    pipelines: &[wgpu::ComputePipeline],
) -> Result<(), EngineError> {
    if kernels.len() < WORTH {
        return Ok(());
    }
    // The longest first, so that all end at about the same time.
    let mut order: Vec<usize> = (0..kernels.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(kernels[at].wgsl.len()));
    let next = AtomicUsize::new(0);
    let take = || order.get(next.fetch_add(1, Ordering::Relaxed)).copied();
    thread::scope(|scope| {
        for _ in 1..cores().min(MOST) {
            // What fails here, the first step does again, and reports.
            scope.spawn(|| -> Result<(), EngineError> {
                let gpu = gpu.another(gpu.device.features())?;
                let stand_in = StandIn::new(&gpu);
                while let Some(at) = take() {
                    let pipeline = compile(&gpu, kernels[at], None)?;
                    stand_in.dispatch(&gpu, kernels[at], &pipeline)?;
                }
                Ok(())
            });
        }
        let stand_in = StandIn::new(gpu);
        while let Some(at) = take() {
            stand_in.dispatch(gpu, kernels[at], &pipelines[at])?;
        }
        Ok(())
    })
}

/// Buffers that are bound and never touched.
struct StandIn {
    read: wgpu::Buffer,
    written: wgpu::Buffer,
    uniform: wgpu::Buffer,
}

impl StandIn {
    fn new(gpu: &Gpu) -> Self {
        let buffer = |usage| {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: ANY,
                usage,
                mapped_at_creation: false,
            })
        };
        let [read, written] = [(); 2].map(|()| buffer(wgpu::BufferUsages::STORAGE));
        Self { read, written, uniform: buffer(wgpu::BufferUsages::UNIFORM) }
    }

    /// Dispatches no workgroup of a kernel, and waits until that is done.
    fn dispatch(
        &self,
        gpu: &Gpu,
        kernel: &KernelCode,
        pipeline: &wgpu::ComputePipeline,
    ) -> Result<(), EngineError> {
        let bound = kernel.bindings.iter().enumerate().map(|(index, binding)| {
            let buffer = match binding.buffer {
                Buffer::Slot(_) | Buffer::Vectors if binding.writes => &self.written,
                Buffer::Slot(_) | Buffer::Vectors => &self.read,
                Buffer::Starts => &self.uniform,
            };
            wgpu::BindGroupEntry { binding: index as u32, resource: buffer.as_entire_binding() }
        });
        let entries: Vec<_> = bound.collect();
        let bindings = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let mut encoder =
            gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &bindings, &[]);
        pass.dispatch_workgroups(0, 1, 1);
        drop(pass);
        wait(gpu, gpu.queue.submit([encoder.finish()]))
    }
}
