//! A compiled program with its buffers.

use std::sync::Arc;

use crate::engine::profile::{KernelTime, Tuned};
use crate::engine::{EngineError, Executable, Pending};
use crate::graph::{InputId, NodeId, Program, Shape};
use crate::pixels::{self, Extent};
use crate::ranks::Ranks;

use super::cost::Cost;
use super::crossing::{Placed, placed};
use super::device::adapter::Gpu;
use super::device::buffers::Buffers;
use super::device::readback::{Arriving, Staging, numbers, wait};
use super::device::timer::Timer;
use super::expansion::{Expansion, suits};
use super::kernel::KernelId;
use super::lowered::Lowered;
use super::memory::{BufferPlace, MemoryPlan};
use super::pipelines::Pipelines;

mod recording;

/// A program on the device.
pub(super) struct GpuProgram {
    gpu: Arc<Gpu>,
    buffers: Buffers,
    pipelines: Pipelines,
    steps: Vec<Step>,
    costs: Vec<Cost>,
    tuned: Vec<Tuned>,
    inputs: Vec<(BufferPlace, Shape)>,
    outputs: Vec<(BufferPlace, Shape)>,
    /// With which others it adds up.
    ranks: Option<Ranks>,
    crossings: Arc<[Placed]>,
    expansions: Vec<Expansion>,
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

/// What a submission copies for the host.
struct Copied {
    target: wgpu::Buffer,
    /// Of each value, in their order.
    bytes: Vec<usize>,
    /// Where `target` is from.
    staging: Staging,
}

impl GpuProgram {
    pub fn new(
        gpu: Arc<Gpu>,
        program: &Program,
        lowered: Lowered,
        tuned: Vec<Tuned>,
        ranks: Option<Ranks>,
    ) -> Result<Self, EngineError> {
        let Lowered { plan, code, crossings } = lowered;
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
        let crossings = placed(program, memory, &crossings)?.into();
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
        let costs = code.iter().map(|code| Cost::of_all(program, &plan, &code.kernels)).collect();
        Ok(Self {
            gpu,
            buffers,
            pipelines,
            steps,
            costs,
            tuned,
            inputs,
            outputs,
            ranks,
            crossings,
            expansions: Vec::new(),
            staging: Staging::default(),
            earlier: None,
            last: None,
        })
    }

    fn input(&self, input: InputId) -> Result<(BufferPlace, Shape), EngineError> {
        self.inputs.get(input.index()).copied().ok_or(EngineError::NotRead(input))
    }

    fn result(&self, index: usize) -> Result<(BufferPlace, Shape), EngineError> {
        let place = self.outputs.get(index).copied();
        place.ok_or_else(|| EngineError::NotAsked(format!("number {index}")))
    }

