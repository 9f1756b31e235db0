//! A program as WGSL with all that whoever runs it needs to know, without a device.

use crate::engine::EngineError;
use crate::graph::{NodeId, Program};

use super::cut::Target;
use super::device::buffers;
use super::device::options::DeviceLimits;
use super::kernel::{KernelId, fused, name};
use super::lowered::Lowered;
use super::plan::GpuPlan;
use super::text::KernelCode;

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

/// The kernels of a program as text, in order of execution, with their plan.
#[derive(Clone, Debug)]
pub struct WgslProgram {
    /// What is behind the text.
    pub plan: GpuPlan,
    /// The kernels.
    pub kernels: Vec<KernelText>,
    /// Bytes of all buffers together.
    pub bytes: usize,
}

/// The kernels that [`super::WgpuEngine`] would run, untuned. Needs no device, and refuses what does
/// not fit into limits that are known without one.
pub fn wgsl(
    program: &Program,
    limits: DeviceLimits,
    target: Target,
) -> Result<WgslProgram, EngineError> {
    let Lowered { plan, code } = Lowered::untuned(program, target)?;
    if let Some(most) = limits.binding() {
        buffers::check_sizes(&plan.memory, program.batch, most, "WebGPU by default")?;
    }
    let bytes = buffers::planned(&plan.memory, &code);
    let kernels = plan.ids().zip(code).map(|(id, code)| text(program, &plan, id, code)).collect();
    Ok(WgslProgram { plan, kernels, bytes })
}

fn text(program: &Program, plan: &GpuPlan, id: KernelId, code: KernelCode) -> KernelText {
    let kernel = &plan.kernels.list[id.index()];
    let access = |writes| if writes { Access::ReadWrite } else { Access::Read };
    let bindings = code.bindings.iter().map(|b| (b.buffer.to_string(), access(b.writes)));
    KernelText {
        name: name(program, &plan.kernels, id),
        bindings: bindings.collect(),
        wgsl: code.wgsl,
        starts: code.starts,
        workgroups: code.workgroups,
        fused: fused(program, &plan.kernels, id),
        reads: kernel.reads.iter().map(|r| r.value).collect(),
        writes: kernel.stores.iter().map(|s| s.value).collect(),
    }
}

/// The kernels that [`super::WgpuEngine`] would run in f32 on hardware, untuned, in order.
pub fn kernels(program: &Program) -> Result<Vec<KernelText>, EngineError> {
    Ok(wgsl(program, DeviceLimits::Adapter, Target::default())?.kernels)
}
