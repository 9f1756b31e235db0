//! Small nets drawn at random from the language, the same ones in each run: loss, every gradient
//! and the running statistics.

mod chains;
mod text;

use rnetc::engine::cpu::simd::{Isa, Unit};
use rnetc::engine::cpu::{CpuEngine, dump};
use rnetc::engine::wgpu::WgpuEngine;
use rnetc::engine::{Engine, Executable, Precision};
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, Program, Role, random};
use rnetc::lower;
use rnetc::nn::optimiser::Sgd;

use crate::support::{compile, cpu, distance, gpu, inputs, load, margin};
use chains::Chain;
use text::drawn;

/// f32 after a few layers. Batch norm over a dozen elements takes a decimal digit.
const TOLERANCE: f64 = 2e-4;
/// How near a ReLU's argument may come to zero, where f32 could move it to the other side.
const CALM: f64 = 2e-5;

/// With these, the new momentum is the gradient.
const PLAIN: Sgd = Sgd { momentum: 0.0, weight_decay: 0.0, decay_vectors: false, nesterov: false };

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// The first of a few draws of inputs that keeps every ReLU's argument away from zero.
fn calm(network: &rnetc::network::Network, program: &Program, seed: u32) -> Inputs {
    let mut draws = (0..40).map(|more| inputs(network, program, seed + 1000 * more));
    let calm = draws.find(|inputs| margin(program, inputs) > CALM);
    calm.unwrap_or_else(|| panic!("no draw for net {seed} is calm"))
}

/// What a training step is to leave, by name: loss, logits, gradients, running statistics.
struct Wanted {
    outputs: Vec<Vec<f64>>,
    states: Vec<(InputId, Vec<f64>)>,
}

fn wanted(program: &Program, inputs: &Inputs) -> Wanted {
    let (outputs, updates) = interp::run(program, inputs);
    let kept =
        |id: &InputId| matches!(program.graph.input(*id).role, Role::Slot(..) | Role::Statistic);
    Wanted { outputs, states: updates.into_iter().filter(|(id, _)| kept(id)).collect() }
}

/// The results that are farther off than `most`.
fn wrong(
    program: &Program,
    executable: &mut dyn Executable,
    wanted: &Wanted,
    most: f64,
) -> Vec<String> {
    let mut pairs = Vec::new();
    for (index, want) in wanted.outputs.iter().enumerate() {
        let name = program.outputs[index].kind.to_string();
        pairs.push((name, executable.output(index).expect("an output"), want));
    }
    for (id, want) in &wanted.states {
        let name = program.graph.input(*id).name.clone();
        pairs.push((name, executable.state(*id).expect("a state"), want));
    }
    let largest = pairs.iter().map(|(_, _, want)| norm(want)).fold(0.0, f64::max);
    let off = pairs.into_iter().filter_map(|(name, have, want)| {
        // A shift that batch norm takes out again has a gradient of zero, or its rounding.
        let error = distance(&have, want) * (norm(want) / (1e-2 * largest)).min(1.0);
        (error.is_nan() || error > most).then(|| format!("{name} is off by {error:.1e}"))
    });
    off.collect()
}

/// Of how many nets one runs on a software adapter, which takes a second to compile a net's kernels.
const SOFTWARE_EVERY: u32 = 8;

/// The CPU engine with contractions in two bf16 parts, which leave 2⁻¹⁷ of an operand.
fn in_two_parts() -> Box<dyn Engine> {
    Box::new(CpuEngine::new(None, Precision::Bf16x3).expect("every machine has a CPU"))
}

/// The engines that a net runs on.
fn engines_for(seed: u32) -> Vec<Box<dyn Engine>> {
    let all =
        |engine: &WgpuEngine| !engine.adapter().software || seed.is_multiple_of(SOFTWARE_EVERY);
    let gpu = gpu().filter(all).map(|engine| Box::new(engine) as Box<dyn Engine>);
    [cpu(), in_two_parts()].into_iter().chain(gpu).collect()
}

