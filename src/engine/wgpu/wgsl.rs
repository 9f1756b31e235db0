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

/// What a build writes about one dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelText {
    /// Its first kernel's number and kind, unique in the program.
    pub name: String,
    /// The kernels that it runs.
    pub kernels: Vec<KernelId>,
    /// A complete module with the entry point `main`.
    pub wgsl: String,
    /// Buffers in binding order: a slot of the memory plan, `vectors`, or `starts`.
    pub bindings: Vec<(String, Access)>,
    /// Where what it uses starts in buffers that values share, in elements, and other numbers of its
    /// instances: the contents of `starts`.
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

/// The dispatches of a program as text, in order of execution, with their plan.
#[derive(Clone, Debug)]
pub struct WgslProgram {
    /// What is behind the text.
    pub plan: GpuPlan,
    /// The dispatches.
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
    let Lowered { plan, code, .. } = Lowered::untuned(program, target)?;
    if let Some(most) = limits.binding() {
        buffers::check_sizes(&plan.memory, program.batch, most, "WebGPU by default")?;
    }
    let bytes = buffers::planned(&plan.memory, &code);
    let kernels = code.into_iter().map(|code| text(program, &plan, code)).collect();
    Ok(WgslProgram { plan, kernels, bytes })
}

fn text(program: &Program, plan: &GpuPlan, code: KernelCode) -> KernelText {
    let kernels = code.kernels.iter().map(|id| &plan.kernels.list[id.index()]);
    let reads = kernels.clone().flat_map(|kernel| kernel.reads.iter().map(|r| r.value));
    let writes = kernels.flat_map(|kernel| kernel.stores.iter().map(|s| s.value));
    let evaluated = code.kernels.iter().flat_map(|&id| fused(program, &plan.kernels, id));
    let access = |writes| if writes { Access::ReadWrite } else { Access::Read };
    let bindings = code.bindings.iter().map(|b| (b.buffer.to_string(), access(b.writes)));
    KernelText {
        name: name(program, &plan.kernels, code.kernels[0]),
        kernels: code.kernels.clone(),
        fused: evaluated.collect(),
        reads: reads.collect(),
        writes: writes.collect(),
        bindings: bindings.collect(),
        wgsl: code.wgsl,
        starts: code.starts,
        workgroups: code.workgroups,
    }
}

/// The kernels that [`super::WgpuEngine`] would run in f32 on hardware, untuned, in order.
pub fn kernels(program: &Program) -> Result<Vec<KernelText>, EngineError> {
    Ok(wgsl(program, DeviceLimits::Adapter, Target::default())?.kernels)
}
