//! Reductions to the same rows are one kernel where each needs only its own row of the others.

use rnetc::engine::wgpu::{GpuPlan, Target, kernel};
use rnetc::graph::builder::Builder;
use rnetc::graph::{Axes, NodeId, Output, Program, ReduceKind, Role, Shape, Type, Unary};
use rnetc::nn::option_a::pad_channels;

use crate::compare::agrees;

/// What is built from pictures, and in how many kernels its reductions are.
fn reduced(build: impl Fn(&mut Builder, NodeId) -> Vec<NodeId>) -> (Program, usize) {
    let mut b = Builder::new();
    let x = b.input("images", Role::Images, Type { shape: Shape([3, 4, 5, 8]), batched: true });
    let nodes = build(&mut b, x);
    let (outputs, updates) = (Output::quantities(nodes), Vec::new());
    let program = Program { graph: b.finish(), outputs, updates, batch: 3 };
    let plan = GpuPlan::untuned(&program, Target::default());
    let count = plan.kernels.list.iter().filter(|k| kernel::kind(&program, k) == "reduce").count();
    (program, count)
}

#[test]
fn a_softmax_is_one_kernel() {
    let (program, kernels) = reduced(|b, x| {
        let largest = b.reduce(ReduceKind::Max, Axes::CHANNELS, x);
        let shifted = b.sub(x, largest);
        let exponentials = b.unary(Unary::Exp, shifted);
        let total = b.reduce(ReduceKind::Sum, Axes::CHANNELS, exponentials);
        let log = b.unary(Unary::Log, total);
        let scores = b.sub(shifted, log);
        let squares = b.mul(scores, scores);
        let size = b.reduce(ReduceKind::Sum, Axes::CHANNELS, squares);
        vec![largest, total, size]
    });
    assert_eq!(kernels, 1);
    agrees("a softmax", &program, 1e-5);
}

/// The second sum wants the first of the channel before: of another thread.
#[test]
fn a_reduction_that_needs_another_row_is_another_kernel() {
    let (program, kernels) = reduced(|b, x| {
        let first = b.reduce(ReduceKind::Sum, Axes::SPACE, x);
        let moved = pad_channels(b, first, 8, 1);
        let beside = b.add(x, moved);
        let squares = b.mul(beside, beside);
        vec![b.reduce(ReduceKind::Sum, Axes::SPACE, squares), first]
    });
    assert_eq!(kernels, 2);
    agrees("sums of other rows", &program, 1e-5);
}
