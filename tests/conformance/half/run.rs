//! Steps and runs whose loss is scaled: overflow, checkpoints, going on.

use std::path::Path;

use rnetc::engine::wgpu::WgpuEngine;
use rnetc::engine::{Engine, Precision};
use rnetc::graph::{OutputKind, Role};
use rnetc::lower;
use rnetc::network::Network;
use rnetc::nn::loss_scaling::{SCALE, STREAK};
use rnetc::nn::optimiser::Sgd;
use rnetc::train::TrainError;
use rnetc::train::init::initial;
use rnetc::train::record::checkpoint;
use rnetc::train::runner::Runner;
use rnetc::train::schedule::{Length, StepPlan};
use rnetc::train::tensors::{self, Values};
use rnetc::train::trainer::{End, Session};

use super::half;
use crate::compare::numbers;
use crate::runs::{Leaving, session};
use crate::support::{compile, cpu};

fn relu_net() -> Network {
    let text = "
        unit u(width) { F = bn -> relu -> conv(3x3, width) \n y = x + F(x) }
        net n { input(3, 6, 6) -> conv(3x3, 8) -> u(8) -> bn -> relu -> linear(4) }";
    compile("small", text, "")
}

/// A step in half precision with some scale, and everything that it reads.
fn begun(engine: &WgpuEngine, network: &Network, scale: f32) -> Runner {
    let program = lower::scaled_training(network, 4, &Sgd::PAPER);
    let mut compiled = Runner::new(engine, &program).expect("compiles");
    let mut values = initial(&tensors::of(network), 1);
    values.insert(SCALE.to_owned(), vec![scale]);
    compiled.load(&values).expect("loads");
    write_step(&mut compiled);
    compiled
}

fn write_step(compiled: &mut Runner) {
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
    assert_eq!(compiled.output(OutputKind::Finite).expect("an output"), [0.0]);
    assert!(compiled.output(OutputKind::Loss).expect("an output")[0].is_finite());
    for (name, value) in compiled.values().expect("values") {
        let want = if name == SCALE { &vec![first / 2.0] } else { &before[&name] };
        assert_eq!(&value, want, "{name}");
    }
    // It halves until gradients fit, and then trains.
    let good = (0..40).position(|_| {
        compiled.run().expect("runs");
        compiled.output(OutputKind::Finite).expect("an output") == [1.0]
    });
    let scale = compiled.values().expect("values")[SCALE][0];
    assert_eq!(scale, first / 2f32.powi(1 + good.expect("in the end") as i32));
    let loss = |compiled: &mut Runner| compiled.output(OutputKind::Loss).expect("an output")[0];
    let early = loss(&mut compiled);
    (0..10).for_each(|_| compiled.run().expect("runs"));
    assert!(loss(&mut compiled) < 0.8 * early, "{} after {early}", loss(&mut compiled));
}

/// Engines that take a scaled loss: the CPU's in single precision, and the GPU's in half, where it
/// has it.
fn scaling() -> Vec<Box<dyn Engine>> {
    let half = half().map(|engine| Box::new(engine) as Box<dyn Engine>);
    std::iter::once(cpu()).chain(half).collect()
}

/// First values, with a scale that overflows in half precision, and soon doubles in single.
fn first(session: &Session) -> Values {
    let mut values = initial(&session.tensors, 0);
    values.insert(SCALE.to_owned(), vec![2f32.powi(24)]);
    values.insert(STREAK.to_owned(), vec![1996.0]);
    values
}

fn last_bytes(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("final.safetensors")).expect("the last weights")
}

#[test]
fn a_run_that_goes_on_ends_with_the_same_bytes() {
    for engine in scaling() {
        let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
        let at = |k: usize| folders[k].path();
        let begin = |k| session(engine.as_ref(), Precision::F16, at(k));
        let mut whole = begin(0);
        let start = first(&whole);
        let end = whole.run(&start, 0, &mut Leaving::after(u64::MAX)).expect("runs");
        assert!(matches!(end, End::Finished(_)));
        let mut left = begin(1);
        let end = left.run(&start, 0, &mut Leaving::after(10)).expect("runs");
        let End::Interrupted(done) = end else { panic!("{end:?}") };
        let path = left
            .folder
            .as_ref()
            .expect("a folder")
            .latest_checkpoint()
            .expect("readable")
            .expect("a checkpoint");
        let values = checkpoint::load(&path, &left.tensors).expect("whole");
        assert_eq!(
            checkpoint::describe(&path).expect("whole").map(|origin| origin.steps()),
            Some(done)
        );
        let [scale, streak] = [SCALE, STREAK].map(|name| values[name][0]);
        let fresh = [2f32.powi(24), 65_536.0].contains(&scale) || streak == 0.0;
        assert!(!fresh && done < 18, "{scale} and {streak} after {done} steps");
        let mut again = begin(2);
        again.folder = left.folder.clone();
        again.run(&values, done, &mut Leaving::after(u64::MAX)).expect("runs");
        let on = engine.device();
        assert!(last_bytes(at(0)) == last_bytes(at(1)), "other bytes on {on:?}");
    }
}

#[test]
fn weights_go_from_one_precision_to_another_and_the_scale_starts_anew() {
    let engine = cpu();
    let folders = [(); 4].map(|()| tempfile::tempdir().expect("a folder"));
    for (k, from, to) in [(0, Precision::F32, Precision::F16), (2, Precision::F16, Precision::F32)]
    {
        let mut trained = session(engine.as_ref(), from, folders[k].path());
        let start = initial(&trained.tensors, 0);
        trained.run(&start, 0, &mut Leaving::after(u64::MAX)).expect("runs");
        let mut next = session(engine.as_ref(), to, folders[k + 1].path());
        let loaded = checkpoint::load(
            &trained.folder.as_ref().expect("a folder").last_weights(),
            &next.tensors,
        )
        .expect("fits");
        let weights = trained.training.values().expect("values");
        assert!(loaded.iter().all(|(name, value)| weights[name] == *value));
        assert!(loaded.contains_key("layers.linear.weight.momentum"), "{:?}", loaded.keys());
        assert!(!loaded.contains_key(SCALE) && !loaded.contains_key(STREAK));
        next.training.load(&loaded).expect("loads");
        let values = next.training.values().expect("values");
        assert_eq!(values.get(SCALE), (to == Precision::F16).then(|| vec![65_536.0]).as_ref());
        assert_eq!(values.get(STREAK), (to == Precision::F16).then(|| vec![0.0]).as_ref());
    }
}

/// Sums of gradients whose squares are no numbers, while the loss is one.
#[test]
fn gradients_that_never_fit_end_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = session(cpu().as_ref(), Precision::F16, folder.path());
    run.plan = StepPlan::new(&run.config.recipe, Length::Steps(200), 6);
    let mut start = initial(&run.tensors, 0);
    for (name, factor) in [("layers.conv.weight", 1e-26), ("layers.linear.weight", 1e26)] {
        let weights = start.get_mut(name).expect("a layer of the net");
        weights.iter_mut().for_each(|weight| *weight *= factor);
    }
    let error = run.run(&start, 0, &mut Leaving::after(u64::MAX)).expect_err("overflows");
    let TrainError::Overflow { step, left_out } = error else { panic!("{error}") };
    assert_eq!((step, left_out), (120, 120));
}
