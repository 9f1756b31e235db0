//! What a kernel computes and moves, for profiles.

use crate::engine::wgpu::kernel::{Body, Format, Kernel, KernelId};
use crate::graph::{NodeId, Op, Program};

use super::emit::{self, Given};

/// Of one dispatch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cost {
    /// What it does, on what shape.
    pub what: String,
    /// Floating-point operations of a contraction (a multiply-add is two).
    pub flops: f64,
    /// Bytes of what it reads and writes, each counted once.
    pub bytes: f64,
}

impl Cost {
    pub fn of(given: Given, id: KernelId) -> Self {
        let Given { program, kernels, .. } = given;
        let kernel = &kernels.list[id.index()];
        let name = emit::name(program, kernels, id);
        let kind = name.split_once('_').map_or(name.as_str(), |(_, kind)| kind);
        Self {
            what: format!("{kind} {}", kernel.domain.shape),
            flops: flops(program, kernel),
            bytes: bytes(given, id) as f64,
        }
    }
}

fn flops(program: &Program, kernel: &Kernel) -> f64 {
    let (Body::Contract(node) | Body::Weights(node)) = kernel.body else { return 0.0 };
    let node = program.graph.node(node);
    let (Op::Conv(geometry) | Op::ConvDx(geometry) | Op::ConvDw(geometry)) = node.op else {
        return 0.0;
    };
    let operand = |arg: usize| program.graph.node(node.args[arg]).ty.shape;
    let weights = if let Op::ConvDw(_) = node.op { node.ty.shape } else { operand(1) };
    let pixels: usize = geometry.output().iter().product();
    2.0 * (operand(0).0[0] * pixels * weights.len()) as f64
}

/// Bytes read and written, partial sums included.
fn bytes(given: Given, id: KernelId) -> usize {
    let Given { program, kernels, memory, tiles, .. } = given;
    let kernel = &kernels.list[id.index()];
    let size = |node: NodeId| program.graph.node(node).ty.shape.len() * memory.format(node).bytes();
    let read: usize = kernel.reads.iter().map(|r| size(r.value)).sum();
    let written: usize = kernel.stores.iter().map(|s| size(s.value)).sum();
    let partials = |id: KernelId| {
        let elements = tiles[id.index()].partials(&kernels.list[id.index()]);
        Format::F32.bytes() * elements
    };
    read + written + partials(id) + kernel.source().map_or(0, partials)
}
