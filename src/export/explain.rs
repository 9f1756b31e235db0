//! `--explain`: kernels, what was fused into each, tensor passes a unit, FLOPs, bytes, memory.

use std::fmt::Write;

use super::Build;
use crate::engine::wgpu::KernelText;
use crate::graph::RegionId;
use crate::graph::{Class, Graph, NodeId, Op};

/// The whole report as text.
pub fn explain(build: &Build) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = network(&mut out, build);
    let _ = units(&mut out, build);
    let _ = cpu(&mut out, build);
    let _ = gpu(&mut out, build);
    out
}

fn network(out: &mut String, build: &Build) -> std::fmt::Result {
    let network = build.network;
    writeln!(
        out,
        "{}: {} units, {} parameters, {} multiply-accumulates an image; batch {}",
        network.name,
        network.units.len(),
        network.parameters(),
        network.macs(),
        build.program.batch
    )
}

/// Tensors read and written for each kind of unit, on both engines.
fn units(out: &mut String, build: &Build) -> std::fmt::Result {
    writeln!(
        out,
        "\ntensor passes a unit (tensors read and written, in outputs of its narrowest convolution)"
    )?;
    writeln!(out, "  {:>5}  {:<24} {:>8} {:>8}", "unit", "definition", "cpu", "wgpu")?;
    for (at, unit) in build.network.units.iter().enumerate() {
        let id = RegionId(at as u32);
        let text = |passes: Option<f64>| passes.map_or("–".to_string(), |p| format!("{p:.1}"));
        let cpu = text(build.cpu.passes(&build.program, id));
        let gpu = text(gpu_passes(build, id));
        writeln!(out, "  {:>5}  {:<24} {cpu:>8} {gpu:>8}", unit.index, unit.definition)?;
    }
    Ok(())
}

fn elements(graph: &Graph, node: NodeId) -> usize {
    graph.node(node).ty.shape.len()
}

/// Whole batched tensors that a kernel moves.
fn moved(graph: &Graph, kernel: &KernelText) -> usize {
    kernel
        .reads
        .iter()
        .chain(&kernel.writes)
        .filter(|&&n| graph.node(n).ty.batched)
        .map(|&n| elements(graph, n))
        .sum()
}

fn gpu_passes(build: &Build, region: RegionId) -> Option<f64> {
    let graph = &build.program.graph;
    let narrowest = graph
        .ids()
        .filter(|&n| graph.node(n).origin.region == Some(region))
        .filter(|&n| matches!(graph.node(n).op, Op::Conv(_)))
        .map(|n| elements(graph, n))
        .min()?;
    let owner = |kernel: &KernelText| {
        let contraction = |n: &&NodeId| graph.node(**n).op.class() == Class::Contraction;
        let anchor = kernel.fused.iter().find(contraction);
        let first = anchor.or(kernel.fused.first());
        first.and_then(|&n| graph.node(n).origin.region)
    };
    let total: usize = build
        .gpu
        .kernels
        .iter()
        .filter(|k| owner(k) == Some(region))
        .map(|k| moved(graph, k))
        .sum();
    Some(total as f64 / narrowest as f64)
}

fn cpu(out: &mut String, build: &Build) -> std::fmt::Result {
    let report = &build.cpu;
    let flops: usize = report.phases.iter().map(|p| p.flops).sum();
    let bytes: usize = report.phases.iter().map(|p| p.bytes).sum();
    writeln!(
        out,
        "\ncpu engine: {} phases, {:.2} GFLOP and {:.1} MiB of activations moved a step, \
         {:.1} MiB of tensors, {:.2} MiB of scratch a thread",
        report.phases.len(),
        flops as f64 / 1e9,
        bytes as f64 / f64::from(1 << 20),
        report.arena as f64 / f64::from(1 << 20),
        report.scratch as f64 / f64::from(1 << 20),
    )?;
    for (at, phase) in report.phases.iter().enumerate() {
        let unit = phase.region.map_or(String::new(), |u| {
            let unit = &build.network.units[u.index()];
            format!(" unit {} ({})", unit.index, unit.definition)
        });
        writeln!(
            out,
            "  phase {at}{unit}: reads {}, writes {} tensors, {:.1} MiB, {:.3} GFLOP",
            phase.reads.len(),
            phase.writes.len(),
            phase.bytes as f64 / f64::from(1 << 20),
            phase.flops as f64 / 1e9
        )?;
        for step in &phase.steps {
            writeln!(out, "    {step}")?;
        }
    }
    Ok(())
}

fn gpu(out: &mut String, build: &Build) -> std::fmt::Result {
    let graph = &build.program.graph;
    let gpu = &build.gpu;
    let memory = 4 * gpu.plan.memory.elements();
    writeln!(
        out,
        "\nwgpu engine: {} dispatches, {:.1} MiB of buffers",
        gpu.kernels.len(),
        memory as f64 / f64::from(1 << 20)
    )?;
    for kernel in &gpu.kernels {
        let [x, y, z] = kernel.workgroups;
        writeln!(
            out,
            "  {}: {} nodes, {x}×{y}×{z} workgroups, {:.2} MiB",
            kernel.name,
            kernel.fused.len(),
            4.0 * moved(graph, kernel) as f64 / f64::from(1 << 20)
        )?;
    }
    Ok(())
}
