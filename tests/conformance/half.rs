//! Half precision on the GPU: what is stored, how near it is, and dynamic loss scaling, against the
//! f64 interpreter and formulas.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::OnceLock;

use rnetc::engine::wgpu::{DeviceLimits, Options, Storage, WgpuEngine};
use rnetc::engine::{Engine, EngineError, Executable, Precision};
use rnetc::graph::builder::Builder;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, NodeId, Output, PoolGeometry, Program, Role, Shape, Type, Unary};
use rnetc::lower::{self, Sgd};
use rnetc::nn::loss_scaling::{self, INTERVAL, SCALE, STREAK, Scaling};
use rnetc::sema::network::{Network, PoolKind};
use rnetc::train::compiled::Compiled;
use rnetc::train::init::initial;
use rnetc::train::{checkpoint, tensors};

use crate::compare::numbers;
use crate::support::{compile, distance, engines, gpu, inputs, load};

/// Half of the distance between neighbours, relative: what rounding to half precision leaves.
const ROUNDING: f64 = 1.0 / 2048.0;

/// The GPU engine with tensors in half precision; none where the adapter lacks it, which it says.
fn half() -> Option<WgpuEngine> {
    static ENGINE: OnceLock<Option<WgpuEngine>> = OnceLock::new();
    let open = || {
        gpu()?;
        let (limits, precision) = (DeviceLimits::WebGpuDefault, Precision::F16);
        match WgpuEngine::open(&Options { limits, precision, ..Options::default() }) {
            Ok(engine) => Some(engine),
            Err(EngineError::NoDevice(text)) => {
                assert!(text.contains("--precision f32"), "{text}");
                // Past the test harness's capture, so that it is seen in every run.
                let _ = writeln!(std::io::stderr().lock(), "skipped: {text}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    };
    ENGINE.get_or_init(open).clone()
}

fn batched(b: &mut Builder, name: &str, shape: [usize; 4]) -> NodeId {
    b.input(name, Role::Images, Type { shape: Shape(shape), batched: true })
}

fn program(b: Builder, batch: usize, outputs: &[NodeId]) -> Program {
    let outputs = outputs.iter().map(|&node| Output { name: node.to_string(), node }).collect();
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch }
}

/// Whether a number has eleven significant bits.
fn is_half(value: f32) -> bool {
    value.to_bits() & 0x1fff == 0
}

#[test]
fn what_is_stored_in_between_is_rounded_and_overflows() {
    let Some(engine) = half() else { return };
    let engine = engine.with_storage(Storage::Everything);
    // In fours, and one by one.
    for channels in [4, 3] {
        let shape = [2, 3, 5, channels];
        let mut b = Builder::new();
        let x = batched(&mut b, "x", shape);
        let stored = b.unary(Unary::Exp, x);
        // What a window reads comes from memory; one of a single pixel changes nothing.
        let window =
            PoolGeometry { kind: PoolKind::Max, input: [3, 5], window: 1, stride: 1, padding: 0 };
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

#[test]
fn a_step_with_a_scaled_loss_is_the_plain_step() {
    let network = compile("smooth", SMOOTH, "");
    let (plain, scaled) = (
        lower::training(&network, 3, &Sgd::PAPER),
        lower::scaled_training(&network, 3, &Sgd::PAPER),
    );
    let inputs = inputs(&network, &scaled, 1);
    let named = |program: &Program, name: &str| {
        let at = scaled.graph.inputs.iter().position(|input| input.name == name);
        let here = program.graph.inputs.iter().position(|input| input.name == name);
        (InputId(here.expect("here") as u32), inputs[&InputId(at.expect("there") as u32)].clone())
    };
    let same: Inputs = plain.graph.inputs.iter().map(|i| named(&plain, &i.name)).collect();
    let want = states(&plain, &interp::run(&plain, &same).1);
    let (outputs, updates) = interp::run(&scaled, &inputs);
    let have = states(&scaled, &updates);
    assert_eq!(outputs[2], [1.0], "a good step");
    for (name, want) in want {
        let apart = want.iter().zip(&have[&name]).map(|(w, h)| (w - h).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-12, "{name} is off by {apart:.1e}");
    }
    assert_eq!((have[SCALE][0], have[STREAK][0]), (1024.0, 1025.0));
}

#[test]
fn a_training_step_is_near() {
    let Some(engine) = half() else { return };
    let network = compile("smooth", SMOOTH, "");
    let program = lower::scaled_training(&network, 3, &PLAIN);
    let inputs = inputs(&network, &program, 2);
    let (outputs, updates) = interp::run(&program, &inputs);
    let mut executable = load(&engine, &program, &inputs);
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

/// s and the good steps since it changed, by the rule.
fn after(scale: f32, streak: f32, good: bool) -> (f32, f32) {
    match (good, f64::from(streak) + 1.0 >= INTERVAL) {
        (false, _) => ((scale / 2.0).max(1.0), 0.0),
        (true, true) => (scale * 2.0, 0.0),
        (true, false) => (scale, streak + 1.0),
    }
}

#[test]
fn the_scale_follows_its_rule() {
    let mut b = Builder::new();
    let state = Scaling::input(&mut b);
    let good = b.input("good", Role::Probe, Type { shape: Shape::SCALAR, batched: false });
    let next = state.next(&mut b, good);
    let mut program = program(b, 1, &[]);
    program.updates = vec![(InputId(0), next.scale), (InputId(1), next.streak)];
    for engine in engines() {
        let mut executable = engine.compile(&program).expect("compiles");
        let (mut scale, mut streak) = (65_536.0, 1996.0);
        executable.write(InputId(0), &[scale]).expect("a scalar");
        executable.write(InputId(1), &[streak]).expect("a scalar");
        // Grows with the fourth good step, and ends at its least value.
        let story = [true; 6].into_iter().chain([false, true, true]).chain([false; 20]);
        for good in story {
            executable.write(InputId(2), &[f32::from(u8::from(good))]).expect("a scalar");
            executable.run().expect("runs");
            (scale, streak) = after(scale, streak, good);
            let have = [0, 1].map(|at| executable.state(InputId(at)).expect("a state")[0]);
            assert_eq!(have, [scale, streak], "on {:?}", engine.device());
        }
        assert_eq!(scale, 1.0);
    }
}

#[test]
fn one_number_that_is_none_keeps_all_state() {
    let mut b = Builder::new();
    let parameter = |b: &mut Builder, shape| {
        b.input("p", Role::Parameter, Type { shape: Shape(shape), batched: false })
    };
    let (matrix, vector) = (parameter(&mut b, [3, 3, 2, 4]), parameter(&mut b, [1, 1, 1, 5]));
    let old = parameter(&mut b, [1, 1, 1, 5]);
    let good = loss_scaling::all_finite(&mut b, &[matrix, vector]);
    let kept = loss_scaling::kept(&mut b, good, vector, old);
    let program = program(b, 1, &[good, kept]);
    let finite: Vec<Vec<f32>> = [72, 5, 5].iter().map(|&n| numbers(n as u32, n, 2.0)).collect();
    for engine in engines() {
        let mut executable = engine.compile(&program).expect("compiles");
        for (input, at, value) in [
            (0, 0, 1.0),
            (0, 0, f32::NAN),
            (0, 71, f32::INFINITY),
            (0, 40, f32::NEG_INFINITY),
            (1, 0, f32::NAN),
            (1, 4, f32::INFINITY),
        ] {
            let mut data = finite.clone();
            data[input][at] = value;
            for (at, data) in data.iter().enumerate() {
                executable.write(InputId(at as u32), data).expect("the input fits");
            }
            executable.run().expect("runs");
            let (good, kept) = (executable.output(0).unwrap(), executable.output(1).unwrap());
            let on = engine.device();
            assert_eq!(good, [f32::from(u8::from(value.is_finite()))], "{value} on {on:?}");
            assert_eq!(kept, finite[if value.is_finite() { 1 } else { 2 }], "{value} on {on:?}");
        }
    }
}

fn relu_net() -> Network {
    let text = "
        unit u(width) { F = bn -> relu -> conv(3x3, width) \n y = x + F(x) }
        net n { input(3, 6, 6) -> conv(3x3, 8) -> u(8) -> bn -> relu -> linear(4) }";
    compile("small", text, "")
}

/// A step in half precision with some scale, and everything that it reads.
fn begun(engine: &WgpuEngine, network: &Network, scale: f32) -> Compiled {
    let program = lower::scaled_training(network, 4, &Sgd::PAPER);
    let mut compiled = Compiled::new(engine, &program).expect("compiles");
    let mut values = initial(&tensors::of(network), 1);
    values.insert(SCALE.to_owned(), vec![scale]);
    compiled.load(&values).expect("loads");
    write_step(&mut compiled);
    compiled
}

fn write_step(compiled: &mut Compiled) {
    let targets: Vec<f32> = (0..16).map(|i| f32::from(u8::from(i % 5 == 0))).collect();
    compiled.write(Role::Images, &numbers(3, 4 * 6 * 6 * 3, 2.0)).expect("pictures");
    compiled.write(Role::Targets, &targets).expect("targets");
    compiled.write(Role::LearningRate, &[0.1]).expect("a rate");
}

#[test]
fn a_gradient_that_overflows_changes_nothing_but_the_scale() {
    let Some(engine) = half() else { return };
    let network = relu_net();
    let first = 2f32.powi(30);
    let mut compiled = begun(&engine, &network, first);
    let before = compiled.values().expect("values");
    compiled.run().expect("runs");
    assert_eq!(compiled.output("good").expect("an output"), [0.0]);
    assert!(compiled.output("loss").expect("an output")[0].is_finite());
    for (name, value) in compiled.values().expect("values") {
        let want = if name == SCALE { &vec![first / 2.0] } else { &before[&name] };
        assert_eq!(&value, want, "{name}");
    }
    // It halves until gradients fit, and then trains.
    let good = (0..40).position(|_| {
        compiled.run().expect("runs");
        compiled.output("good").expect("an output") == [1.0]
    });
    let scale = compiled.values().expect("values")[SCALE][0];
    assert_eq!(scale, first / 2f32.powi(1 + good.expect("in the end") as i32));
    let loss = |compiled: &mut Compiled| compiled.output("loss").expect("an output")[0];
    let early = loss(&mut compiled);
    (0..10).for_each(|_| compiled.run().expect("runs"));
    assert!(loss(&mut compiled) < 0.8 * early, "{} after {early}", loss(&mut compiled));
}

#[test]
fn a_run_goes_on_with_the_same_scale() {
    let Some(engine) = half() else { return };
    let network = relu_net();
    let mut run = begun(&engine, &network, 2f32.powi(28));
    (0..12).for_each(|_| run.run().expect("runs"));
    let values = run.values().expect("values");
    assert_ne!(values[SCALE], [2f32.powi(28)], "nothing overflowed");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.safetensors");
    let mut all = tensors::of(&network);
    all.extend(tensors::of_loss_scaling());
    checkpoint::save_foreign(&path, &all, &values).expect("saves");
    let loaded = checkpoint::load(&path, &all).expect("loads");
    assert_eq!(loaded, values);
    let mut resumed = begun(&engine, &network, 1.0);
    resumed.load(&loaded).expect("loads");
    for compiled in [&mut run, &mut resumed] {
        (0..3).for_each(|_| compiled.run().expect("runs"));
    }
    assert_eq!(run.values().expect("values"), resumed.values().expect("values"));
    // Whoever wants the weights alone takes them from the same file.
    let weights = checkpoint::load(&path, &tensors::of(&network)).expect("loads");
    assert!(!weights.contains_key(SCALE) && weights.len() + 2 == values.len());
}
