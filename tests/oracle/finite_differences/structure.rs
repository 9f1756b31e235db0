//! The functional that op gradients are checked through, and the ops that only move values.

use rnetc::graph::autodiff::gradient;
use rnetc::graph::builder::Builder;
use rnetc::graph::interp::Inputs;
use rnetc::graph::{
    Axes, AxisMap, Binary, InputId, NodeId, OutputKind, Program, ReduceKind, Remap, Role, Shape,
    Type, Unary,
};

use crate::support::differences::check;
use crate::support::numbers::Numbers;

/// Elements of each argument that are differenced.
const ELEMENTS: usize = 12;

/// Checks the gradient of Σ r · f(x…) for a fixed random r, with arguments of these types and
/// values in `range`, all of them far apart.
pub fn check_op(
    what: &str,
    args: &[Type],
    range: (f64, f64),
    f: impl Fn(&mut Builder, &[NodeId]) -> NodeId,
) {
    let program = functional(args, f);
    let mut numbers = Numbers::new(7);
    let total: usize = args.iter().map(|t| t.shape.len()).sum();
    let mut values = numbers.apart(total, range.0, range.1);
    let mut inputs = Inputs::new();
    for (i, input) in program.graph.inputs.iter().enumerate() {
        let n = input.ty.shape.len();
        let value = if i < args.len() {
            values.split_off(values.len() - n)
        } else {
            numbers.vector(n, -1.0, 1.0)
        };
        inputs.insert(InputId(i as u32), value);
    }
    check(&program, &inputs, ELEMENTS).unwrap_or_else(|e| panic!("{what}: {e}"));
}

fn functional(args: &[Type], f: impl Fn(&mut Builder, &[NodeId]) -> NodeId) -> Program {
    let mut b = Builder::new();
    let named = args.iter().enumerate();
    let x: Vec<NodeId> =
        named.map(|(i, &ty)| b.input(format!("x{i}"), Role::Parameter, ty)).collect();
    let y = f(&mut b, &x);
    let ty = b.ty(y);
    let r = b.input("r", Role::Targets, ty);
    let weighted = b.mul(y, r);
    let loss = b.reduce(ReduceKind::Sum, Axes::ALL, weighted);
    let gradients = gradient(&mut b, loss, &x);
    let mut outputs = vec![OutputKind::Loss.of(loss)];
    for (i, (&g, &ty)) in gradients.iter().zip(args).enumerate() {
        assert_eq!(b.ty(g), ty, "a gradient has its variable's type");
        outputs.push(OutputKind::Gradient(InputId(i as u32)).of(g));
    }
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch: 2 }
}

pub fn ty(shape: [usize; 4], batched: bool) -> Type {
    Type { shape: Shape(shape), batched }
}

/// All sixteen subsets of the axes.
pub fn subsets() -> impl Iterator<Item = [bool; 4]> {
    (0..16u8).map(|bits| [0, 1, 2, 3].map(|axis| bits >> axis & 1 == 1))
}

#[test]
fn remap() {
    let maps = [
        AxisMap::identity(7),
        AxisMap { len: 4, mul: 2, offset: 0, div: 1 },
        AxisMap { len: 3, mul: 2, offset: 1, div: 1 },
        AxisMap { len: 10, mul: 1, offset: -2, div: 1 },
        AxisMap { len: 3, mul: 1, offset: 2, div: 1 },
        AxisMap { len: 13, mul: 1, offset: 0, div: 2 },
        AxisMap { len: 15, mul: 1, offset: -1, div: 2 },
        AxisMap { len: 9, mul: 2, offset: -3, div: 3 },
        AxisMap { len: 5, mul: 3, offset: -4, div: 2 },
    ];
    for (i, &rows) in maps.iter().enumerate() {
        for &columns in &maps {
            let axes = [AxisMap::identity(2), rows, columns, AxisMap::identity(2)];
            check_op(&format!("remap {i}"), &[ty([2, 7, 7, 2], true)], (-2.0, 2.0), |b, x| {
                b.remap(Remap { axes }, x[0])
            });
        }
        let axes = [rows, AxisMap::identity(2), AxisMap::identity(1), AxisMap::identity(3)];
        check_op(&format!("outer {i}"), &[ty([7, 2, 1, 3], false)], (-2.0, 2.0), |b, x| {
            b.remap(Remap { axes }, x[0])
        });
    }
}

#[test]
fn broadcast() {
    let full = ty([2, 3, 2, 3], true);
    for kept in subsets() {
        let shape = [0, 1, 2, 3].map(|a| if kept[a] { full.shape.0[a] } else { 1 });
        let from = ty(shape, kept[0]);
        check_op(&format!("broadcast {from:?}"), &[from], (-2.0, 2.0), |b, x| {
            let wide = b.broadcast(x[0], full);
            // Not linear, so that the adjoint depends on the value.
            let shifted = b.unary(Unary::Tanh, wide);
            b.mul(wide, shifted)
        });
    }
}

#[test]
fn detach_stops_the_gradient() {
    let shape = Shape([1, 1, 1, 3]);
    let mut b = Builder::new();
    let x = b.input("x", Role::Parameter, Type { shape, batched: false });
    let fixed = b.unary(Unary::Exp, x);
    let fixed = b.detach(fixed);
    let y = b.mul(fixed, x);
    let loss = b.reduce(ReduceKind::Sum, Axes::ALL, y);
    let g = gradient(&mut b, loss, &[x])[0];
    let graph = b.finish();
    let at = vec![0.3, -1.0, 2.0];
    let values = rnetc::graph::interp::evaluate(&graph, &[(InputId(0), at.clone())].into());
    for (have, x) in values[g.index()].iter().zip(at) {
        assert!((have - x.exp()).abs() < 1e-12, "{have} is not exp {x}");
    }
}

#[test]
fn what_is_not_reached_has_a_zero_gradient() {
    let mut b = Builder::new();
    let scalar = ty([1; 4], false);
    let (x, unused) =
        (b.input("x", Role::Parameter, scalar), b.input("y", Role::Parameter, scalar));
    let loss = b.binary(Binary::Mul, x, x);
    let g = gradient(&mut b, loss, &[unused, loss, x]);
    let graph = b.finish();
    let inputs = [(InputId(0), vec![3.0]), (InputId(1), vec![5.0])].into();
    let values = rnetc::graph::interp::evaluate(&graph, &inputs);
    let read = |i: usize| values[g[i].index()][0];
    assert_eq!([read(0), read(1), read(2)], [0.0, 1.0, 6.0]);
}

#[test]
fn random_numbers_pass_no_gradient_and_scale_the_rest() {
    let x = ty([2, 3, 2, 2], true);
    check_op("random", &[x], (-2.0, 2.0), |b, args| {
        let seed = b.constant(9.0);
        let u = b.random(3, seed, x);
        b.mul(args[0], u)
    });
}