    fn encoder(&self) -> wgpu::CommandEncoder {
        self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    /// Copies what lives at some places to a buffer of `staging`.
    fn copied(
        &self,
        staging: &Staging,
        encoder: &mut wgpu::CommandEncoder,
        places: &[(BufferPlace, Shape)],
    ) -> Copied {
        let bytes: Vec<_> = places.iter().map(|(_, shape)| 4 * shape.len()).collect();
        let target = staging.take(&self.gpu, bytes.iter().sum::<usize>() as u64);
        let mut end = 0;
        for (&(place, _), &bytes) in places.iter().zip(&bytes) {
            let (buffer, start) = self.buffers.at(place);
            let (start, bytes) = (4 * start as u64, bytes as u64);
            encoder.copy_buffer_to_buffer(buffer, start, &target, end, bytes);
            end += bytes;
        }
        Copied { target, bytes, staging: staging.clone() }
    }

    /// What a submission copies, as numbers, when they have arrived.
    fn pending(&self, copied: Copied, submission: wgpu::SubmissionIndex) -> Pending {
        let Copied { target, bytes, staging } = copied;
        let arriving = Arriving::new(&self.gpu, target, submission);
        Pending::Later(Box::new(move || {
            let all = arriving.bytes(&staging)?;
            let mut rest = all.as_slice();
            let parts = bytes.into_iter().map(|len| {
                let (part, after) = rest.split_at(len);
                rest = after;
                numbers(part)
            });
            Ok(parts.collect())
        }))
    }

    /// What lives at some places behind all that has been begun.
    fn now(&mut self, places: &[(BufferPlace, Shape)]) -> Result<Pending, EngineError> {
        if places.is_empty() {
            return Ok(Pending::Ready(Vec::new()));
        }
        let mut encoder = self.encoder();
        self.expand(&mut encoder);
        // Asked for now and then: the memory is not kept.
        let copied = self.copied(&Staging::default(), &mut encoder, places);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        self.gpu.check()?;
        Ok(self.pending(copied, submission))
    }

    fn read(&mut self, place: (BufferPlace, Shape)) -> Result<Vec<f32>, EngineError> {
        Ok(self.now(&[place])?.wait()?.pop().unwrap_or_default())
    }

    /// What makes numbers of such pictures at an input.
    fn expansion(
        &mut self,
        input: InputId,
        pictures: &pixels::Batch,
    ) -> Result<&mut Expansion, EngineError> {
        let known = self.expansions.iter_mut().position(|e| e.input == input);
        let at = known.filter(|&at| self.expansions[at].is_for(pictures));
        let at = match at {
            Some(at) => at,
            None => {
                let (place, shape) = self.input(input)?;
                let (buffer, _) = self.buffers.at(place);
                let made = Expansion::new(&self.gpu, input, shape, &pictures.table, buffer)?;
                self.expansions.retain(|other| other.input != input);
                self.expansions.push(made);
                self.expansions.len() - 1
            }
        };
        Ok(&mut self.expansions[at])
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
        // Pictures that were written before are written over.
        self.expansions.iter_mut().filter(|e| e.input == input).for_each(|e| e.due = false);
        let (buffer, start) = self.buffers.at(place);
        self.gpu.queue.write_buffer(buffer, 4 * start as u64, bytemuck::cast_slice(data));
        self.gpu.check()
    }

    fn run(&mut self) -> Result<(), EngineError> {
        let encoder = self.begun(None)?;
        self.submit(encoder).map(|_| ())
    }

    fn standardises(&self, input: InputId) -> bool {
        let known = self.input(input);
        known.is_ok_and(|(place, shape)| matches!(place, BufferPlace::Slot(_)) && suits(shape))
    }

    fn write_pictures(
        &mut self,
        input: InputId,
        pictures: &pixels::Batch,
    ) -> Result<(), EngineError> {
        let (_, shape) = self.input(input)?;
        let Extent { rows, columns, channels } = pictures.extent;
        let fits = shape.0 == [pictures.crops.len(), rows, columns, channels]
            && shape.len() == pictures.bytes.len();
        if !fits || !self.standardises(input) {
            return self.write(input, &pictures.expanded());
        }
        let gpu = self.gpu.clone();
        self.expansion(input, pictures)?.write(&gpu, pictures)
    }

    /// The outputs are copied at the end of the same submission.
    fn begin(&mut self, outputs: &[usize]) -> Result<Pending, EngineError> {
        let places = outputs.iter().map(|&index| self.result(index));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let mut encoder = self.begun(None)?;
        let copied = self.copied(&self.staging, &mut encoder, &places);
        let submission = self.submit(encoder)?;
        Ok(self.pending(copied, submission))
    }

    /// Copied on the device, behind all that has been begun.
    fn snapshot(&mut self, inputs: &[InputId]) -> Result<Pending, EngineError> {
        let places = inputs.iter().map(|&input| self.input(input));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        self.now(&places)
    }

    fn run_timed(&mut self) -> Result<Vec<KernelTime>, EngineError> {
        let Some(timer) = Timer::new(&self.gpu, self.steps.len()) else {
            self.run()?;
            return Ok(Vec::new());
        };
        let mut encoder = self.begun(Some(&timer))?;
        timer.resolve(&mut encoder);
        self.submit(encoder)?;
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
        let place = self.result(index)?;
        self.read(place)
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        let place = self.input(input)?;
        self.read(place)
    }

    fn tuned(&self) -> &[Tuned] {
        &self.tuned
    }

    fn memory(&self) -> usize {
        let pictures = self.expansions.iter().map(Expansion::bytes).sum::<usize>();
        self.buffers.bytes() + pictures
    }
}

fn due(expansions: &mut [Expansion]) -> impl Iterator<Item = &mut Expansion> {
    expansions.iter_mut().filter(|expansion| expansion.due)
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
