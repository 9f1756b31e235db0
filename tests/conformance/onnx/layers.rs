//! Layers: pictures as N×H×W×C, weights as Kh×Kw×I×O.

use rnetc::graph::PoolKind;
use rnetc::graph::autodiff::mean;
use rnetc::graph::{Axes, AxisMap, Binary, ConvGeometry, NodeId, PoolGeometry, ReduceKind, Remap};
use rnetc::network::Layer;
use rnetc::nn::affine::Affine;
use rnetc::nn::batch_norm;

use super::draft::Draft;
use super::read::{Case, Tensor};

fn pair(case: &Case, name: &str, otherwise: usize) -> [usize; 2] {
    let list = case.list(name).unwrap_or_else(|| vec![otherwise; 2]);
    list.try_into().expect("one for each spatial axis")
}

fn stride(case: &Case) -> usize {
    case.number("stride", 1.0) as usize
}

fn wants_pictures(draft: &mut Draft, case: &Case, node: NodeId) {
    draft.wants(node, &case.output(0).expect("an output").channels_last());
}

fn given(case: &Case, index: usize) -> Tensor {
    case.input(index).expect("an input")
}

pub fn conv(draft: &mut Draft, case: &Case) {
    let (pictures, weight) = (given(case, 0), given(case, 1));
    let geometry = ConvGeometry {
        input: [pictures.shape[2], pictures.shape[3]],
        kernel: pair(case, "kernel_shape", 1),
        stride: stride(case),
        padding: pair(case, "padding", 0),
        ..ConvGeometry::POINT
    };
    let x = draft.images(&pictures.channels_last());
    let w = draft.parameter(&weight.permuted(&[2, 3, 1, 0]));
    let y = draft.b.conv(geometry, x, w);
    wants_pictures(draft, case, y);
}

/// The adjoint of a convolution: what ONNX reads is the gradient, what it writes the pictures.
pub fn conv_transpose(draft: &mut Draft, case: &Case) {
    let (gradient, weight) = (given(case, 0), given(case, 1));
    let (kernel, padding) = (pair(case, "kernel_shape", 1), pair(case, "padding", 0));
    let (stride, more) = (stride(case), pair(case, "output_padding", 0));
    let input =
        [0, 1].map(|a| (gradient.shape[2 + a] - 1) * stride + kernel[a] + more[a] - 2 * padding[a]);
    let g = draft.images(&gradient.channels_last());
    let w = draft.parameter(&weight.permuted(&[2, 3, 1, 0]));
    let y = draft.b.conv_dx(
        ConvGeometry { input, kernel, stride, padding, ..ConvGeometry::POINT },
        g,
        w,
    );
    wants_pictures(draft, case, y);
}

pub fn batch_norm(draft: &mut Draft, case: &Case) {
    let pictures = given(case, 0).channels_last();
    let count = (pictures.data.len() / pictures.shape[3]) as f64;
    let x = draft.images(&pictures);
    let [scale, shift, mean, variance] = [1, 2, 3, 4].map(|i| draft.vector(&given(case, i)));
    // ONNX's momentum is the weight of the old statistics.
    let old = case.number("momentum", 0.9);
    let (epsilon, momentum) = (case.number("epsilon", Layer::EPSILON), 1.0 - old);
    let affine = Affine { scale: Some(scale), shift: Some(shift) };
    let of = batch_norm::Parameters { affine, mean, variance, epsilon, momentum };
    if case.number("training_mode", 0.0) == 0.0 {
        let y = batch_norm::infer(&mut draft.b, x, of);
        return wants_pictures(draft, case, y);
    }
    let trained = batch_norm::train(&mut draft.b, x, of);
    wants_pictures(draft, case, trained.value);
    draft.wants(trained.mean, &case.output(1).expect("a running mean"));
    // The new part is PyTorch's, unbiased; ONNX's is biased.
    let kept = draft.b.scale(variance, old);
    let new = draft.b.sub(trained.variance, kept);
    let biased = draft.b.scale(new, (count - 1.0) / count);
    let running = draft.b.add(kept, biased);
    draft.wants(running, &case.output(2).expect("a running variance"));
}

fn turned(tensor: Tensor, turn: bool) -> Tensor {
    if turn { tensor.permuted(&[1, 0]) } else { tensor }
}

/// A·B as a 1×1 convolution of M pictures of one pixel.
fn product(draft: &mut Draft, a: &Tensor, b: &Tensor) -> NodeId {
    let [m, k, n] = [a.shape[0], a.shape[1], b.shape[1]];
    let x = draft.images(&a.reshaped(&[m, 1, 1, k]));
    let w = draft.parameter(&b.reshaped(&[1, 1, k, n]));
    let geometry = ConvGeometry::POINT;
    draft.b.conv(geometry, x, w)
}

