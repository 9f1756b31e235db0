//! Factors of a convolution's result, folded into its weights.

use rnetc::graph::builder::Builder;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{
    Binary, ConvGeometry, NodeId, Op, Output, Program, Role, Shape, Type, verify::verify,
};
use rnetc::network::{Layer, Value};
use rnetc::{lower, passes};

use crate::support::numbers::Numbers;
use crate::support::zoo;

/// Batch.
const N: usize = 2;
/// Rows and columns.
const SIDE: usize = 3;
/// Channels read and written.
const CI: usize = 2;
const CO: usize = 4;

struct Leaves {
    conv: NodeId,
    per_channel: NodeId,
    per_image: NodeId,
}

fn leaves(b: &mut Builder) -> Leaves {
    let mut input = |name: &str, shape, batched| {
        b.input(name, Role::Parameter, Type { shape: Shape(shape), batched })
    };
    let x = input("x", [N, SIDE, SIDE, CI], true);
    let w = input("w", [3, 3, CI, CO], false);
    let per_channel = input("s", [1, 1, 1, CO], false);
    let per_image = input("t", [N, 1, 1, CO], true);
    let geometry = ConvGeometry {
        input: [SIDE; 2],
        kernel: [3, 3],
        stride: 1,
        padding: [1, 1],
        ..ConvGeometry::POINT
    };
    Leaves { conv: b.conv(geometry, x, w), per_channel, per_image }
}

fn program(b: Builder, nodes: &[NodeId]) -> Program {
    let outputs = Output::quantities(nodes.iter().copied());
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch: N }
}

fn products(program: &Program) -> usize {
    let product = |op: &Op| matches!(op, Op::Binary(Binary::Mul));
    program.graph.nodes.iter().filter(|n| n.ty.batched && product(&n.op)).count()
}

/// The folded program, which computes the same.
fn folded(program: &Program) -> Program {
    let folded = passes::run(passes::Mode::Inference, program);
    verify(&folded).expect("a valid program");
    let mut numbers = Numbers::new(7);
    let inputs: Inputs = (program.graph.inputs.iter().enumerate())
        .map(|(i, input)| {
            (rnetc::graph::InputId(i as u32), numbers.vector(input.ty.shape.len(), -1.0, 1.0))
        })
        .collect();
    let (want, _) = interp::run(program, &inputs);
    let (have, _) = interp::run(&folded, &inputs);
    for (have, want) in have.iter().flatten().zip(want.iter().flatten()) {
        assert!((have - want).abs() < 1e-12, "{have} instead of {want}");
    }
    folded
}

#[test]
fn a_factor_a_channel_moves_into_the_weights() {
    let mut b = Builder::new();
    let Leaves { conv, per_channel, .. } = leaves(&mut b);
    let scaled = b.mul(conv, per_channel);
    let sum = b.add(scaled, per_channel);
    assert_eq!(products(&folded(&program(b, &[sum]))), 0);
}

#[test]
fn other_factors_stay() {
    let mut b = Builder::new();
    let Leaves { conv, per_image, .. } = leaves(&mut b);
    let scaled = b.mul(conv, per_image);
    assert_eq!(products(&folded(&program(b, &[scaled]))), 1);
}

#[test]
fn a_result_used_without_the_factor_stays() {
    for with_user in [false, true] {
        let mut b = Builder::new();
        let Leaves { conv, per_channel, per_image } = leaves(&mut b);
        let scaled = b.mul(conv, per_channel);
        let other = if with_user { b.add(conv, per_image) } else { conv };
        assert_eq!(products(&folded(&program(b, &[scaled, other]))), 1);
    }
}

/// Every batch norm behind a convolution that nothing else reads.
#[test]
fn batch_norms_of_a_net() {
    let network = zoo::preact();
    let reads_alone = |value: &Value| {
        let Layer::BatchNorm { .. } = value.layer else { return false };
        let from = value.args[0];
        let readers = network.values.iter().flat_map(|v| &v.args).filter(|&&a| a == from).count();
        readers == 1 && matches!(network.value(from).layer, Layer::Conv { .. })
    };
    let expected = network.values.iter().filter(|v| reads_alone(v)).count();
    let program = lower::inference(&network, 2);
    let graph = &program.graph;
    let computed = |id: NodeId| !matches!(graph.node(id).op, Op::Input(_));
    let convolutions = graph.nodes.iter().filter(|n| matches!(n.op, Op::Conv(_)));
    let folded = convolutions.filter(|n| computed(n.args[1])).count();
    assert!(expected > 0);
    assert_eq!(folded, expected);
}
