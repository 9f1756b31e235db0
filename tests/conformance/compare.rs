//! Runs a program in the interpreter and on both engines.

use rnetc::engine::wgpu::Style;
use rnetc::engine::{Engine, Executable};
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, Program, Role, random, verify};

use super::support::{cpu, gpu};

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
                Role::LossScale | Role::GoodSteps => vec![1024.0; n],
                Role::Filled(_) => vec![0.5; n],
                Role::Probe(_) | Role::Cut => vec![1.0; n],
                Role::Seed => vec![12_345.0; n],
                Role::Open(_) => vec![1.0; n],
                Role::LookaheadShare => vec![0.25; n],
                Role::EmaDecay => vec![0.9; n],
                Role::Statistic | Role::Average(..) => vec![0.5; n],
                Role::Slot(..) => vec![0.0; n],
                Role::Parameter if input.ty.shape.0[..3] == [1; 3] => {
                    numbers(seed, n, 0.5).iter().map(|v| v + 1.0).collect()
                }
                Role::Parameter => numbers(seed, n, 0.2),
            }
        })
        .collect()
}

/// Relative L2 distance.
pub fn distance(have: &[f32], want: &[f64]) -> f64 {
    assert_eq!(have.len(), want.len());
    let square = |x: f64| x * x;
    let difference: f64 = have.iter().zip(want).map(|(&h, w)| square(f64::from(h) - w)).sum();
    let size: f64 = want.iter().map(|w| square(*w)).sum();
    let distance = (difference / size.max(1e-20)).sqrt();
    if distance.is_nan() { f64::INFINITY } else { distance }
}

/// Whether every output and every new state stays within `tolerance` for some steps: on the CPU,
/// and on the GPU with both kinds of contractions. Programs without updates run once.
pub fn agrees(name: &str, program: &Program, tolerance: f64) {
    verify::verify(program).unwrap();
    let mut engines = vec![("cpu", cpu())];
    for (on, style) in [("wgpu, staged", Style::Staged), ("wgpu, sliding", Style::Sliding)] {
        let engine = gpu().map(|e| e.with_style(style));
        engines.extend(engine.map(|e| (on, Box::new(e) as Box<dyn Engine>)));
    }
    agree(name, program, tolerance, engines);
}

/// The same on these engines, each with its name.
pub fn agree(name: &str, program: &Program, tolerance: f64, engines: Vec<(&str, Box<dyn Engine>)>) {
    let steps = if program.updates.is_empty() { 1 } else { 3 };
    agree_for(steps, name, program, tolerance, engines);
}

/// The same for so many steps.
pub fn agree_for(
    steps: usize,
    name: &str,
    program: &Program,
    tolerance: f64,
    engines: Vec<(&str, Box<dyn Engine>)>,
) {
    let (first, wanted) = interpreted(program, steps);
    for (on, engine) in engines {
        let mut executable = engine.compile(program).unwrap_or_else(|e| panic!("{name}: {e}"));
        for (at, data) in first.iter().enumerate() {
            executable.write(InputId(at as u32), data).unwrap();
        }
        for (step, wanted) in wanted.iter().enumerate() {
            executable.run().unwrap();
            let at = format!("{name} on {on}, step {step}");
            compared(&at, program, executable.as_mut(), wanted, tolerance);
        }
    }
}

/// Outputs and new states of a step.
type Wanted = (Vec<Vec<f64>>, Inputs);

fn interpreted(program: &Program, steps: usize) -> (Vec<Vec<f32>>, Vec<Wanted>) {
    let first = start(program);
    let doubles = |data: &Vec<f32>| data.iter().map(|&v| f64::from(v)).collect();
    let mut inputs: Inputs =
        first.iter().enumerate().map(|(at, data)| (InputId(at as u32), doubles(data))).collect();
    let run = |_| {
        let wanted = interp::run(program, &inputs);
        inputs.extend(wanted.1.clone());
        wanted
    };
    let wanted = (0..steps).map(run).collect();
    (first, wanted)
}

fn compared(
    at: &str,
    program: &Program,
    executable: &mut dyn Executable,
    (outputs, updates): &Wanted,
    tolerance: f64,
) {
    for (index, want) in outputs.iter().enumerate() {
        let distance = distance(&executable.output(index).unwrap(), want);
        let label = program.outputs[index].kind;
        assert!(distance < tolerance, "{at}: {label} is off by {distance:.1e}");
    }
    for (input, want) in updates {
        let distance = distance(&executable.state(*input).unwrap(), want);
        let label = &program.graph.input(*input).name;
        assert!(distance < tolerance, "{at}: new {label} is off by {distance:.1e}");
    }
}
