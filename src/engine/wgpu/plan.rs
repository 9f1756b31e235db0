//! The kernels of a program with their memory plan, for whoever wants to look at them.

use crate::engine::EngineError;
use crate::engine::wgpu::kernel::KernelId;
use crate::graph::{NodeId, Program};

use super::compiled::{Compiled, Layout};
use super::device::buffers;
use super::{DeviceLimits, emit};

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

/// The kernels that [`super::WgpuEngine`] would run, untuned, with their memory plan. Needs no
/// device, and refuses what does not fit into limits that are known without one.
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

/// The kernels that [`super::WgpuEngine`] would run in f32 on hardware, untuned, in order.
pub fn kernels(program: &Program) -> Result<Vec<KernelText>, EngineError> {
    Ok(plan(program, DeviceLimits::Adapter, Layout::default())?.kernels)
}
