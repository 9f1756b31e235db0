//! Networks, inputs, engines and distances.

use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::wgpu::WgpuEngine;
use rnetc::engine::{Engine, Executable, Precision};
use rnetc::gradcheck;
use rnetc::graph::{Op, Output, Program, Unary, interp};
use rnetc::sema;
use rnetc::sema::network::Network;
use rnetc::source::Source;

/// The specs, each with its smallest depth.
pub const SPECS: [(&str, usize); 6] = [
    ("original", 8),
    ("preact", 8),
    ("bottleneck_original", 11),
    ("bottleneck_preact", 11),
    ("plain", 8),
    ("exclusive_gate", 8),
];

/// A spec's network.
pub fn network(spec: &str, depth: usize) -> Network {
    let path = format!("{}/specs/{spec}.rnet", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the spec is there");
    let settings = [("depth".to_string(), depth.to_string())];
    sema::compile(&Source::new(path, text), &settings).expect("the spec is right").network
}

/// Both engines; the GPU engine only where there is an adapter, unless one is required.
pub fn engines() -> Vec<Box<dyn Engine>> {
    let mut engines: Vec<Box<dyn Engine>> =
        vec![Box::new(CpuEngine::new(Some(2), Precision::F32).expect("every machine has a CPU"))];
    engines.extend(wgpu());
    engines
}

/// The GPU engine, or a visible line that says it is skipped.
pub fn wgpu() -> Option<Box<dyn Engine>> {
    match WgpuEngine::new() {
        Ok(engine) => Some(Box::new(engine)),
        Err(error) if std::env::var_os("RNETC_REQUIRE_WGPU").is_some() => {
            panic!("RNETC_REQUIRE_WGPU is set: {error}")
        }
        Err(error) => {
            eprintln!("skipped: no wgpu adapter ({error})");
            None
        }
    }
}

/// Random inputs, rounded to f32 so that engine and interpreter start from the same numbers.
pub fn inputs(network: &Network, program: &Program, seed: u32) -> interp::Inputs {
    let mut inputs = gradcheck::random_inputs(network, program, seed);
    inputs.values_mut().flatten().for_each(|v| *v = f64::from(*v as f32));
    inputs
}

/// The one of a few draws in which ReLU arguments stay farthest from zero: one that f32 rounding
/// moves to the other side costs a gradient 1e-3, which would hide a mistake.
pub fn calm_inputs(network: &Network, program: &Program) -> interp::Inputs {
    (1..=6)
        .map(|seed| inputs(network, program, seed))
        .max_by(|a, b| margin(program, a).total_cmp(&margin(program, b)))
        .expect("there are six")
}

/// Smallest distance of a ReLU's argument from zero.
fn margin(program: &Program, inputs: &interp::Inputs) -> f64 {
    let graph = &program.graph;
    let relus: Vec<Output> = graph
        .nodes
        .iter()
        .filter(|n| n.op == Op::Unary(Unary::Relu))
        .map(|n| Output { name: String::new(), node: n.args[0] })
        .collect();
    let forward = Program { outputs: relus, updates: Vec::new(), ..program.clone() };
    let (arguments, _) = interp::run(&rnetc::passes::standard(forward), inputs);
    arguments.iter().flatten().fold(f64::INFINITY, |m, v| m.min(v.abs()))
}

/// Compiles a program and sets every input that it reads.
pub fn load(
    engine: &dyn Engine,
    program: &Program,
    inputs: &interp::Inputs,
) -> Box<dyn Executable> {
    let mut executable = engine.compile(program).expect("compiles");
    for node in &program.graph.nodes {
        if let Op::Input(input) = node.op {
            let values: Vec<f32> = inputs[&input].iter().map(|&v| v as f32).collect();
            executable.write(input, &values).expect("the input fits");
        }
    }
    executable
}

/// ‖have − want‖ / ‖want‖.
pub fn distance(have: &[f32], want: &[f64]) -> f64 {
    assert_eq!(have.len(), want.len());
    let squares = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        have.iter().zip(want).map(|(&h, &w)| f(f64::from(h), w).powi(2)).sum()
    };
    (squares(&|h, w| h - w) / squares(&|_, w| w).max(1e-30)).sqrt()
}
