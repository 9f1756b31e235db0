//! The builder's rewrites never change a value, and autodiff through them never a derivative.

use proptest::prelude::*;
use rnetc::graph::autodiff::gradient;
use rnetc::graph::builder::Builder;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::verify::verify;
use rnetc::graph::{Axes, Binary, InputId, NodeId, Op, Output, Program, ReduceKind, Type};
use rnetc::passes;

use super::expressions::{Dense, FULL, LEAVES, Step, build, extents, leaves, reference, step};
use crate::support::numbers::Numbers;

const ALL: &[ReduceKind] = &[ReduceKind::Sum, ReduceKind::Sum, ReduceKind::Max, ReduceKind::M2];
/// Without `Max`, whose derivative is a convention where elements tie.
const SMOOTH: &[ReduceKind] = &[ReduceKind::Sum, ReduceKind::M2];
/// The rewrites reassociate a few products and sums beyond what the bound counts.
const SLACK: f64 = 8.0;
/// Expressions with larger values say little: their rounding swamps everything.
const LARGEST: f64 = 1e3;

/// Values and a direction for each leaf, as graph inputs and as naive tensors.
fn leaf_values(seed: u64) -> (Inputs, Vec<Dense>) {
    let mut numbers = Numbers::new(seed);
    let mut inputs = Inputs::new();
    let mut dense = Vec::new();
    for (i, &axes) in LEAVES.iter().enumerate() {
        let shape = extents(axes);
        let n = shape.iter().product();
        let (values, slopes) = (numbers.vector(n, -2.0, 2.0), numbers.vector(n, -1.0, 1.0));
        dense.push(Dense::exact(shape, &values, &slopes));
        inputs.insert(InputId(i as u32), values);
    }
    (inputs, dense)
}

fn too_large(stack: &[Dense]) -> bool {
    stack
        .iter()
        .flat_map(|d| &d.data)
        .any(|e| !(e.value.abs() < LARGEST && e.slope.abs() < LARGEST))
}

/// A program whose outputs are all of these nodes.
fn program(b: Builder, nodes: &[NodeId]) -> Program {
    let outputs = Output::quantities(nodes.iter().copied());
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch: FULL[0] }
}

/// A failure prints its smallest case; nothing is written into the tree.
fn config() -> ProptestConfig {
    ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn values(steps in prop::collection::vec(step(ALL), 1..16), seed in any::<u64>()) {
        let (inputs, mut expected) = leaf_values(seed);
        let mut b = Builder::new();
        let mut nodes = leaves(&mut b);
        for &step in &steps {
            build(&mut b, &mut nodes, step);
            reference(&mut expected, step);
        }
        prop_assume!(!too_large(&expected));
        let program = program(b, &nodes);
        prop_assert_eq!(verify(&program), Ok(()));
        for program in [program.clone(), passes::run(passes::Mode::Training, &program)] {
            prop_assert_eq!(program.to_string().parse(), Ok(program.clone()));
            let (values, _) = interp::run(&program, &inputs);
            for ((have, want), output) in values.iter().zip(&expected).zip(&program.outputs) {
                let shape = program.graph.node(output.node).ty.shape.0;
                prop_assert_eq!(shape, want.shape, "{}", output.kind);
                for (h, w) in have.iter().zip(&want.data) {
                    let error = (h - w.value).abs();
                    prop_assert!(
                        error <= SLACK * w.error, "{}: {h} is not {w:?}", output.kind
                    );
                }
            }
        }
    }

    /// The gradient along a direction is what forward mode gives.
    #[test]
    fn derivatives(steps in prop::collection::vec(step(SMOOTH), 1..12), seed in any::<u64>()) {
        let (inputs, mut expected) = leaf_values(seed);
        let mut b = Builder::new();
        let wrt = leaves(&mut b);
        let mut nodes = wrt.clone();
        let last = LEAVES.len() + steps.len() - 1;
        let scalar = [Step::Binary(Binary::Mul, last, 0), Step::Reduce(ReduceKind::Sum, Axes::ALL, last + 1)];
        for &step in steps.iter().chain(&scalar) {
            build(&mut b, &mut nodes, step);
            reference(&mut expected, step);
        }
        prop_assume!(!too_large(&expected));
        let gradients = gradient(&mut b, nodes[last + 2], &wrt);
        let types: Vec<Type> = wrt.iter().map(|&w| b.ty(w)).collect();
        let program = program(b, &gradients);
        prop_assert_eq!(verify(&program), Ok(()));
        let (values, _) = interp::run(&program, &inputs);
        let (mut along, mut magnitude) = (0.0, 1.0);
        for ((gradient, leaf), ty) in values.iter().zip(&expected).zip(types) {
            prop_assert_eq!(gradient.len(), ty.shape.len());
            for (g, e) in gradient.iter().zip(&leaf.data) {
                along += g * e.slope;
                magnitude += (g * e.slope).abs();
            }
        }
        let want = expected[last + 2].data[0].slope;
        prop_assert!((along - want).abs() <= 1e-9 * magnitude, "{along} is not {want}");
    }
}

