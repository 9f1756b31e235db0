//! A compiled program with its buffers.

use std::sync::Arc;

use crate::engine::profile::KernelTime;
use crate::engine::{EngineError, Executable, Pending};
use crate::graph::{InputId, NodeId, Program, Shape};

use super::cost::Cost;
use super::device::adapter::Gpu;
use super::device::buffers::Buffers;
use super::device::readback::{Arriving, Staging, numbers, read, wait};
use super::device::timer::Timer;
use super::kernel::KernelId;
use super::lowered::Lowered;
use super::memory::{BufferPlace, MemoryPlan};
use super::pipelines::Pipelines;

/// A program on the device.
pub(super) struct GpuProgram {
    gpu: Arc<Gpu>,
    buffers: Buffers,
    pipelines: Pipelines,
    steps: Vec<Step>,
    costs: Vec<Cost>,
    inputs: Vec<(BufferPlace, Shape)>,
    outputs: Vec<(BufferPlace, Shape)>,
    staging: Staging,
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
    pub fn new(gpu: Arc<Gpu>, program: &Program, lowered: Lowered) -> Result<Self, EngineError> {
        let Lowered { plan, code } = lowered;
        let memory = &plan.memory;
        let outputs = program
            .outputs
            .iter()
            .map(|output| located(program, memory, output.node))
            .collect::<Result<_, _>>()?;
        let inputs = memory
            .inputs
            .iter()
            .zip(&program.graph.inputs)
            .map(|(place, input)| (*place, input.ty.shape))
            .collect();
        let buffers = Buffers::new(&gpu, program, memory, &code)?;
        let pipelines = Pipelines::new(&gpu, &code)?;
        let steps = code
            .iter()
            .enumerate()
            .map(|(at, kernel)| {
                let pipeline = pipelines.of_kernel[at];
                let layout = pipelines.distinct[pipeline].get_bind_group_layout(0);
                let bindings = buffers.group(&gpu, &layout, kernel, at);
                Step { pipeline, bindings, workgroups: kernel.workgroups }
            })
            .collect();
        gpu.check()?;
        let costs = plan.ids().map(|id| Cost::of(program, &plan, id)).collect();
        let (earlier, last, staging) = (None, None, Staging::default());
        Ok(Self { gpu, buffers, pipelines, steps, costs, inputs, outputs, staging, earlier, last })
    }

    fn input(&self, input: InputId) -> Result<(BufferPlace, Shape), EngineError> {
        self.inputs.get(input.index()).copied().ok_or(EngineError::NotRead(input))
    }

    fn result(&self, index: usize) -> Result<(BufferPlace, Shape), EngineError> {
        let place = self.outputs.get(index).copied();
        place.ok_or_else(|| EngineError::NotAsked(format!("number {index}")))
    }

    fn read(&self, (place, shape): (BufferPlace, Shape)) -> Result<Vec<f32>, EngineError> {
        let (buffer, start) = self.buffers.at(place);
        let bytes = read(&self.gpu, buffer, 4 * start as u64, 4 * shape.len() as u64)?;
        Ok(numbers(&bytes))
    }

    fn encoder(&self) -> wgpu::CommandEncoder {
        self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    /// Every dispatch, in one pass.
    fn encoded(&self) -> wgpu::CommandEncoder {
        let mut encoder = self.encoder();
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        let mut current = None;
        for step in &self.steps {
            if current != Some(step.pipeline) {
                pass.set_pipeline(&self.pipelines.distinct[step.pipeline]);
                current = Some(step.pipeline);
            }
            step.dispatch(&mut pass);
        }
        drop(pass);
        encoder
    }

    /// Every dispatch, in a pass of its own between two timestamps.
    fn timed(&self, timer: &Timer) -> wgpu::CommandEncoder {
        let mut encoder = self.encoder();
        for (at, step) in self.steps.iter().enumerate() {
            let descriptor = wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: Some(timer.around(at)),
            };
            let mut pass = encoder.begin_compute_pass(&descriptor);
            pass.set_pipeline(&self.pipelines.distinct[step.pipeline]);
            step.dispatch(&mut pass);
        }
        timer.resolve(&mut encoder);
        encoder
    }

