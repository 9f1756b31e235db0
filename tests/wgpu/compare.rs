//! Runs a program on the GPU engine and in the interpreter.

use rnetc::engine::Engine;
use rnetc::engine::wgpu::Storage;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, Program, Role, random, verify};

use super::engine;

/// Numbers in ±`scale`.
pub fn numbers(seed: u32, len: usize, scale: f32) -> Vec<f32> {
    let key = random::key(seed, 7);
    (0..len).map(|i| (random::uniform(key, i as u32) * 2.0 - 1.0) * scale).collect()
}

/// Starting values by role: vectors of parameters near one, other parameters small.
pub fn start(program: &Program) -> Vec<Vec<f32>> {
    let inputs = program.graph.inputs.iter().enumerate();
    inputs
        .map(|(at, input)| {
            let (n, seed) = (input.ty.shape.len(), at as u32);
            let classes = input.ty.shape.0[3];
            match input.role {
                Role::Images => numbers(seed, n, 2.0),
                Role::Targets => {
                    (0..n).map(|j| f32::from(j % classes == (j / classes) % classes)).collect()
                }
                Role::LearningRate => vec![0.1; n],
                Role::Probe => vec![1.0; n],
                Role::Seed => vec![12_345.0; n],
                Role::Statistic => vec![0.5; n],
                Role::Momentum => vec![0.0; n],
                Role::Parameter if input.ty.shape.0[..3] == [1; 3] => {
                    numbers(seed, n, 0.5).iter().map(|v| v + 1.0).collect()
                }
                Role::Parameter => numbers(seed, n, 0.2),
            }
        })
        .collect()
}

/// Relative L2 distance.
fn distance(have: &[f32], want: &[f64]) -> f64 {
    assert_eq!(have.len(), want.len());
    let square = |x: f64| x * x;
    let difference: f64 = have.iter().zip(want).map(|(&h, w)| square(f64::from(h) - w)).sum();
    let size: f64 = want.iter().map(|w| square(*w)).sum();
    let distance = (difference / size.max(1e-20)).sqrt();
    if distance.is_nan() { f64::INFINITY } else { distance }
}

/// Whether every output and every new state stays within `tolerance` for some steps, with
/// planned storage and with everything stored. Programs without updates run once.
pub fn agrees(name: &str, program: &Program, tolerance: f64) {
    verify::verify(program).unwrap();
    for storage in [Storage::Planned, Storage::Everything] {
        let Some(engine) = engine() else { return };
        let mut executable = engine.with_storage(storage).compile(program).unwrap();
        let mut inputs = Inputs::new();
        for (at, data) in start(program).into_iter().enumerate() {
            let id = InputId(at as u32);
            executable.write(id, &data).unwrap();
            inputs.insert(id, data.iter().map(|&v| f64::from(v)).collect());
        }
        let steps = if program.updates.is_empty() { 1 } else { 3 };
        for step in 0..steps {
            let (outputs, updates) = interp::run(program, &inputs);
            executable.run().unwrap();
            let at = format!("{name}, {storage:?}, step {step}");
            for (index, want) in outputs.iter().enumerate() {
                let have = executable.output(index).unwrap();
                let distance = distance(&have, want);
                let label = &program.outputs[index].name;
                assert!(distance < tolerance, "{at}: {label} is off by {distance:.1e}");
            }
            for (input, want) in &updates {
                let distance = distance(&executable.state(*input).unwrap(), want);
                let label = &program.graph.input(*input).name;
                assert!(distance < tolerance, "{at}: new {label} is off by {distance:.1e}");
            }
            inputs.extend(updates);
        }
    }
}
