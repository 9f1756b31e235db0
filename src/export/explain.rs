//! `--explain`: kernels, what was fused into each, tensor passes a unit, FLOPs, bytes, memory.

use std::fmt::Write;

use super::{Build, Mode};
use crate::engine::traffic::{self, Traffic};
use crate::engine::wgpu::KernelText;
use crate::graph::{Class, Graph, NodeId, RegionId};

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
    let graph = &build.program.graph;
    for (at, unit) in build.network.units.iter().enumerate() {
        let id = RegionId(at as u32);
        let text = |passes: Option<f64>| passes.map_or("–".to_string(), |p| format!("{p:.1}"));
        let cpu = text(traffic::passes(graph, id, build.cpu.traffic()));
        let kernels = build.gpu.kernels.iter().map(|kernel| gpu_traffic(graph, kernel));
        let gpu = text(traffic::passes(graph, id, kernels));
        writeln!(out, "  {:>5}  {:<24} {cpu:>8} {gpu:>8}", unit.index, unit.definition)?;
    }
    Ok(())
}

/// What a kernel moves, for the region of its contraction or else of its first node.
fn gpu_traffic<'a>(graph: &Graph, kernel: &'a KernelText) -> Traffic<'a> {
    let contraction = |n: &&NodeId| graph.node(**n).op.class() == Class::Contraction;
    let first = kernel.fused.iter().find(contraction).or(kernel.fused.first());
    let region = first.and_then(|&n| graph.node(n).origin.region);
    Traffic { region, reads: &kernel.reads, writes: &kernel.writes }
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
        "\nwgpu engine: {} dispatches a {} in f32, {} in f16, each after the other; {:.1} MiB of buffers",
        gpu.kernels.len(),
        match build.mode {
            Mode::Train => "step",
            Mode::Infer => "pass",
        },
        build.dispatches_in_half,
        memory as f64 / f64::from(1 << 20)
    )?;
    for kernel in &gpu.kernels {
        let [x, y, z] = kernel.workgroups;
        writeln!(
            out,
            "  {}{}: {} nodes, {x}×{y}×{z} workgroups, {:.2} MiB",
            kernel.name,
            match kernel.kernels.len() {
                1 => String::new(),
                many => format!(" and {} like it", many - 1),
            },
            kernel.fused.len(),
            4.0 * gpu_traffic(graph, kernel).elements(graph) as f64 / f64::from(1 << 20)
        )?;
    }
    Ok(())
}
