//! What holds for every run: the same bits each time, large dispatches, clear refusals.

use rnetc::engine::{Engine, EngineError};
use rnetc::graph::builder::Builder;
use rnetc::graph::{Axes, InputId, NodeId, Output, Program, ReduceKind, Role, Shape, Type, Unary};

use crate::compare::{numbers, start};
use crate::nets::Net;
use crate::support::gpu;

fn batched(b: &mut Builder, shape: [usize; 4]) -> NodeId {
    b.input("images", Role::Images, Type { shape: Shape(shape), batched: true })
}

fn program(b: Builder, batch: usize, nodes: &[NodeId]) -> Program {
    let outputs = Output::quantities(nodes.iter().copied());
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch }
}

#[test]
fn runs_are_the_same_bits() {
    let Some(engine) = gpu() else { return };
    let mut net = Net::new(19);
    let x = net.images([8, 8, 3]);
    let x = net.conv(x, 8, 3, 1);
    let x = net.preact(x, 16, 2);
    let program = net.trained(x, 10);
    let run = || {
        let mut executable = engine.compile(&program).unwrap();
        for (at, data) in start(&program).into_iter().enumerate() {
            executable.write(InputId(at as u32), &data).unwrap();
        }
        (0..3).for_each(|_| executable.run().unwrap());
        let states = program.updates.iter().map(|&(input, _)| executable.state(input).unwrap());
        states.flatten().map(f32::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn more_workgroups_than_one_dimension_holds() {
    let Some(engine) = gpu() else { return };
    let shape = [2100, 125, 1, 33];
    let mut b = Builder::new();
    let x = batched(&mut b, shape);
    let y = b.unary(Unary::Relu, x);
    let sum = b.reduce(ReduceKind::Sum, Axes::BATCH_AND_SPACE, y);
    let program = program(b, shape[0], &[y, sum]);
    let kernels = rnetc::engine::wgpu::kernels(&program).unwrap();
    assert!(kernels.iter().any(|k| k.workgroups[1] > 1), "the test is too small");
    let data = numbers(1, Shape(shape).len(), 1.0);
    let mut executable = engine.compile(&program).unwrap();
    executable.write(InputId(0), &data).unwrap();
    executable.run().unwrap();
    let want: Vec<f32> = data.iter().map(|v| v.max(0.0)).collect();
    assert_eq!(executable.output(0).unwrap(), want);
    let mut sums = [0.0f64; 33];
    want.iter().enumerate().for_each(|(i, &v)| sums[i % 33] += f64::from(v));
    for (have, want) in executable.output(1).unwrap().iter().zip(sums) {
        assert!((f64::from(*have) - want).abs() < 1e-5 * want, "{have} for {want}");
    }
}

#[test]
fn a_wrong_number_of_elements_is_refused() {
    let Some(engine) = gpu() else { return };
    let mut b = Builder::new();
    let x = batched(&mut b, [2, 2, 2, 3]);
    let y = b.unary(Unary::Exp, x);
    let mut executable = engine.compile(&program(b, 2, &[y])).unwrap();
    assert!(matches!(executable.write(InputId(0), &[1.0]), Err(EngineError::WrongLength { .. })));
    assert_eq!(executable.state(InputId(0)).unwrap(), vec![0.0; 24], "inputs start at zero");
}

#[test]
fn what_cannot_fit_says_which_batch_would() {
    let Some(engine) = gpu() else { return };
    let mut b = Builder::new();
    let x = batched(&mut b, [1 << 20, 64, 64, 16]);
    let y = b.unary(Unary::Exp, x);
    match engine.compile(&program(b, 1 << 20, &[y])) {
        Err(EngineError::OutOfMemory { fits, .. }) => assert!(fits > Some(0), "{fits:?}"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("256 GiB were allocated"),
    }
}