fn leaf(b: &mut Builder, axes: [bool; 4]) -> NodeId {
    let at = LEAVES.iter().position(|&l| l == axes).expect("a leaf");
    leaves(b)[at]
}

const FULL_AXES: [bool; 4] = [true; 4];
const CHANNELS: [bool; 4] = [false, false, false, true];

/// Factors that do not vary along the reduced axes come out of a sum, whatever their order.
#[test]
fn sums_hand_out_their_factors() {
    let mut b = Builder::new();
    let x = leaf(&mut b, FULL_AXES);
    let scale = leaf(&mut b, CHANNELS);
    let product = b.mul(scale, x);
    let sum = b.reduce(ReduceKind::Sum, Axes::BATCH_AND_SPACE, product);
    let plain = b.reduce(ReduceKind::Sum, Axes::BATCH_AND_SPACE, x);
    let outside = b.mul(plain, scale);
    assert_eq!(sum, outside);
}

/// Small factors are multiplied first: one product of full size, whatever the nesting.
#[test]
fn products_keep_one_full_factor() {
    let mut b = Builder::new();
    let x = leaf(&mut b, FULL_AXES);
    let scale = leaf(&mut b, CHANNELS);
    let left = {
        let once = b.mul(x, scale);
        b.scale(once, 3.0)
    };
    let right = {
        let factor = b.scale(scale, 3.0);
        b.mul(factor, x)
    };
    assert_eq!(left, right);
    let ty = b.ty(x);
    let full = |b: &Builder| {
        let graph = b.graph();
        let products = graph.nodes.iter().filter(|n| n.op == Op::Binary(Binary::Mul));
        products.filter(|n| n.ty == ty && n.args.contains(&x)).count()
    };
    assert_eq!(full(&b), 2, "x·scale and x·(scale·3)");
}

/// Factors of one disappear, and numbers are multiplied at once.
#[test]
fn numbers_fold() {
    let mut b = Builder::new();
    let scale = leaf(&mut b, CHANNELS);
    let seed = leaf(&mut b, [false; 4]);
    for x in [scale, seed] {
        assert_eq!(b.scale(x, 1.0), x);
    }
    let half = b.scale(scale, 0.5);
    assert_eq!(b.scale(half, 2.0), scale);
    let (three, four) = (b.constant(3.0), b.constant(4.0));
    let twelve = b.constant(12.0);
    assert_eq!(b.mul(three, four), twelve);
}

/// Two factors that are both smaller than their product.
#[test]
fn outer_products_end() {
    let mut b = Builder::new();
    let channels = leaf(&mut b, CHANNELS);
    let pictures = leaf(&mut b, [true, false, false, false]);
    let outer = b.mul(channels, pictures);
    assert_eq!(b.ty(outer).shape.0, [2, 1, 1, 3]);
    assert_eq!(b.mul(pictures, channels), outer);
}