    /// Hands a step to the device, when the one before the last is done.
    fn submit(
        &mut self,
        encoder: wgpu::CommandEncoder,
    ) -> Result<wgpu::SubmissionIndex, EngineError> {
        let commands = encoder.finish();
        if let Some(earlier) = self.earlier.take() {
            wait(&self.gpu, earlier)?;
        }
        let submission = self.gpu.queue.submit([commands]);
        self.earlier = self.last.replace(submission.clone());
        self.gpu.check()?;
        Ok(submission)
    }

    /// Waits for all that has been submitted.
    pub fn wait(&mut self) -> Result<(), EngineError> {
        self.earlier = None;
        self.last.take().map_or(Ok(()), |last| wait(&self.gpu, last))
    }

    /// What kernel number `at` is called: kernels of one text together.
    fn title(&self, at: usize) -> String {
        let all = &self.pipelines.of_kernel;
        let first = all.iter().position(|pipeline| *pipeline == all[at]).unwrap_or(at);
        format!("{} ({})", self.costs[at].what, KernelId(first as u32))
    }
}

impl Step {
    fn dispatch(&self, pass: &mut wgpu::ComputePass) {
        pass.set_bind_group(0, &self.bindings, &[]);
        let [x, y, z] = self.workgroups;
        pass.dispatch_workgroups(x, y, z);
    }
}

impl Executable for GpuProgram {
    fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError> {
        let (place, shape) = self.input(input)?;
        if data.len() != shape.len() {
            let (elements, given) = (shape.len(), data.len());
            return Err(EngineError::WrongLength { input, elements, given });
        }
        let (buffer, start) = self.buffers.at(place);
        self.gpu.queue.write_buffer(buffer, 4 * start as u64, bytemuck::cast_slice(data));
        self.gpu.check()
    }

    fn run(&mut self) -> Result<(), EngineError> {
        self.submit(self.encoded()).map(|_| ())
    }

    /// The outputs are copied at the end of the same submission.
    fn begin(&mut self, outputs: &[usize]) -> Result<Pending, EngineError> {
        let places = outputs.iter().map(|&index| self.result(index));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let bytes: Vec<_> = places.iter().map(|(_, shape)| 4 * shape.len()).collect();
        let target = self.staging.take(&self.gpu, bytes.iter().sum::<usize>() as u64);
        let mut encoder = self.encoded();
        let mut end = 0;
        for (&(place, _), &bytes) in places.iter().zip(&bytes) {
            let (buffer, start) = self.buffers.at(place);
            let (start, bytes) = (4 * start as u64, bytes as u64);
            encoder.copy_buffer_to_buffer(buffer, start, &target, end, bytes);
            end += bytes;
        }
        let submission = self.submit(encoder)?;
        let arriving = Arriving::new(&self.gpu, target, submission);
        let staging = self.staging.clone();
        Ok(Pending::Later(Box::new(move || {
            let all = arriving.bytes(&staging)?;
            let mut rest = all.as_slice();
            let parts = bytes.into_iter().map(|len| {
                let (part, after) = rest.split_at(len);
                rest = after;
                numbers(part)
            });
            Ok(parts.collect())
        })))
    }

    fn run_timed(&mut self) -> Result<Vec<KernelTime>, EngineError> {
        let Some(timer) = Timer::new(&self.gpu, self.steps.len()) else {
            self.run()?;
            return Ok(Vec::new());
        };
        self.submit(self.timed(&timer))?;
        let seconds = timer.seconds(&self.gpu)?;
        let times = seconds.into_iter().zip(&self.costs).enumerate();
        let time = |(at, (seconds, cost)): (usize, (f64, &Cost))| KernelTime {
            name: self.title(at),
            calls: 1,
            seconds,
            flops: cost.flops,
            bytes: cost.bytes,
        };
        Ok(times.map(time).collect())
    }

    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError> {
        self.read(self.result(index)?)
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        self.read(self.input(input)?)
    }

    fn memory(&self) -> usize {
        self.buffers.bytes()
    }
}

fn located(
    program: &Program,
    memory: &MemoryPlan,
    node: NodeId,
) -> Result<(BufferPlace, Shape), EngineError> {
    let shape = program.graph.node(node).ty.shape;
    let place = memory.nodes[node.index()].map(|place| (place, shape));
    place.ok_or_else(|| EngineError::Internal(format!("output {node} has no buffer")))
}