fn check(seeds: std::ops::Range<u32>) {
    let mut failed = Vec::new();
    for seed in seeds {
        let drawn = drawn(seed);
        let network = compile(&format!("net {seed}:\n{}", drawn.text), &drawn.text, "");
        let program = lower::training(&network, drawn.batch, &PLAIN);
        let inputs = calm(&network, &program, seed);
        let wanted = wanted(&program, &inputs);
        for engine in engines_for(seed) {
            let mut executable = load(engine.as_ref(), &program, &inputs);
            executable.run().expect("runs");
            let wrong = wrong(&program, executable.as_mut(), &wanted, TOLERANCE);
            if !wrong.is_empty() {
                let on = engine.device();
                failed.push(format!("net {seed} on {on:?}: {}\n{}", wrong.join(", "), drawn.text));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

// Two tests, so that two threads share them.

#[test]
fn a_hundred_nets() {
    check(0..100);
}

#[test]
fn another_hundred_nets() {
    check(100..200);
}

/// What a step takes of memory is compared with what was written there when it is scheduled, for
/// AMX on machines without it too.
#[test]
fn every_step_finds_what_it_takes() {
    let portable = Isa::choose(Some("portable")).expect("every machine has it");
    for seed in 0..200 {
        let drawn = drawn(seed);
        let network = compile(&format!("net {seed}:\n{}", drawn.text), &drawn.text, "");
        let program = lower::training(&network, drawn.batch, &PLAIN);
        for precision in [Precision::F32, Precision::Bf16x3, Precision::Bf16] {
            for isa in [portable, portable.planning(Unit::Matrices)] {
                let phases = dump::phases(&program, isa, precision);
                assert!(phases.is_ok(), "{phases:?} in {precision}:\n{}", drawn.text);
            }
        }
    }
}

/// In f32 what a few layers leave; 2⁻¹⁷ of an operand in two parts, 2⁻⁹ in one, which gradients take in
/// from both sides.
const PRECISIONS: [(Precision, f64); 3] =
    [(Precision::F32, 1e-4), (Precision::Bf16x3, 1e-3), (Precision::Bf16, 8e-2)];

/// The chain of a seed.
fn drawn_chain(seed: u32) -> Chain {
    let (key, mut drawn) = (random::key(seed, 100), 0);
    chains::chain(&mut |n: usize| {
        drawn += 1;
        ((random::uniform(key, drawn) * n as f32) as usize).min(n - 1)
    })
}

/// Chains on this machine's instruction sets (each of a few, or one in turn), in every precision, and
/// planned for tiles.
fn check_chains(seeds: std::ops::Range<u32>, everywhere: bool) {
    let isas = Isa::available();
    let mut failed = Vec::new();
    for seed in seeds {
        let Chain { text, batch } = drawn_chain(seed);
        let network = compile(&format!("chain {seed}: {text}"), &text, "");
        let program = lower::training(&network, batch, &PLAIN);
        let inputs = inputs(&network, &program, seed);
        let wanted = wanted(&program, &inputs);
        let turn = [isas[seed as usize % isas.len()]];
        for &isa in if everywhere { &isas[..] } else { &turn[..] } {
            for (precision, most) in PRECISIONS {
                let engine = CpuEngine::on(isa, Some(1), precision).expect("the machine has it");
                let mut executable = load(&engine, &program, &inputs);
                executable.run().expect("runs");
                let wrong = wrong(&program, executable.as_mut(), &wanted, most);
                if !wrong.is_empty() {
                    let wrong = wrong.join(", ");
                    failed.push(format!("{seed} on {isa:?} in {precision}: {wrong}\n{text}"));
                }
            }
        }
        for (precision, _) in PRECISIONS {
            let phases = dump::phases(&program, isas[0].planning(Unit::Matrices), precision);
            assert!(phases.is_ok(), "{phases:?} in {precision}:\n{text}");
        }
        let all = |gpu: &WgpuEngine| !gpu.adapter().software || seed.is_multiple_of(50);
        if let Some(engine) = gpu().filter(all) {
            let mut executable = load(&engine, &program, &inputs);
            executable.run().expect("runs");
            let wrong = wrong(&program, executable.as_mut(), &wanted, PRECISIONS[0].1);
            if !wrong.is_empty() {
                failed.push(format!("{seed} on wgpu: {}\n{text}", wrong.join(", ")));
            }
        }
    }
    assert!(failed.is_empty(), "{} chains:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn a_hundred_chains() {
    check_chains(0..100, false);
}

#[test]
fn another_hundred_chains() {
    check_chains(100..200, false);
}

/// What `RNETC_NETS` or `RNETC_CHAINS` asks for, FROM..TO.
fn asked(variable: &str, usual: &str) -> std::ops::Range<u32> {
    let asked = std::env::var(variable).unwrap_or_else(|_| usual.into());
    let ends = asked.split_once("..").expect("FROM..TO");
    let [from, to] = [ends.0, ends.1].map(|end| end.parse().expect("a number"));
    from..to
}

/// For a change to how operands lie in memory: `RNETC_CHAINS=FROM..TO cargo test --release --test
/// conformance -- --ignored chains`.
#[test]
#[ignore = "takes minutes"]
fn as_many_chains_as_are_asked_for() {
    check_chains(asked("RNETC_CHAINS", "200..2200"), true);
}

/// For a new layer: `RNETC_NETS=FROM..TO`, and nets in place of chains.
#[test]
#[ignore = "takes minutes"]
fn as_many_nets_as_are_asked_for() {
    check(asked("RNETC_NETS", "200..1200"));
}
