//! What a kernel computes and moves, for profiles.

use crate::graph::{Op, Program};
use crate::schedule::kernel::{Body, Kernel, KernelId, Kernels};

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
    pub fn of(program: &Program, kernels: &Kernels, id: KernelId, style: Style) -> Self {
        let kernel = &kernels.list[id.index()];
        let name = emit::name(program, kernels, id);
        let kind = name.split_once('_').map_or(name.as_str(), |(_, kind)| kind);
        Self {
            what: format!("{kind} {}", kernel.domain.shape),
            flops: flops(program, kernel),
            bytes: 4.0 * elements(program, kernels, kernel, style) as f64,
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

/// Elements read and written, partial sums included.
fn elements(program: &Program, kernels: &Kernels, kernel: &Kernel, style: Style) -> usize {
    let len = |node| program.graph.node(node).ty.shape.len();
    let read: usize = kernel.reads.iter().map(|r| len(r.value)).sum();
    let written: usize = kernel.stores.iter().map(|s| len(s.value)).sum();
    let partials = |kernel| emit::partials(program, kernel, style);
    let merged = kernel.source().map(|of| partials(&kernels.list[of.index()]));
    read + written + partials(kernel) + merged.unwrap_or(0)
}
