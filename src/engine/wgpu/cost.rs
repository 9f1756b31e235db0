//! What a kernel computes and moves, for profiles.

use crate::graph::{NodeId, Op, Program};
use crate::schedule::kernel::{Body, Format, Kernel, KernelId, Kernels, Memory};

use super::emit::{self, Style};

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
    pub fn of(
        program: &Program,
        kernels: &Kernels,
        memory: &Memory,
        id: KernelId,
        style: Style,
    ) -> Self {
        let kernel = &kernels.list[id.index()];
        let name = emit::name(program, kernels, id);
        let kind = name.split_once('_').map_or(name.as_str(), |(_, kind)| kind);
        Self {
            what: format!("{kind} {}", kernel.domain.shape),
            flops: flops(program, kernel),
            bytes: bytes(program, kernels, memory, kernel, style) as f64,
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
fn bytes(
    program: &Program,
    kernels: &Kernels,
    memory: &Memory,
    kernel: &Kernel,
    style: Style,
) -> usize {
    let size = |node: NodeId| program.graph.node(node).ty.shape.len() * memory.format(node).bytes();
    let read: usize = kernel.reads.iter().map(|r| size(r.value)).sum();
    let written: usize = kernel.stores.iter().map(|s| size(s.value)).sum();
    let partials = |kernel| Format::F32.bytes() * emit::partials(program, kernel, style);
    let merged = kernel.source().map_or(0, |of| partials(&kernels.list[of.index()]));
    read + written + partials(kernel) + merged
}
