//! Half precision on the GPU: what is stored, and how near it is, against the f64 interpreter and
//! formulas.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io::Write as _;

use rnetc::engine::wgpu::{DeviceLimits, Options, WgpuEngine};
use rnetc::engine::{Engine, EngineError, Executable, Precision};
use rnetc::graph::PoolKind;
use rnetc::graph::builder::Builder;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, NodeId, Output, PoolGeometry, Program, Role, Shape, Type, Unary};
use rnetc::lower;
use rnetc::network::Network;
use rnetc::nn::optimiser::Sgd;

use crate::compare::{agree, numbers};
use crate::support::{compile, distance, gpu, inputs, load};
use crate::updates::{MUON, MUON_ROUNDING, step_by};

mod matrices;
mod run;
mod scaling;

/// Half of the distance between neighbours, relative: what rounding to half precision leaves.
const ROUNDING: f64 = 1.0 / 2048.0;

/// The GPU engine with tensors in half precision; none where the adapter lacks it, which it says.
pub fn half() -> Option<WgpuEngine> {
    thread_local!(static ENGINE: OnceCell<Option<WgpuEngine>> = const { OnceCell::new() });
    let open = || {
        gpu()?;
        let (limits, precision) = (DeviceLimits::WebGpuDefault, Precision::F16);
        match WgpuEngine::open(&Options { limits, precision, ..Options::default() }) {
            Ok(engine) => Some(engine),
            Err(error @ EngineError::NoHalf { .. }) => {
                // Past the test harness's capture, so that it is seen in every run.
                let _ = writeln!(std::io::stderr().lock(), "skipped: {error}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    };
    ENGINE.with(|engine| engine.get_or_init(open).clone())
}

fn batched(b: &mut Builder, name: &str, shape: [usize; 4]) -> NodeId {
    b.input(name, Role::Images, Type { shape: Shape(shape), batched: true })
}

fn program(b: Builder, batch: usize, outputs: &[NodeId]) -> Program {
    let outputs = Output::quantities(outputs.iter().copied());
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch }
}

/// Whether a number has eleven significant bits.
fn is_half(value: f32) -> bool {
    value.to_bits() & 0x1fff == 0
}

#[test]
fn what_is_stored_in_between_is_rounded_and_overflows() {
    let Some(engine) = half() else { return };
    // In fours, and one by one.
    for channels in [4, 3] {
        let shape = [2, 3, 5, channels];
        let mut b = Builder::new();
        let x = batched(&mut b, "x", shape);
        let y = b.unary(Unary::Exp, x);
        // What one window reads of another's results comes from memory; those of a single pixel
        // change nothing.
        let window = PoolGeometry::square(PoolKind::Max, [3, 5], [1, 1, 0]);
        let stored = b.pool(window, y);
        let shown = b.pool(window, stored);
        let program = program(b, 2, &[shown]);
        let mut data = numbers(1, Shape(shape).len(), 4.0);
        // e¹² and e⁻³⁰ lie beyond both ends.
        (data[5], data[9]) = (12.0, -30.0);
        let mut executable = engine.compile(&program).expect("compiles");
        executable.write(InputId(0), &data).expect("the input fits");
        executable.run().expect("runs");
        let have = executable.output(0).expect("an output");
        assert!(!have[5].is_finite(), "{}", have[5]);
        assert_eq!(have[9], 0.0);
        for (x, have) in data.iter().zip(&have).filter(|(x, _)| x.abs() < 4.5) {
            let want = f64::from(*x).exp();
            // A device may round towards zero.
            let near = (f64::from(*have) - want).abs() <= 2.01 * ROUNDING * want.abs();
            assert!(near && is_half(*have), "{have} for {want}");
        }
        assert!(data.iter().any(|x| !is_half(x.exp())));
    }
}

/// No ReLU, which rounding could move to the other side.
const SMOOTH: &str = "
    unit u(width, stride = 1) {
        F = bn -> tanh -> conv(3x3, width, stride: stride) -> bn -> tanh -> conv(3x3, width)
        h = shortcut(width, stride: stride, kind: project)
        y = h(x) + F(x)
    }
    net n {
        input(3, 7, 6) -> conv(3x3, 8) -> u(8) -> u(11, stride: 2)
        -> bn -> tanh -> global_avg_pool -> linear(4)
    }";

/// With these, the new momentum is the gradient.
const PLAIN: Sgd = Sgd { momentum: 0.0, weight_decay: 0.0, decay_vectors: true, nesterov: false };

/// New states by name.
fn states(program: &Program, updates: &Inputs) -> HashMap<String, Vec<f64>> {
    let name = |id: &InputId| program.graph.input(*id).name.clone();
    updates.iter().map(|(id, values)| (name(id), values.clone())).collect()
}

fn read(program: &Program, executable: &mut dyn Executable) -> HashMap<String, Vec<f32>> {
    let state = |&(id, _): &(InputId, NodeId)| {
        (program.graph.input(id).name.clone(), executable.state(id).expect("a state"))
    };
    program.updates.iter().map(state).collect()
}

/// An optimiser's products are in f32 here too.
#[test]
fn muon_is_as_near_as_in_single_precision() {
    let Some(engine) = half() else { return };
    let engines: Vec<(&str, Box<dyn Engine>)> = vec![("f16", Box::new(engine))];
    agree("muon", &step_by(MUON, [3, 3, 8, 12]), MUON_ROUNDING, engines);
}

#[test]
fn a_training_step_is_near() {
    half().iter().for_each(near);
}

/// Whether a training step is as near as rounding leaves it; and with batch norms of parts of the batch.
fn near(engine: &WgpuEngine) {
    for text in [SMOOTH.to_owned(), SMOOTH.replace("bn ->", "bn(ghost: 2) ->")] {
        step_is_near(engine, &compile("smooth", &text, ""));
    }
}

fn step_is_near(engine: &WgpuEngine, network: &Network) {
    let program = lower::scaled_training(network, 3, &PLAIN);
    let inputs = inputs(network, &program, 2);
    let (outputs, updates) = interp::run(&program, &inputs);
    let mut executable = load(engine, &program, &inputs);
    executable.run().expect("runs");
    // Some fifteen stored tensors on the way there and back, each rounded once; batch norm over few
    // elements makes more of it.
    for (index, bound) in [(0, 2.0), (1, 8.0)] {
        let have = executable.output(index).expect("an output");
        let error = distance(&have, &outputs[index]);
        assert!(error < bound * ROUNDING, "output {index} is off by {error:.1e}");
    }
    let have = read(&program, executable.as_mut());
    let (mut seen, mut exact) = (0, true);
    for (name, want) in states(&program, &updates) {
        if !(name.ends_with("conv1.weight.momentum") || name.ends_with("running_var")) {
            continue;
        }
        let error = distance(&have[&name], &want);
        seen += 1;
        exact &= error < 1e-6;
        assert!(error < 24.0 * ROUNDING, "{name} is off by {error:.1e}");
    }
    assert!(seen > 3 && !exact, "{seen} states, exact: {exact}");
}
