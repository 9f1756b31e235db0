//! Losses and the optimiser.

use rnetc::graph::{Axes, Binary, NodeId, ReduceKind, Unary};
use rnetc::nn::optimiser::Sgd;
use rnetc::nn::{loss, optimiser};

use super::draft::Draft;
use super::read::{Case, Tensor};

/// Labels as rows over classes, each weighted; rows of ignored labels are zero.
fn targets(case: &Case, like: &Tensor) -> Tensor {
    let classes = like.shape[3];
    let weights = case.input(2).map_or(vec![1.0; classes], |t| t.data);
    let ignored = case.number("ignore_index", f64::NAN);
    let labels = case.input(1).expect("labels").data;
    let row = |label: f64| {
        let taken = move |class: usize| label != ignored && label == class as f64;
        let weights = weights.clone();
        (0..classes).map(move |class| if taken(class) { weights[class] } else { 0.0 })
    };
    Tensor { shape: like.shape.clone(), data: labels.into_iter().flat_map(row).collect() }
}

/// z − log Σ e^z over channels.
fn log_softmax(draft: &mut Draft, z: NodeId) -> NodeId {
    let b = &mut draft.b;
    let largest = b.reduce(ReduceKind::Max, Axes::CHANNELS, z);
    let shifted = b.sub(z, largest);
    let exponentials = b.unary(Unary::Exp, shifted);
    let total = b.reduce(ReduceKind::Sum, Axes::CHANNELS, exponentials);
    let log = b.unary(Unary::Log, total);
    b.sub(shifted, log)
}

pub fn loss(draft: &mut Draft, case: &Case) {
    let scores = case.input(0).expect("scores");
    let plain = scores.shape.len() == 2 && case.input(2).is_none();
    let ignores = case.number("ignore_index", f64::NAN).is_finite();
    let scores = scores.channels_last();
    let z = draft.images(&scores);
    let t = draft.images(&targets(case, &scores));
    let given = case.op == "NegativeLogLikelihoodLoss";
    let log = if given { z } else { log_softmax(draft, z) };
    let reduction = if case.word("reduction").is_empty() { "mean" } else { case.word("reduction") };
    let result = if !given && plain && !ignores && reduction == "mean" {
        loss::cross_entropy(&mut draft.b, z, t)
    } else {
        reduced(draft, t, log, reduction)
    };
    draft.wants(result, &case.output(0).expect("a loss"));
    if let Some(wanted) = case.output(1) {
        draft.wants(log, &wanted.channels_last());
    }
}

/// −Σ t·log p of each pixel, their sum, or that over the sum of weights.
fn reduced(draft: &mut Draft, t: NodeId, log: NodeId, reduction: &str) -> NodeId {
    let b = &mut draft.b;
    let picked = b.mul(t, log);
    let each = b.reduce(ReduceKind::Sum, Axes::CHANNELS, picked);
    let each = b.unary(Unary::Neg, each);
    if reduction == "none" {
        return each;
    }
    let sum = b.reduce(ReduceKind::Sum, Axes::ALL, each);
    if reduction == "sum" {
        return sum;
    }
    let weight = b.reduce(ReduceKind::Sum, Axes::ALL, t);
    b.binary(Binary::Div, sum, weight)
}

pub fn momentum(draft: &mut Draft, case: &Case) {
    let inputs = case.inputs();
    let sgd = Sgd {
        momentum: case.number("alpha", 0.0),
        weight_decay: case.number("norm_coefficient", 0.0),
        decay_vectors: true,
        nesterov: case.word("mode") == "nesterov",
    };
    // Rate and step count, then parameters, gradients and momenta. At step 0 ONNX does not damp.
    assert_eq!(inputs[1].data, [0.0], "{}", case.name);
    let count = (inputs.len() - 2) / 3;
    let rate = draft.vector(&inputs[0]);
    for at in 0..count {
        let [w, g, m] = [0, 1, 2].map(|kind| draft.vector(&inputs[2 + kind * count + at]));
        let (new, moved) = optimiser::sgd(&mut draft.b, &sgd, rate, w, m, g);
        draft.wants(new, &case.output(at).expect("a parameter"));
        draft.wants(moved, &case.output(count + at).expect("a momentum"));
    }
}
