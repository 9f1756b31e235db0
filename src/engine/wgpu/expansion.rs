//! Pictures that become numbers on the device: a byte a value goes there, and a kernel of its own
//! writes the program's input.

use std::sync::Arc;

use crate::engine::EngineError;
use crate::graph::{InputId, Shape};
use crate::pixels::{Batch, Crop, Hole, Table};

use super::cut::dispatch;
use super::device::adapter::Gpu;
use super::pipelines::pipeline;
use super::text::expand;

/// Bytes that describe a crop.
const CROP: usize = 32;
/// Bytes of a vector of four, in which buffers are read.
const VECTOR: usize = 16;
/// Numbers that a workgroup writes.
const PER_GROUP: usize = 4 * 64;

/// Whether pictures of this shape (batch, rows, columns, channels) take less memory than their
/// numbers, so that a device with room for these has room for them.
pub(super) fn suits(shape: Shape) -> bool {
    let [images, ..] = shape.0;
    let bytes = shape.len() / images.max(1);
    bytes + CROP + VECTOR <= 4 * bytes
}

/// How the pictures of one input become its numbers.
pub(super) struct Expansion {
    pub input: InputId,
    /// Whether the device has pictures that it has not expanded.
    pub due: bool,
    shape: Shape,
    table: Arc<Table>,
    pictures: wgpu::Buffer,
    numbers: wgpu::Buffer,
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
}

impl Expansion {
    /// Into `destination`, which has the numbers of an input of this shape.
    pub fn new(
        gpu: &Gpu,
        input: InputId,
        shape: Shape,
        table: &Arc<Table>,
        destination: &wgpu::Buffer,
    ) -> Result<Self, EngineError> {
        let by_pixel = matches!(**table, Table::Pixels { .. });
        let writes = [false, false, true];
        let pipeline = pipeline(gpu, &expand(shape.0, by_pixel), &writes)?;
        let room = shape.0[0] * CROP + shape.len().next_multiple_of(VECTOR);
        let pictures = buffer(gpu, room);
        let values = table.numbers();
        let numbers = buffer(gpu, 4 * values.len());
        gpu.queue.write_buffer(&numbers, 0, bytemuck::cast_slice(&values));
        let mut entries = Vec::new();
        for (binding, buffer) in (0..).zip([&pictures, &numbers, destination]) {
            let resource = buffer.as_entire_binding();
            entries.push(wgpu::BindGroupEntry { binding, resource });
        }
        let bindings = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        gpu.check()?;
        let (due, table) = (false, table.clone());
        Ok(Self { input, due, shape, table, pictures, numbers, pipeline, bindings })
    }

    /// Whether a batch is standardised as those before.
    pub fn is_for(&mut self, batch: &Batch) -> bool {
        if !Arc::ptr_eq(&self.table, &batch.table) && *self.table == *batch.table {
            self.table = batch.table.clone();
        }
        Arc::ptr_eq(&self.table, &batch.table)
    }

    /// Hands pictures to the device. What it reads now it reads to the end: the queue keeps a copy of
    /// these until then.
    pub fn write(&mut self, gpu: &Gpu, batch: &Batch) -> Result<(), EngineError> {
        let size = wgpu::BufferSize::new(self.pictures.size());
        let view = size.and_then(|size| gpu.queue.write_buffer_with(&self.pictures, 0, size));
        // A device that is lost says so when a step is begun, as after every other write.
        let Some(mut view) = view else { return gpu.check() };
        let crops = batch.crops.len() * CROP;
        let end = crops + batch.bytes.len();
        let words: Vec<u32> = batch.crops.iter().flat_map(words).collect();
        view.slice(..crops).copy_from_slice(bytemuck::cast_slice(&words));
        view.slice(crops..end).copy_from_slice(&batch.bytes);
        let rest = view.len() - end;
        view.slice(end..).copy_from_slice(&[0; VECTOR][..rest]);
        self.due = true;
        drop(view);
        gpu.check()
    }

    /// Expands what was written.
    pub fn dispatch(&mut self, pass: &mut wgpu::ComputePass) {
        let [x, y, z] = dispatch(self.shape.len().div_ceil(PER_GROUP));
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.dispatch_workgroups(x, y, z);
        self.due = false;
    }

    /// Bytes that it holds on the device.
    pub fn bytes(&self) -> usize {
        (self.pictures.size() + self.numbers.size()) as usize
    }
}

fn buffer(gpu: &Gpu, bytes: usize) -> wgpu::Buffer {
    gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: bytes as u64,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// A crop as `shaders/expand.wgsl` reads it.
fn words(crop: &Crop) -> [u32; CROP / 4] {
    let Crop { down, right, flip, hole: Hole { rows, columns } } = *crop;
    let [down, right] = [down, right].map(i32::cast_unsigned);
    [down, right, u32::from(flip), 0, rows[0], rows[1], columns[0], columns[1]]
}
