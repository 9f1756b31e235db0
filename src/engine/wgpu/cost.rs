//! What a kernel computes and moves, for profiles.

use crate::graph::{NodeId, Program};

use super::cut::{Contraction, ContractionKind};
use super::kernel::{Body, Kernel, KernelId, kind};
use super::numbers::NumberFormat;
use super::plan::GpuPlan;

/// Of a kernel, or of a dispatch.
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
    /// Of kernels that run as one.
    pub fn of_all(program: &Program, plan: &GpuPlan, ids: &[KernelId]) -> Self {
        let mut all = ids.iter().map(|&id| Self::of(program, plan, id));
        let first = all.next().unwrap_or(Self { what: String::new(), flops: 0.0, bytes: 0.0 });
        let sum = all.fold(first, |sum, one| Self {
            flops: sum.flops + one.flops,
            bytes: sum.bytes + one.bytes,
            ..sum
        });
        let more =
            if ids.len() > 1 { format!(" and {} more", ids.len() - 1) } else { String::new() };
        Self { what: sum.what + &more, ..sum }
    }

    fn of(program: &Program, plan: &GpuPlan, id: KernelId) -> Self {
        let kernel = &plan.kernels.list[id.index()];
        Self {
            what: format!("{} {}", kind(program, kernel), kernel.domain.shape),
            flops: flops(program, kernel),
            bytes: bytes(program, plan, id) as f64,
        }
    }
}

fn flops(program: &Program, kernel: &Kernel) -> f64 {
    let (Body::Contract(node) | Body::Weights(node)) = kernel.body else { return 0.0 };
    let Some(it) = Contraction::of(&program.graph, node) else { return 0.0 };
    let weights = match it.kind {
        ContractionKind::WeightGradient => node,
        ContractionKind::Forward | ContractionKind::PictureGradient => it.operands[1],
    };
    let pixels: usize = it.geometry.output().iter().product();
    2.0 * (it.images * pixels * program.graph.node(weights).ty.shape.len()) as f64
}

/// Bytes read and written, partial sums included.
fn bytes(program: &Program, plan: &GpuPlan, id: KernelId) -> usize {
    let kernel = &plan.kernels.list[id.index()];
    let size =
        |node: NodeId| program.graph.node(node).ty.shape.len() * plan.memory.format(node).bytes();
    let read: usize = kernel.reads.iter().map(|r| size(r.value)).sum();
    let written: usize = kernel.stores.iter().map(|s| size(s.value)).sum();
    let partials = |id: KernelId| {
        let elements = plan.cuts[id.index()].partials(&plan.kernels.list[id.index()]);
        NumberFormat::F32.bytes() * elements
    };
    read + written + partials(id) + kernel.source().map_or(0, partials)
}
