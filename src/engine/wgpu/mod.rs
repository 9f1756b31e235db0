//! The GPU engine: generated WGSL, validated by naga, run through wgpu on whatever adapter there
//! is.
//!
//! `emit` writes the kernels that [`crate::schedule::kernel`] has formed, `pipeline` compiles
//! them (`kept` keeps what was compiled), `buffers` holds the memory, `executable` runs a step as
//! one submission, `readback` brings results back, `timer` and `cost` say where time goes,
//! `fault` turns what goes wrong on the device into [`EngineError`]s.

use std::collections::HashSet;

use crate::engine::{Device, Engine, EngineError, Executable, Precision};
use crate::graph::{NodeId, Program};
pub use crate::schedule::kernel::Tensors;
use crate::schedule::kernel::{KernelId, Kernels, Limits, Memory, form};
use crate::schedule::placement::{Home, Placement, Stage};

mod adapter;
mod ahead;
mod buffers;
mod cost;
mod emit;
mod executable;
mod fault;
mod kept;
mod pipeline;
mod readback;
mod timer;
mod tune;

pub use adapter::{AdapterSummary, DeviceLimits, Options, adapters};
pub use emit::{Binding, Blocking, Buffer, Code, Style};
use emit::{Given, Tile};
pub use tune::Tune;

/// What a build writes about one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelText {
    /// Its number and kind, unique in the program.
    pub name: String,
    /// A complete module with the entry point `main`.
    pub wgsl: String,
    /// Buffers in binding order: a slot of the memory plan, `vectors`, or `starts`.
    pub bindings: Vec<(String, Access)>,
    /// Where the vectors that it uses start in `vectors`, in elements: the contents of `starts`.
    pub starts: Vec<u32>,
    /// Workgroups dispatched.
    pub workgroups: [u32; 3],
    /// Nodes that it evaluates.
    pub fused: Vec<NodeId>,
    /// Whole tensors that it reads.
    pub reads: Vec<NodeId>,
    /// Whole tensors that it writes.
    pub writes: Vec<NodeId>,
}

/// How a kernel uses a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only.
    Read,
    /// Writes, and perhaps reads.
    ReadWrite,
}

/// The kernels of a program in order of execution, with their memory plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The kernels.
    pub kernels: Vec<KernelText>,
    /// Elements of each slot.
    pub slots: Vec<usize>,
    /// Elements of the buffer of vectors.
    pub vectors: usize,
    /// Bytes of all buffers together.
    pub bytes: usize,
}

/// The kernels that [`WgpuEngine`] would run, untuned, with their memory plan. Needs no device, and
/// refuses what does not fit into limits that are known without one.
pub fn plan(program: &Program, limits: DeviceLimits, layout: Layout) -> Result<Plan, EngineError> {
    let compiled = Compiled::new(program, layout, &|_| layout.blocking)?;
    if let Some(most) = limits.binding() {
        buffers::check_sizes(&compiled.memory, program.batch, most, "WebGPU by default")?;
    }
    let kernels = compiled.kernels.list.iter().zip(&compiled.code).enumerate();
    let texts = kernels.map(|(at, (kernel, code))| {
        let id = KernelId(at as u32);
        let access = |writes| if writes { Access::ReadWrite } else { Access::Read };
        KernelText {
            name: emit::name(program, &compiled.kernels, id),
            wgsl: code.wgsl.clone(),
            bindings: code
                .bindings
                .iter()
                .map(|b| (b.buffer.to_string(), access(b.writes)))
                .collect(),
            starts: code.starts.clone(),
            workgroups: code.workgroups,
            fused: emit::fused(program, &compiled.kernels, id),
            reads: kernel.reads.iter().map(|r| r.value).collect(),
            writes: kernel.stores.iter().map(|s| s.value).collect(),
        }
    });
    Ok(Plan {
        kernels: texts.collect(),
        slots: compiled.memory.slots.iter().map(|slot| slot.len).collect(),
        vectors: compiled.memory.vectors,
        bytes: buffers::planned(&compiled.memory, &compiled.code),
    })
}

/// The kernels that [`WgpuEngine`] would run in f32 on hardware, untuned, in order.
pub fn kernels(program: &Program) -> Result<Vec<KernelText>, EngineError> {
    Ok(plan(program, DeviceLimits::Adapter, Layout::default())?.kernels)
}

/// Which values get buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// Those that [`Placement`] says.
    #[default]
    Planned,
    /// Every value: slow, but each can be looked at.
    Everything,
}

/// What gets buffers, of what numbers they are, and how contractions read them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layout {
    /// Which values get buffers.
    pub storage: Storage,
    /// Of what numbers activations are.
    pub tensors: Tensors,
    /// How contractions get their operands.
    pub style: Style,
    /// How those through workgroup memory are cut, where tuning says nothing else.
    pub blocking: Blocking,
}

