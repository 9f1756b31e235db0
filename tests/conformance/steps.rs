//! Training steps: the engines agree with each other, and with themselves on any thread count.

use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::{Engine, Precision};
use rnetc::graph::interp::Inputs;
use rnetc::graph::{InputId, OutputKind, Program, Role};
use rnetc::lower;
use rnetc::network::Network;
use rnetc::nn::optimiser::Sgd;
use rnetc::train::init::initial;
use rnetc::train::runner::Runner;
use rnetc::train::tensors;

use crate::support::{compile, engines, inputs, load, network, wgpu};

fn losses(engine: &dyn Engine, program: &Program, inputs: &Inputs) -> Vec<f32> {
    let mut executable = load(engine, program, inputs);
    (0..20)
        .map(|_| {
            executable.run().expect("runs");
            executable.output(0).expect("a loss")[0]
        })
        .collect()
}

/// The losses of twenty steps on both engines.
fn both(program: &Program, network: &Network, gpu: &dyn Engine, seed: u32) -> [Vec<f32>; 2] {
    let mut inputs = inputs(network, program, seed);
    for (at, input) in program.graph.inputs.iter().enumerate() {
        if input.role == Role::LearningRate {
            // Half of warm-up's rate, scaled to a sixteenth of its batch: high rates make
            // differences grow.
            inputs.insert(InputId(at as u32), vec![f64::from(0.01f32 / 32.0)]);
        }
    }
    let cpu = CpuEngine::new(None, Precision::F32).expect("a CPU");
    [losses(&cpu, program, &inputs), losses(gpu, program, &inputs)]
}

/// Within 1e-5, where no ReLU's argument is rounded to different sides of zero: one draw of a few
/// is free of that for twenty steps.
#[test]
fn both_engines_give_the_same_losses_for_twenty_steps() {
    let Some(gpu) = wgpu() else { return };
    let network = network("preact", 20);
    let program = lower::training(&network, 8, &Sgd::PAPER);
    let mut seen = Vec::new();
    for seed in 3..=6 {
        let [a, b] = both(&program, &network, gpu.as_ref(), seed);
        assert!(a[19] < a[0], "twenty steps on one mini-batch lower its loss: {a:?}");
        let far = |(x, y): (&f32, &f32)| (x - y).abs() / x.abs().max(1.0);
        let off = a.iter().zip(&b).map(far).fold(0.0, f32::max);
        if off < 1e-5 {
            return;
        }
        // Even then they stay together.
        assert!(off < 1e-3, "{a:?} and {b:?}");
        seen.push(off);
    }
    panic!("the losses differ by {seen:?}");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (spec, precision) in [
        ("preact", Precision::F32),
        ("preact", Precision::Bf16x3),
        ("preact", Precision::Bf16),
        ("exclusive_gate", Precision::F32),
        ("dropout_shortcut", Precision::Bf16),
    ] {
        threads_agree(spec, precision);
    }
}

fn threads_agree(spec: &str, precision: Precision) {
    let network = network(spec, 8);
    let program = lower::training(&network, 37, &Sgd::PAPER);
    let inputs = inputs(&network, &program, 3);
    let run = |threads: usize| {
        let engine = CpuEngine::new(Some(threads), precision).expect("a CPU");
        let mut executable = load(&engine, &program, &inputs);
        for _ in 0..3 {
            executable.run().expect("runs");
        }
        let mut bits: Vec<Vec<u32>> = Vec::new();
        for &(input, _) in &program.updates {
            let state = executable.state(input).expect("state");
            bits.push(state.iter().map(|v| v.to_bits()).collect());
        }
        bits
    };
    let one = run(1);
    for threads in [1, 2, 3, 7, 64] {
        assert!(run(threads) == one, "{spec} in {precision:?}: {threads} threads differ");
    }
}

/// Numbers of a net whose dropout keeps everything are not drawn; a step takes the same inputs.
#[test]
fn nothing_dropped() {
    let text = "net n { input(2, 4, 4) -> conv(3x3, 2) -> dropout(0) -> relu -> drop_path(0) -> linear(3) }";
    let network = compile("n", text, "");
    for engine in engines() {
        let program = lower::training(&network, 2, &Sgd::PAPER);
        let mut step = Runner::new(engine.as_ref(), &program).expect("compiles");
        step.load(&initial(&tensors::of(&network), 0)).expect("first values");
        step.write(Role::Seed, &[3.0]).expect("a seed, wanted or not");
        step.write(Role::LearningRate, &[0.1]).expect("a rate");
        step.write(Role::Targets, &[0.0, 1.0, 0.0, 1.0, 0.0, 0.0]).expect("targets");
        step.write(Role::Images, &[0.5; 64]).expect("pictures");
        step.run().expect("a step");
        assert!(step.output(OutputKind::Loss).expect("a loss")[0].is_finite());
    }
}