pub fn gemm(draft: &mut Draft, case: &Case) {
    let turn = |name| case.number(name, 0.0) != 0.0;
    let (a, b) = (turned(given(case, 0), turn("transA")), turned(given(case, 1), turn("transB")));
    let y = product(draft, &a, &b);
    let mut y = draft.b.scale(y, case.number("alpha", 1.0));
    if let Some(c) = case.input(2) {
        let rows = c.shape.len() == 2 && c.shape[0] > 1;
        let c = match rows {
            true => draft.images(&c.reshaped(&[c.shape[0], 1, 1, c.shape[1]])),
            false => draft.vector(&c),
        };
        let c = draft.b.scale(c, case.number("beta", 1.0));
        y = draft.b.add(y, c);
    }
    draft.wants(y, &case.output(0).expect("an output"));
}

/// Matrices one by one as a convolution; several at once as products and their sums.
pub fn matmul(draft: &mut Draft, case: &Case) {
    let (a, b) = (given(case, 0), given(case, 1));
    let y = match (a.shape.as_slice(), b.shape.as_slice()) {
        ([_, _], [_, _]) => product(draft, &a, &b),
        (left, right) => {
            let (m, k) = (left.iter().rev().nth(1).copied().unwrap_or(1), left[left.len() - 1]);
            let n = if right.len() > 1 { right[right.len() - 1] } else { 1 };
            let a = a.reshaped(&[a.data.len() / (m * k), m, 1, k]);
            let b = b.reshaped(&[b.data.len() / (k * n), 1, k, n]).permuted(&[0, 1, 3, 2]);
            let operands = draft.operands(&[a, b]);
            let products = draft.b.mul(operands[0], operands[1]);
            draft.b.reduce(ReduceKind::Sum, Axes::CHANNELS, products)
        }
    };
    draft.wants(y, &case.output(0).expect("an output"));
}

pub fn pool(draft: &mut Draft, case: &Case) {
    let pictures = given(case, 0);
    let geometry = PoolGeometry::square(
        if case.op == "MaxPool" { PoolKind::Max } else { PoolKind::Avg },
        [pictures.shape[2], pictures.shape[3]],
        [pair(case, "kernel_shape", 1)[0], stride(case), pair(case, "padding", 0)[0]],
    );
    let x = draft.images(&pictures.channels_last());
    let y = draft.b.pool(geometry, x);
    wants_pictures(draft, case, y);
}

pub fn global_pool(draft: &mut Draft, case: &Case) {
    let x = draft.images(&given(case, 0).channels_last());
    let y = match case.op.as_str() {
        "GlobalMaxPool" => draft.b.reduce(ReduceKind::Max, Axes::SPACE, x),
        _ => mean(&mut draft.b, Axes::SPACE, x),
    };
    wants_pictures(draft, case, y);
}

/// Axes named from the front, as they stand in ONNX; the batch stays what it is.
fn along(case: &Case, named: Option<Tensor>, rank: usize) -> Vec<usize> {
    let all = (0..rank as isize).collect();
    let named = named.map_or(all, |t| t.integers());
    assert!(rank <= 4, "{}", case.name);
    let from_the_front = |a: isize| if a < 0 { a + rank as isize } else { a } as usize;
    named.into_iter().map(from_the_front).collect()
}

pub fn pad(draft: &mut Draft, case: &Case) {
    let tensor = given(case, 0);
    let pads = given(case, 1).integers();
    let axes = along(case, case.input(3), tensor.shape.len());
    let mut maps = tensor.four().0.map(AxisMap::identity);
    for (at, &axis) in axes.iter().enumerate() {
        let (begin, end) = (pads[at], pads[at + axes.len()]);
        maps[axis].len = (tensor.shape[axis] as isize + begin + end) as usize;
        maps[axis].offset = -begin;
    }
    let fill = draft.b.constant(case.input(2).map_or(0.0, |t| t.data[0]));
    let x = draft.images(&tensor);
    let above = draft.b.sub(x, fill);
    let moved = draft.b.remap(Remap { axes: maps }, above);
    let y = draft.b.binary(Binary::Add, moved, fill);
    draft.wants(y, &case.output(0).expect("an output"));
}

pub fn slice(draft: &mut Draft, case: &Case) {
    let tensor = given(case, 0);
    let (starts, ends) = (given(case, 1).integers(), given(case, 2).integers());
    let axes = along(case, case.input(3), tensor.shape.len());
    let steps = case.input(4).map_or(vec![1; axes.len()], |t| t.integers());
    // One picture, so that no axis is the batch.
    let [a, b, c] = [tensor.shape[0], tensor.shape[1], tensor.shape[2]];
    let mut maps = [1, a, b, c].map(AxisMap::identity);
    for (at, &axis) in axes.iter().enumerate() {
        let extent = tensor.shape[axis] as isize;
        let inside = |i: isize| if i < 0 { i + extent } else { i }.clamp(0, extent);
        let (start, end, step) = (inside(starts[at]), inside(ends[at]), steps[at]);
        maps[axis + 1] = AxisMap {
            len: ((end - start + step - 1) / step) as usize,
            mul: step as usize,
            offset: start,
            div: 1,
        };
    }
    let x = draft.images(&tensor.reshaped(&[1, a, b, c]));
    let y = draft.b.remap(Remap { axes: maps }, x);
    draft.wants(y, &case.output(0).expect("an output"));
}