/// How a precision stores activations; none that a GPU does not compute in.
fn stored(precision: Precision) -> Result<Tensors, EngineError> {
    match precision {
        Precision::F32 => Ok(Tensors::Single),
        Precision::F16 => Ok(Tensors::Half),
        Precision::Bf16x3 | Precision::Bf16 => Err(EngineError::Unsupported(format!(
            "the wgpu engine computes in f32 and f16, not in {precision}; say --precision f32 or \
             f16, or take --engine cpu"
        ))),
    }
}

/// A program as kernels, memory plan and text.
struct Compiled {
    kernels: Kernels,
    memory: Memory,
    tiles: Vec<Tile>,
    code: Vec<Code>,
    style: Style,
}

impl Compiled {
    /// `blocking` says how each contraction through workgroup memory is cut.
    fn new(
        program: &Program,
        layout: Layout,
        blocking: &dyn Fn(KernelId) -> Blocking,
    ) -> Result<Self, EngineError> {
        let Layout { storage, tensors, style, .. } = layout;
        let placement = Placement::new(program);
        let (stages, mut homes) = match storage {
            Storage::Planned => (placement.stage, placement.home),
            Storage::Everything => {
                let nodes = program.graph.nodes.len();
                (vec![Stage::default(); nodes], vec![Home::Tensor; nodes])
            }
        };
        let bare: HashSet<NodeId> =
            program.graph.ids().filter(|&id| style.is_bare(&program.graph, id)).collect();
        for &node in &bare {
            let args = program.graph.node(node).args.iter();
            args.for_each(|arg| homes[arg.index()] = Home::Tensor);
        }
        let mut kernels = form(program, &stages, &homes, Limits::WEBGPU, &bare);
        let tile = |id, kernel: &_| Tile::of(&program.graph, kernel, style, blocking(id));
        let partials = |id, kernel: &_| tile(id, kernel).partials(kernel);
        let memory = Memory::plan(program, &mut kernels, tensors, &partials);
        let ids = (0..kernels.list.len()).map(|at| KernelId(at as u32));
        let tiles: Vec<Tile> = ids.clone().map(|id| tile(id, &kernels.list[id.index()])).collect();
        let given = Given { program, kernels: &kernels, memory: &memory, tiles: &tiles, style };
        let code = ids.map(|id| emit::emit(given, id)).collect::<Result<_, _>>()?;
        Ok(Self { kernels, memory, tiles, code, style })
    }
}

/// An adapter, opened.
#[derive(Clone, Debug)]
pub struct WgpuEngine {
    gpu: std::sync::Arc<adapter::Gpu>,
    layout: Layout,
    tune: Tune,
}

impl WgpuEngine {
    /// Opens the best adapter: a discrete GPU before an integrated one before a software driver.
    pub fn new() -> Result<Self, EngineError> {
        Self::open(&Options::default())
    }

    /// The same, opened as it is said.
    pub fn open(options: &Options) -> Result<Self, EngineError> {
        let tensors = stored(options.precision)?;
        let gpu = std::sync::Arc::new(adapter::Gpu::open(options, tensors)?);
        let style = Style::suited(gpu.summary.software);
        // What suits hardware says nothing of software, which takes minutes to try.
        let tune = if gpu.summary.software { Tune::Off } else { options.tune };
        Ok(Self { gpu, layout: Layout { tensors, style, ..Layout::default() }, tune })
    }

    /// Refuses a precision that this engine does not compute in.
    pub fn check(precision: Precision) -> Result<(), EngineError> {
        stored(precision).map(drop)
    }

    /// The same engine with another choice of what is stored.
    pub fn with_storage(self, storage: Storage) -> Self {
        Self { layout: Layout { storage, ..self.layout }, ..self }
    }

    /// The same engine with other contractions than those that suit the adapter.
    pub fn with_style(self, style: Style) -> Self {
        Self { layout: Layout { style, ..self.layout }, ..self }
    }

    /// The same engine with this blocking of all contractions, which are not tuned.
    pub fn with_blocking(self, blocking: Blocking) -> Self {
        Self { layout: Layout { blocking, ..self.layout }, tune: Tune::Off, ..self }
    }

    /// The same engine with other tuning than suits the adapter.
    pub fn with_tuning(self, tune: Tune) -> Self {
        Self { tune, ..self }
    }

    /// Bytes that the device has given out, other programs' on it included, where it tells.
    pub fn allocated(&self) -> Option<u64> {
        let report = self.gpu.device.generate_allocator_report()?;
        Some(report.total_allocated_bytes)
    }

    /// Destroys the device, as if its cable had been pulled: whatever runs on it fails.
    pub fn destroy(&self) {
        self.gpu.device.destroy();
    }

    /// The adapter that is used.
    pub fn adapter(&self) -> &AdapterSummary {
        &self.gpu.summary
    }
}

impl Engine for WgpuEngine {
    fn device(&self) -> Device {
        let AdapterSummary { name, backend, .. } = &self.gpu.summary;
        Device { engine: "wgpu", name: format!("{name} ({backend})") }
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        let compiled = tune::compiled(&self.gpu, program, self.layout, self.tune)?;
        Ok(Box::new(executable::GpuProgram::new(self.gpu.clone(), program, compiled)?))
    }
}
