//! Pictures that become numbers on the device: a byte a value goes there, and a kernel of its own
//! writes the program's input.

use std::sync::Arc;

use crate::engine::EngineError;
use crate::graph::{InputId, Shape};
use crate::pixels::{Batch, Border, Crop, Hole, Mix, Table};

use super::cut::dispatch;
use super::device::adapter::Gpu;
use super::pipelines::pipeline;
use super::text::expand;

/// Bytes that describe how pictures are mixed.
const MIX: usize = 16;
/// Bytes that describe a crop.
const CROP: usize = 32;
/// Bytes of a vector of four, in which buffers are read.
const VECTOR: usize = 16;
/// Numbers that a workgroup writes.
const PER_GROUP: usize = 4 * 64;

/// Whether pictures of this shape (batch, rows, columns, channels) take less memory than their
/// numbers, so that a device with room for these has room for them.
pub(super) fn suits(shape: Shape) -> bool {
    // Sides of a patch are written in 16 bits.
    let [_, rows, columns, _] = shape.0;
    room(shape) <= 4 * shape.len() && rows.max(columns) <= usize::from(u16::MAX)
}

/// Bytes of pictures and of what is done to them.
fn room(shape: Shape) -> usize {
    MIX + shape.0[0] * CROP + shape.len().next_multiple_of(VECTOR)
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
        let pictures = buffer(gpu, room(shape));
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
        let crops = MIX + batch.crops.len() * CROP;
        let end = crops + batch.bytes.len();
        let mut words = mix_words(batch.mix).to_vec();
        words.extend(batch.crops.iter().flat_map(crop_words));
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

/// A mixture as `shaders/expand.wgsl` reads it.
fn mix_words(mix: Mix) -> [u32; MIX / 4] {
    match mix {
        Mix::None => [0; MIX / 4],
        Mix::Blend { share } => [1, share.to_bits(), 0, 0],
        Mix::Patch(Hole { rows, columns }) => {
            let [rows, columns] = [rows, columns].map(|[first, end]| first | end << 16);
            [2, 0, rows, columns]
        }
    }
}

/// A crop as `shaders/expand.wgsl` reads it.
fn crop_words(crop: &Crop) -> [u32; CROP / 4] {
    let Crop { down, right, border, flip, hole: Hole { rows, columns } } = *crop;
    let [down, right] = [down, right].map(i32::cast_unsigned);
    let mirrors = match border {
        Border::Zeros => 0,
        Border::Reflect => 1,
    };
    [down, right, u32::from(flip), mirrors, rows[0], rows[1], columns[0], columns[1]]
}
