//! Random expressions, and a naive evaluation of them that shares nothing with the builder: each
//! element carries its value, a bound on the rounding error of computing it in any order, and its
//! derivative along one direction (forward mode).

use proptest::prelude::*;
use rnetc::graph::builder::Builder;
use rnetc::graph::{Axes, Binary, NodeId, ReduceKind, Role, Shape, Type, Unary};

/// The largest extents; every value has these or 1.
pub const FULL: [usize; 4] = [2, 3, 2, 3];
/// Which axes the leaves have.
pub const LEAVES: [[bool; 4]; 7] = [
    [true, true, true, true],
    [false, false, false, true],
    [true, false, false, true],
    [true, false, false, false],
    [false, true, true, false],
    [true, true, true, false],
    [false, false, false, false],
];

/// Appends a value made from earlier ones; positions count modulo what is there.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Const(f64),
    Unary(Unary, usize),
    Binary(Binary, usize, usize),
    Broadcast([bool; 4], usize),
    Reduce(ReduceKind, Axes, usize),
}

/// One random step; `reductions` are the kinds it may use.
pub fn step(reductions: &'static [ReduceKind]) -> impl Strategy<Value = Step> {
    let axes = prop::array::uniform4(any::<bool>());
    let unary = prop::sample::select(
        [Unary::Neg, Unary::Neg, Unary::Relu, Unary::Sigmoid, Unary::Tanh].as_slice(),
    );
    let binary = prop::sample::select(
        [Binary::Mul, Binary::Mul, Binary::Add, Binary::Sub, Binary::Max].as_slice(),
    );
    let number = prop::sample::select([0.0, 1.0, -1.0, 0.5, 2.0].as_slice());
    let at = 0..64usize;
    prop_oneof![
        1 => number.prop_map(Step::Const),
        2 => (unary, at.clone()).prop_map(|(op, x)| Step::Unary(op, x)),
        6 => (binary, at.clone(), at.clone()).prop_map(|(op, a, b)| Step::Binary(op, a, b)),
        2 => (axes, at.clone()).prop_map(|(axes, x)| Step::Broadcast(axes, x)),
        3 => (prop::sample::select(reductions), axes, at)
            .prop_map(|(kind, axes, x)| Step::Reduce(kind, Axes(axes), x)),
    ]
}

pub fn extents(axes: [bool; 4]) -> [usize; 4] {
    [0, 1, 2, 3].map(|a| if axes[a] { FULL[a] } else { 1 })
}

/// The leaves as inputs of a builder.
pub fn leaves(b: &mut Builder) -> Vec<NodeId> {
    let ty = |axes: [bool; 4]| Type { shape: Shape(extents(axes)), batched: axes[0] };
    let named = LEAVES.iter().enumerate();
    named.map(|(i, &axes)| b.input(format!("x{i}"), Role::Parameter, ty(axes))).collect()
}

/// Appends a step's value through the builder.
pub fn build(b: &mut Builder, stack: &mut Vec<NodeId>, step: Step) {
    let at = |i: usize| stack[i % stack.len()];
    let node = match step {
        Step::Const(v) => b.constant(v),
        Step::Unary(op, x) => b.unary(op, at(x)),
        Step::Binary(op, x, y) => b.binary(op, at(x), at(y)),
        Step::Broadcast(axes, x) => {
            let from = b.ty(at(x));
            let extent = |a: usize| if axes[a] { FULL[a] } else { from.shape.0[a] };
            let shape = Shape([0, 1, 2, 3].map(extent));
            b.broadcast(at(x), Type { shape, batched: from.batched || axes[0] })
        }
        Step::Reduce(kind, axes, x) => b.reduce(kind, axes, at(x)),
    };
    stack.push(node);
}

/// An element: its value, a bound on its rounding error, its derivative.
#[derive(Clone, Copy, Debug, Default)]
pub struct Element {
    pub value: f64,
    pub error: f64,
    pub slope: f64,
}

/// A tensor of the naive evaluation.
#[derive(Clone, Debug)]
pub struct Dense {
    pub shape: [usize; 4],
    pub data: Vec<Element>,
}

impl Dense {
    pub fn exact(shape: [usize; 4], values: &[f64], slopes: &[f64]) -> Self {
        let pairs = values.iter().zip(slopes);
        let data = pairs.map(|(&value, &slope)| Element { value, error: 0.0, slope }).collect();
        Self { shape, data }
    }

    fn at(&self, index: [usize; 4]) -> Element {
        let clamped = [0, 1, 2, 3].map(|a| index[a].min(self.shape[a] - 1));
        let [_, b, c, d] = self.shape;
        self.data[((clamped[0] * b + clamped[1]) * c + clamped[2]) * d + clamped[3]]
    }

