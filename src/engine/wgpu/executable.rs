//! A compiled program with its buffers.

use std::sync::Arc;

use crate::engine::{EngineError, Executable};
use crate::graph::{InputId, NodeId, Program, Shape};
use crate::schedule::kernel::{Location, Memory};

use super::Compiled;
use super::adapter::Gpu;
use super::emit::{Buffer, Code};
use super::pipeline::Pipelines;
use super::readback::{read, wait};

/// Uniform bindings start at multiples of this many bytes.
const UNIFORM_ALIGNMENT: usize = 256;

/// A program on the device.
pub(super) struct GpuProgram {
    gpu: Arc<Gpu>,
    slots: Vec<wgpu::Buffer>,
    vectors: wgpu::Buffer,
    pipelines: Pipelines,
    steps: Vec<Step>,
    inputs: Vec<(Location, Shape)>,
    outputs: Vec<(Location, Shape)>,
    bytes: usize,
    /// The submission before the last: at most two steps are under way.
    earlier: Option<wgpu::SubmissionIndex>,
    last: Option<wgpu::SubmissionIndex>,
}

/// One dispatch.
struct Step {
    pipeline: usize,
    bindings: wgpu::BindGroup,
    workgroups: [u32; 3],
}

impl GpuProgram {
    pub fn new(gpu: Arc<Gpu>, program: &Program, compiled: Compiled) -> Result<Self, EngineError> {
        let Compiled { memory, code, .. } = compiled;
        let outputs = program
            .outputs
            .iter()
            .map(|output| located(program, &memory, output.node))
            .collect::<Result<_, _>>()?;
        let inputs = memory
            .inputs
            .iter()
            .zip(&program.graph.inputs)
            .map(|(place, input)| (*place, input.ty.shape))
            .collect();
        check_sizes(&gpu, program, &memory)?;
        let slots: Vec<_> = memory.slots.iter().map(|&len| storage(&gpu, len)).collect();
        let vectors = storage(&gpu, memory.vectors.max(4));
        gpu.faults.check()?;
        let pipelines = Pipelines::new(&gpu, &code)?;
        let (starts, offsets) = starts(&gpu, &code);
        let bound = Bound { slots: &slots, vectors: &vectors, starts: &starts };
        let steps = code
            .iter()
            .enumerate()
            .map(|(at, kernel)| {
                let pipeline = pipelines.of_kernel[at];
                let layout = pipelines.distinct[pipeline].get_bind_group_layout(0);
                let bindings = bound.group(&gpu, &layout, kernel, offsets[at]);
                Step { pipeline, bindings, workgroups: kernel.workgroups }
            })
            .collect();
        gpu.faults.check()?;
        let bytes = 4 * (memory.slots.iter().sum::<usize>() + memory.vectors);
        let (earlier, last) = (None, None);
        Ok(Self { gpu, slots, vectors, pipelines, steps, inputs, outputs, bytes, earlier, last })
    }

    fn buffer(&self, place: Location) -> (&wgpu::Buffer, usize) {
        match place {
            Location::Slot(slot) => (&self.slots[slot.0 as usize], 0),
            Location::Vector(start) => (&self.vectors, start),
        }
    }

    fn read(&self, (place, shape): (Location, Shape)) -> Result<Vec<f32>, EngineError> {
        let (buffer, start) = self.buffer(place);
        read(&self.gpu, buffer, start, shape.len())
    }
}

impl Executable for GpuProgram {
    fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError> {
        let (place, shape) = self.inputs[input.index()];
        if data.len() != shape.len() {
            return Err(EngineError::Failed(format!(
                "input {input} has {} elements, but {} were given",
                shape.len(),
                data.len()
            )));
        }
        let (buffer, start) = self.buffer(place);
        self.gpu.queue.write_buffer(buffer, 4 * start as u64, bytemuck::cast_slice(data));
        self.gpu.faults.check()
    }

