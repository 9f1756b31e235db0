//! What goes wrong on a device: a clear error, never a panic, and checkpoints that stay whole.

use std::sync::Arc;
use std::time::Duration;

use rnetc::engine::wgpu::{Options, WgpuEngine};
use rnetc::engine::{Engine, EngineError, Precision, Shortage};
use rnetc::graph::builder::Builder;
use rnetc::graph::{
    Axes, ConvGeometry, InputId, Output, Program, ReduceKind, Role, Shape, Type, Unary,
};
use rnetc::pixels::{self, Extent, Table};
use rnetc::train::TrainError;
use rnetc::train::init::initial;
use rnetc::train::record::metrics::{Evaluation, Step};
use rnetc::train::record::{checkpoint, manifest};
use rnetc::train::trainer::Observer;

use crate::runs::session;
use crate::support::gpu;

/// A device of its own, to be broken.
fn alone(options: &Options) -> Option<WgpuEngine> {
    gpu()?;
    Some(WgpuEngine::open(options).expect("another device on the same adapter"))
}

/// eˣ of so many values of 4096 elements each.
fn exponentials(count: usize, batch: usize) -> Program {
    let mut b = Builder::new();
    let ty = Type { shape: Shape([batch, 32, 32, 4]), batched: true };
    let outputs = (0..count).map(|at| {
        let x = b.input(format!("x{at}"), Role::Images, ty);
        b.unary(Unary::Exp, x)
    });
    let outputs = Output::quantities(outputs);
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch }
}

#[test]
fn a_device_that_is_lost_is_told_by_every_call() {
    let Some(engine) = alone(&Options::default()) else { return };
    let program = exponentials(1, 1);
    let mut executable = engine.compile(&program).expect("compiles");
    let begun = executable.begin(&[0]).expect("runs");
    engine.destroy();
    // What was under way may have ended before.
    let _ = begun.wait();
    let extent = Extent { rows: 32, columns: 32, channels: 4 };
    let table = Table::Channels(vec![[0.0; 256]; 4]);
    let pictures = pixels::Batch::black(1, extent, Arc::new(table));
    // What is written goes nowhere, which a step says.
    let _ = executable.write_pictures(InputId(0), &pictures);
    for error in [
        executable.run().unwrap_err(),
        executable.begin(&[0]).and_then(|begun| begun.wait()).unwrap_err(),
        executable.output(0).unwrap_err(),
        executable.snapshot(&[InputId(0)]).and_then(|state| state.wait()).unwrap_err(),
        engine.compile(&program).map(|_| ()).unwrap_err(),
    ] {
        assert!(matches!(error, EngineError::DeviceLost { .. }), "{error}");
    }
}

#[test]
fn a_device_that_does_not_answer_is_not_waited_for() {
    let options = Options { patience: Some(Duration::ZERO), ..Options::default() };
    let Some(engine) = alone(&options) else { return };
    // A device that has answered before it was asked is given twice the work.
    let mut lengths = std::iter::successors(Some(1), |length| Some(2 * length));
    let error = lengths.by_ref().take(11).find_map(|length| {
        let mut executable = engine.compile(&chain(length)).expect("compiles");
        executable.begin(&[0]).and_then(|begun| begun.wait()).err()
    });
    assert_eq!(error, Some(EngineError::NoAnswer { seconds: 0 }));
}

/// So many convolutions, one after the other: time for all, memory for two.
fn chain(length: usize) -> Program {
    let mut b = Builder::new();
    let geometry = ConvGeometry {
        input: [32, 32],
        kernel: [3, 3],
        stride: 1,
        padding: [1, 1],
        ..ConvGeometry::POINT
    };
    let [batch, channels] = [256, 8];
    let shape = Shape([batch, 32, 32, channels]);
    let mut x = b.input("x", Role::Images, Type { shape, batched: true });
    let shape = Shape([3, 3, channels, channels]);
    let weight = b.input("weight", Role::Parameter, Type { shape, batched: false });
    for _ in 0..length {
        x = b.conv(geometry, x, weight);
    }
    let outputs = Output::quantities([b.reduce(ReduceKind::Sum, Axes::BATCH_AND_SPACE, x)]);
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch }
}

#[test]
fn too_little_memory_names_the_batch_that_fits() {
    let Some(engine) = alone(&Options::default()) else { return };
    // 64 MiB a value, half a TiB together.
    let error = engine.compile(&exponentials(4096, 1 << 12)).map(|_| ()).unwrap_err();
    let EngineError::OutOfMemory { shortage: Shortage::Gpu { given, wanted, .. }, fits } = error
    else {
        panic!("{error}")
    };
    assert!(given < wanted && fits.is_some_and(|fits| fits < 1 << 12), "{fits:?}");
    // The device is none the worse.
    engine.compile(&exponentials(1, 1)).expect("compiles").run().expect("runs");
}

/// Pulls the device away when a checkpoint has been saved.
struct Saboteur(WgpuEngine);

impl Observer for Saboteur {
    fn step(&mut self, _: &Step, _: f64) {}
    fn evaluating(&mut self, _: u64) {}
    fn evaluation(&mut self, _: &Evaluation) {}
    fn saved(&mut self, _: u64) {
        self.0.destroy();
    }
    fn interrupted(&self) -> bool {
        false
    }
}

#[test]
fn a_device_lost_in_mid_run_leaves_the_last_checkpoint_whole() {
    let Some(engine) = alone(&Options::default()) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = session(&engine, Precision::F32, folder.path());
    let first = initial(&session.tensors, 0);
    let error = session.run(&first, 0, &mut Saboteur(engine)).unwrap_err();
    assert!(matches!(error, TrainError::Engine(EngineError::DeviceLost { .. })), "{error}");
    let path = session
        .folder
        .as_ref()
        .expect("a folder")
        .latest_checkpoint()
        .expect("readable")
        .expect("a checkpoint");
    manifest::verify(&path).expect("what the manifest says");
    let values = checkpoint::load(&path, &session.tensors).expect("whole");
    assert_ne!(values, first);
}
