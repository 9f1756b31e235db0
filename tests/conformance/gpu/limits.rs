//! WebGPU's default limits, and memory: what is predicted, what is taken, what does not fit.

use rnetc::engine::wgpu::{DeviceLimits, Style, Target, WgpuEngine, wgsl};
use rnetc::engine::{Engine, EngineError, Executable};
use rnetc::graph::{InputId, OutputKind, Program};
use rnetc::lower;
use rnetc::nn::optimiser::Sgd;
use rnetc::train::runner::Runner;

use crate::support::{gpu, inputs, network, with};

/// A device of its own, so that nobody else's buffers are counted.
fn alone() -> Option<WgpuEngine> {
    gpu()?;
    Some(WgpuEngine::new().expect("another device on the same adapter"))
}

fn training(depth: usize, batch: usize) -> Program {
    lower::training(&network("preact", depth), batch, &Sgd::PAPER)
}

/// Everything that a step reads.
fn values(program: &Program) -> Vec<(InputId, Vec<f32>)> {
    let values = inputs(&network("preact", 8), program, 1).into_iter();
    values.map(|(id, v)| (id, v.into_iter().map(|v| v as f32).collect())).collect()
}

fn write_all(executable: &mut dyn Executable, values: &[(InputId, Vec<f32>)]) {
    values.iter().for_each(|(id, values)| executable.write(*id, values).expect("the input fits"));
}

fn within_a_tenth(have: u64, want: u64) -> bool {
    have.abs_diff(want) * 10 <= want
}

#[test]
fn predicted_memory_is_what_is_taken() {
    for style in [Style::Staged, Style::Sliding] {
        let Some(engine) = alone() else { return };
        predicted_is_taken(&engine.with_style(style), style);
    }
}

fn predicted_is_taken(engine: &WgpuEngine, style: Style) {
    let Some(before) = engine.allocated() else { return };
    // Large enough that what the driver keeps for itself is little.
    let program = training(8, 32);
    let mut executable = engine.compile(&program).expect("compiles");
    let predicted = executable.memory() as u64;
    if style == Style::Staged {
        // What a build says, which knows of no adapter.
        let wgsl = wgsl(&program, DeviceLimits::Adapter, Target::default()).expect("a plan");
        assert_eq!(wgsl.bytes as u64, predicted);
    }
    write_all(executable.as_mut(), &values(&program));
    let mut peak = 0;
    for _ in 0..2 {
        let begun = executable.begin(&[0, 1]).expect("runs");
        peak = peak.max(engine.allocated().unwrap_or(0) - before);
        begun.wait().expect("a loss");
    }
    assert!(within_a_tenth(peak, predicted), "{peak} bytes taken, {predicted} predicted");
}

#[test]
fn memory_stays_flat() {
    let Some(engine) = alone() else { return };
    let program = training(8, 1);
    let values = values(&program);
    let mut executable = engine.compile(&program).expect("compiles");
    let mut taken = Vec::new();
    let mut before = None;
    for step in 0..60 {
        write_all(executable.as_mut(), &values);
        let begun = executable.begin(&[0, 1]).expect("runs");
        if let Some(before) = before.replace(begun) {
            rnetc::engine::Pending::wait(before).expect("a loss");
        }
        if step % 20 == 19 {
            taken.extend(engine.allocated());
        }
    }
    // What is written goes through buffers of the driver's that live for a moment; a leak of twenty
    // steps would be far larger.
    if let [_, middle, end] = taken[..] {
        assert!(end <= middle + middle / 10, "{taken:?}");
    }
}

/// As where a run goes on with pictures of another size.
#[test]
fn a_program_that_becomes_another_gives_its_memory_back() {
    let Some(engine) = alone() else { return };
    let Some(before) = engine.allocated() else { return };
    let program = training(8, 32);
    let mut runner = Runner::new(&engine, &program).expect("compiles");
    let wanted = engine.compile(&program).expect("compiles").memory() as u64;
    let inputs = program.graph.inputs.iter();
    let state = inputs.map(|input| (input.name.clone(), vec![0.5; input.ty.shape.len()])).collect();
    runner.load(&state).expect("loads");
    let begun = runner.begin(&[OutputKind::Loss]).expect("runs");
    runner.become_other(&engine, &program).expect("compiles");
    begun.wait().expect("a loss, though its program is gone");
    let taken = engine.allocated().unwrap_or(0) - before;
    assert!(taken < wanted + wanted / 10, "{taken} bytes for one program of {wanted}");
}

/// The batch that a refusal names.
fn named(program: &Program) -> Option<usize> {
    match wgsl(program, DeviceLimits::WebGpuDefault, Target::default()) {
        Ok(_) => None,
        Err(EngineError::OutOfMemory { fits, .. }) => fits,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn what_does_not_fit_names_the_batch_that_does() {
    let network = with("imagenet_preact", "depth=26 second=1");
    let program = |batch| lower::inference(&network, batch);
    let fits = named(&program(256)).expect("256 pictures do not fit");
    assert!(fits > 8, "{fits}");
    assert_eq!(named(&program(fits)), None, "{fits} pictures fit");
    assert!(named(&program(fits + fits / 8)).is_some(), "{fits} could be more");
}
