//! The GPU engine's kernels and memory. The input is a graph, or a spec whose first line says what it
//! is lowered to.

use rnetc::engine::wgpu::{GpuPlan, Target, dump};
use rnetc::graph::Program;
use rnetc::lower;

use crate::{compare, files::goal, network};

fn program(input: &str) -> Program {
    if !input.starts_with("//") {
        return input.parse().unwrap_or_else(|error| panic!("{error}:\n{input}"));
    }
    let (goal, batch) = goal(input);
    lower::program(&network("gpu", input, &[]), batch, goal)
}

fn dumped(input: &str, dump: fn(&Program, &GpuPlan) -> String) -> String {
    let program = program(input);
    dump(&program, &GpuPlan::untuned(&program, Target::default()))
}

#[test]
fn kernels_are_as_written() {
    compare("gpu/kernels", |input| dumped(input, dump::kernels));
}

#[test]
fn memory_is_as_written() {
    compare("gpu/memory", |input| dumped(input, dump::memory));
}
