//! Elementwise functions, reductions and softmax.

use rnetc::graph::autodiff::mean;
use rnetc::graph::{Axes, Binary, NodeId, ReduceKind, Unary};

use super::draft::{Draft, axis};
use super::read::{Case, Tensor};

fn output(case: &Case) -> Tensor {
    case.output(0).expect("an output")
}

pub fn unary(draft: &mut Draft, case: &Case) {
    let op = match case.op.as_str() {
        "Relu" => Unary::Relu,
        "Sigmoid" => Unary::Sigmoid,
        "Exp" => Unary::Exp,
        "Log" => Unary::Log,
        "Tanh" => Unary::Tanh,
        "Neg" => Unary::Neg,
        "Sqrt" => Unary::Sqrt,
        "Reciprocal" => Unary::Recip,
        other => panic!("{}: nobody builds {other}", case.name),
    };
    let x = draft.operands(&case.inputs())[0];
    let y = draft.b.unary(op, x);
    draft.wants(y, &output(case));
}

pub fn binary(draft: &mut Draft, case: &Case) {
    let op = match case.op.as_str() {
        "Add" => Binary::Add,
        "Sub" => Binary::Sub,
        "Mul" => Binary::Mul,
        _ => Binary::Div,
    };
    let operands = draft.operands(&case.inputs());
    let y = draft.b.binary(op, operands[0], operands[1]);
    draft.wants(y, &output(case));
}

pub fn variadic(draft: &mut Draft, case: &Case) {
    let op = if case.op == "Max" { Binary::Max } else { Binary::Add };
    let operands = draft.operands(&case.inputs());
    let folded = operands.iter().copied().reduce(|a, b| draft.b.binary(op, a, b));
    let folded = folded.expect("an operand");
    let y = match case.op.as_str() {
        "Mean" => draft.b.scale(folded, 1.0 / operands.len() as f64),
        _ => folded,
    };
    draft.wants(y, &output(case));
}

/// The axes that a case names; all where it names none.
fn axes(case: &Case, rank: usize) -> Axes {
    let named = case.input(1).map(|t| t.integers()).unwrap_or_default();
    let none = named.is_empty();
    let mut axes = Axes([none && case.number("noop_with_empty_axes", 0.0) == 0.0; 4]);
    named.into_iter().for_each(|a| axes.0[axis(rank, a)] = true);
    axes
}

pub fn reduce(draft: &mut Draft, case: &Case) {
    let tensor = case.input(0).expect("an input");
    let axes = axes(case, tensor.shape.len());
    let x = draft.operands(&[tensor])[0];
    let b = &mut draft.b;
    let y = match case.op.as_str() {
        "ReduceSum" => b.reduce(ReduceKind::Sum, axes, x),
        "ReduceMax" => b.reduce(ReduceKind::Max, axes, x),
        "ReduceMean" => mean(b, axes, x),
        "ReduceSumSquare" | "ReduceL2" => {
            let squares = b.mul(x, x);
            let sum = b.reduce(ReduceKind::Sum, axes, squares);
            if case.op == "ReduceL2" { b.unary(Unary::Sqrt, sum) } else { sum }
        }
        "ReduceLogSum" => {
            let sum = b.reduce(ReduceKind::Sum, axes, x);
            b.unary(Unary::Log, sum)
        }
        "ReduceLogSumExp" => {
            let largest = b.reduce(ReduceKind::Max, axes, x);
            let sum = shifted_exponentials(b, axes, x, largest).1;
            let log = b.unary(Unary::Log, sum);
            b.add(log, largest)
        }
        other => panic!("{}: nobody builds {other}", case.name),
    };
    draft.wants(y, &output(case));
}

/// e^(x − largest), and its sum.
fn shifted_exponentials(
    b: &mut rnetc::graph::builder::Builder,
    axes: Axes,
    x: NodeId,
    largest: NodeId,
) -> (NodeId, NodeId) {
    let shifted = b.sub(x, largest);
    let exponentials = b.unary(Unary::Exp, shifted);
    (exponentials, b.reduce(ReduceKind::Sum, axes, exponentials))
}

pub fn softmax(draft: &mut Draft, case: &Case) {
    let tensor = case.input(0).expect("an input");
    let mut axes = Axes([false; 4]);
    axes.0[axis(tensor.shape.len(), case.number("axis", -1.0) as isize)] = true;
    let x = draft.operands(&[tensor])[0];
    let b = &mut draft.b;
    let largest = b.reduce(ReduceKind::Max, axes, x);
    let (exponentials, sum) = shifted_exponentials(b, axes, x, largest);
    let y = if case.op == "Softmax" {
        b.binary(Binary::Div, exponentials, sum)
    } else {
        let shifted = b.sub(x, largest);
        let log = b.unary(Unary::Log, sum);
        b.sub(shifted, log)
    };
    draft.wants(y, &output(case));
}