    fn run(&mut self) -> Result<(), EngineError> {
        let gpu = self.gpu.clone();
        let mut encoder =
            gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        let mut current = None;
        for step in &self.steps {
            if current != Some(step.pipeline) {
                pass.set_pipeline(&self.pipelines.distinct[step.pipeline]);
                current = Some(step.pipeline);
            }
            pass.set_bind_group(0, &step.bindings, &[]);
            let [x, y, z] = step.workgroups;
            pass.dispatch_workgroups(x, y, z);
        }
        drop(pass);
        let commands = encoder.finish();
        if let Some(earlier) = self.earlier.take() {
            wait(&gpu, earlier)?;
        }
        self.earlier = self.last.replace(gpu.queue.submit([commands]));
        gpu.faults.check()
    }

    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError> {
        self.read(self.outputs[index])
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        self.read(self.inputs[input.index()])
    }

    fn memory(&self) -> usize {
        self.bytes
    }
}

fn located(
    program: &Program,
    memory: &Memory,
    node: NodeId,
) -> Result<(Location, Shape), EngineError> {
    let shape = program.graph.node(node).ty.shape;
    memory.nodes[node.index()].map(|place| (place, shape)).ok_or_else(|| {
        EngineError::Failed(format!("output {node} has no buffer; please report this spec"))
    })
}

/// A clear word before the driver gives an unclear one.
fn check_sizes(gpu: &Gpu, program: &Program, memory: &Memory) -> Result<(), EngineError> {
    let limits = gpu.device.limits();
    let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size) as usize;
    let largest = memory.slots.iter().copied().chain([memory.vectors]).max().unwrap_or(0) * 4;
    if largest <= most {
        return Ok(());
    }
    let fits = program.batch.saturating_mul(most) / largest;
    Err(EngineError::OutOfMemory(format!(
        "a tensor takes {} MiB at batch {}, and {} binds at most {} MiB; use --batch {} or less",
        largest >> 20,
        program.batch,
        gpu.summary.name,
        most >> 20,
        fits.max(1)
    )))
}

fn storage(gpu: &Gpu, len: usize) -> wgpu::Buffer {
    gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 4 * len.next_multiple_of(4) as u64,
        usage: wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_DST
            | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    })
}

/// The uniform buffer of every kernel's vector starts, and where each kernel's begin.
fn starts(gpu: &Gpu, code: &[Code]) -> (wgpu::Buffer, Vec<usize>) {
    let mut bytes: Vec<u8> = Vec::new();
    let mut offsets = Vec::new();
    for kernel in code {
        offsets.push(bytes.len());
        bytes.extend(kernel.starts.iter().flat_map(|s| s.to_le_bytes()));
        bytes.resize(bytes.len().next_multiple_of(UNIFORM_ALIGNMENT), 0);
    }
    bytes.resize(bytes.len().max(UNIFORM_ALIGNMENT), 0);
    let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: bytes.len() as u64,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    gpu.queue.write_buffer(&buffer, 0, &bytes);
    (buffer, offsets)
}

struct Bound<'a> {
    slots: &'a [wgpu::Buffer],
    vectors: &'a wgpu::Buffer,
    starts: &'a wgpu::Buffer,
}

impl Bound<'_> {
    fn group(
        &self,
        gpu: &Gpu,
        layout: &wgpu::BindGroupLayout,
        kernel: &Code,
        offset: usize,
    ) -> wgpu::BindGroup {
        let entries: Vec<_> = kernel
            .bindings
            .iter()
            .enumerate()
            .map(|(index, binding)| {
                let resource = match binding.buffer {
                    Buffer::Slot(slot) => self.slots[slot.0 as usize].as_entire_binding(),
                    Buffer::Vectors => self.vectors.as_entire_binding(),
                    Buffer::Starts => wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer: self.starts,
                        offset: offset as u64,
                        size: wgpu::BufferSize::new(16 * kernel.starts.len().div_ceil(4) as u64),
                    }),
                };
                wgpu::BindGroupEntry { binding: index as u32, resource }
            })
            .collect();
        gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout,
            entries: &entries,
        })
    }
}