    fn make(shape: [usize; 4], element: impl Fn([usize; 4]) -> Element) -> Self {
        let mut data = Vec::new();
        for i in 0..shape[0] {
            for j in 0..shape[1] {
                for k in 0..shape[2] {
                    for l in 0..shape[3] {
                        data.push(element([i, j, k, l]));
                    }
                }
            }
        }
        Self { shape, data }
    }
}

/// Appends a step's value by definition.
pub fn reference(stack: &mut Vec<Dense>, step: Step) {
    let at = |i: usize| &stack[i % stack.len()];
    let value = match step {
        Step::Const(v) => Dense::exact([1; 4], &[v], &[0.0]),
        Step::Unary(op, x) => {
            Dense { shape: at(x).shape, data: at(x).data.iter().map(|&e| unary(op, e)).collect() }
        }
        Step::Binary(op, x, y) => {
            let (x, y) = (at(x), at(y));
            let shape = [0, 1, 2, 3].map(|a| x.shape[a].max(y.shape[a]));
            Dense::make(shape, |i| binary(op, x.at(i), y.at(i)))
        }
        Step::Broadcast(axes, x) => {
            let x = at(x);
            let shape = [0, 1, 2, 3].map(|a| if axes[a] { FULL[a] } else { x.shape[a] });
            Dense::make(shape, |i| x.at(i))
        }
        Step::Reduce(kind, axes, x) => reduce(kind, axes, at(x)),
    };
    stack.push(value);
}

fn rounded(value: f64, error: f64, slope: f64) -> Element {
    Element { value, error: error + f64::EPSILON * value.abs(), slope }
}

fn unary(op: Unary, x: Element) -> Element {
    match op {
        Unary::Neg => Element { value: -x.value, error: x.error, slope: -x.slope },
        Unary::Relu if x.value > 0.0 => x,
        Unary::Relu => Element { value: 0.0, slope: 0.0, ..x },
        Unary::Sigmoid => {
            let y = 1.0 / (1.0 + (-x.value).exp());
            rounded(y, x.error + 2.0 * f64::EPSILON, x.slope * y * (1.0 - y))
        }
        Unary::Tanh => {
            let y = x.value.tanh();
            rounded(y, x.error + 2.0 * f64::EPSILON, x.slope * (1.0 - y * y))
        }
        Unary::Step
        | Unary::Exp
        | Unary::Log
        | Unary::Sqrt
        | Unary::Recip
        | Unary::Erf
        | Unary::Finite => unreachable!("steps use none of these"),
    }
}

fn binary(op: Binary, a: Element, b: Element) -> Element {
    match op {
        Binary::Add => rounded(a.value + b.value, a.error + b.error, a.slope + b.slope),
        Binary::Sub => rounded(a.value - b.value, a.error + b.error, a.slope - b.slope),
        Binary::Mul => {
            let error = a.value.abs() * b.error + b.value.abs() * a.error + a.error * b.error;
            rounded(a.value * b.value, error, a.slope * b.value + a.value * b.slope)
        }
        Binary::Max => {
            let larger = if a.value > b.value { a } else { b };
            Element { error: a.error.max(b.error), ..larger }
        }
        Binary::Div => unreachable!("steps do not divide"),
    }
}

fn reduce(kind: ReduceKind, axes: Axes, x: &Dense) -> Dense {
    let shape = [0, 1, 2, 3].map(|a| if axes.0[a] { 1 } else { x.shape[a] });
    let inner = [0, 1, 2, 3].map(|a| if axes.0[a] { x.shape[a] } else { 1 });
    Dense::make(shape, |outer| {
        // On every axis one of the two indices is zero.
        let part = Dense::make(inner, |i| x.at([0, 1, 2, 3].map(|a| outer[a] + i[a])));
        match kind {
            ReduceKind::Sum => sum(&part.data),
            ReduceKind::Max => part
                .data
                .iter()
                .copied()
                .reduce(|a, b| binary(Binary::Max, a, b))
                .expect("at least one"),
            ReduceKind::M2 => {
                let n = part.data.len() as f64;
                let total = sum(&part.data);
                let mean = Element {
                    value: total.value / n,
                    error: total.error / n + f64::EPSILON * total.value.abs(),
                    slope: total.slope / n,
                };
                let square = |&e: &Element| {
                    let d = binary(Binary::Sub, e, mean);
                    binary(Binary::Mul, d, d)
                };
                sum(&part.data.iter().map(square).collect::<Vec<_>>())
            }
        }
    })
}

fn sum(data: &[Element]) -> Element {
    let magnitude: f64 = data.iter().map(|e| e.value.abs()).sum();
    Element {
        value: data.iter().map(|e| e.value).sum(),
        error: data.iter().map(|e| e.error).sum::<f64>()
            + data.len() as f64 * f64::EPSILON * magnitude,
        slope: data.iter().map(|e| e.slope).sum(),
    }
}
