//! The oracle: a slow interpreter of the graph in f64, one node at a time.
//!
//! It shares no code with the engines beyond the type rules and the definition of random numbers:
//! where an element lies, which one a re-indexing reads and what a window sees it says itself.
//! It is itself checked against finite differences and hand-computed cases.

use std::collections::HashMap;

use super::random;
use super::scalar::Binary;
use super::{op::*, program::*, types::*};

/// Values of the inputs, by id.
pub type Inputs = HashMap<InputId, Vec<f64>>;

/// Evaluates every node; element `i` of the result belongs to node `i`.
///
/// Panics where `inputs` lacks an input that the graph reads or gives it a wrong length; the
/// interpreter is for tests and checks, never for user data.
pub fn evaluate(graph: &Graph, inputs: &Inputs) -> Vec<Vec<f64>> {
    evaluate_holding(graph, inputs, &HashMap::new())
}

/// Values of nodes that are given and not computed.
pub type Held = HashMap<NodeId, Vec<f64>>;

/// The same with some nodes at values that are given.
pub fn evaluate_holding(graph: &Graph, inputs: &Inputs, held: &Held) -> Vec<Vec<f64>> {
    let mut values: Vec<Vec<f64>> = Vec::with_capacity(graph.nodes.len());
    for (id, node) in graph.ids().zip(&graph.nodes) {
        let value = if let Some(held) = held.get(&id) {
            held.clone()
        } else {
            let args: Vec<Arg> = node
                .args
                .iter()
                .map(|&a| Arg { data: &values[a.index()], shape: graph.node(a).ty.shape })
                .collect();
            node_value(node, &args, inputs, 0)
        };
        assert_eq!(value.len(), node.ty.shape.len(), "{:?}", node.op);
        values.push(value);
    }
    values
}

/// The values of all nodes on each of several ranks that run a graph side by side, on inputs of their own.
pub fn evaluate_ranks(graph: &Graph, inputs: &[Inputs]) -> Vec<Vec<Vec<f64>>> {
    let mut values: Vec<Vec<Vec<f64>>> = vec![Vec::new(); inputs.len()];
    for node in &graph.nodes {
        let of_rank = |(rank, inputs): (usize, &Inputs)| {
            let arg =
                |&a: &NodeId| Arg { data: &values[rank][a.index()], shape: graph.node(a).ty.shape };
            let args: Vec<Arg> = node.args.iter().map(arg).collect();
            node_value(node, &args, inputs, rank)
        };
        let mut all: Vec<Vec<f64>> = inputs.iter().enumerate().map(of_rank).collect();
        if node.op == Op::Total {
            let sum = |at: usize| all.iter().map(|of_rank| of_rank[at]).sum();
            let sums: Vec<f64> = (0..node.ty.shape.len()).map(sum).collect();
            all.fill(sums);
        }
        values.iter_mut().zip(all).for_each(|(values, value)| values.push(value));
    }
    values
}

/// Runs a program once: its outputs in order, and the updated inputs.
pub fn run(program: &Program, inputs: &Inputs) -> (Vec<Vec<f64>>, Inputs) {
    results(program, &evaluate(&program.graph, inputs))
}

/// The same on several ranks side by side.
pub fn run_ranks(program: &Program, inputs: &[Inputs]) -> Vec<(Vec<Vec<f64>>, Inputs)> {
    let all = evaluate_ranks(&program.graph, inputs);
    all.iter().map(|values| results(program, values)).collect()
}

fn results(program: &Program, values: &[Vec<f64>]) -> (Vec<Vec<f64>>, Inputs) {
    let outputs = program.outputs.iter().map(|o| values[o.node.index()].clone()).collect();
    let updates = program.updates.iter().map(|&(i, n)| (i, values[n.index()].clone())).collect();
    (outputs, updates)
}

#[derive(Clone, Copy)]
struct Arg<'a> {
    data: &'a [f64],
    shape: Shape,
}

impl Arg<'_> {
    /// The element at an index of a shape this one broadcasts to.
    fn at(&self, index: [usize; 4]) -> f64 {
        let repeated = |a: usize| if self.shape.0[a] == 1 { 0 } else { index[a] };
        self.data[position(self.shape, [0, 1, 2, 3].map(repeated))]
    }
}

/// Where an element lies: the last axis varies fastest.
fn position(shape: Shape, [n, h, w, c]: [usize; 4]) -> usize {
    let [_, rows, columns, channels] = shape.0;
    ((n * rows + h) * columns + w) * channels + c
}

fn indices(shape: Shape) -> impl Iterator<Item = [usize; 4]> {
    let [a, b, c, d] = shape.0;
    (0..a * b * c * d).map(move |i| [i / (b * c * d), i / (c * d) % b, i / d % c, i % d])
}

/// A node on a rank; a total there is what the rank adds to it.
fn node_value(node: &Node, args: &[Arg], inputs: &Inputs, rank: usize) -> Vec<f64> {
    let shape = node.ty.shape;
    match node.op {
        Op::Input(id) => inputs[&id].clone(),
        Op::Const(Number(value)) => vec![value],
        Op::Unary(op) => args[0].data.iter().copied().map(op.facts().value).collect(),
        Op::Binary(op) => {
            let value = op.facts().value;
            indices(shape).map(|i| value(args[0].at(i), args[1].at(i))).collect()
        }
        Op::Broadcast => indices(shape).map(|i| args[0].at(i)).collect(),
        Op::Random { stream } => {
            let key = random::key(args[0].data[0] as u32, stream);
            let first = if node.ty.batched { rank * shape.len() } else { 0 };
            let index = |i: usize| (first + i) as u32;
            (0..shape.len()).map(|i| f64::from(random::uniform(key, index(i)))).collect()
        }
        Op::Index => (0..shape.len()).map(|i| i as f64).collect(),
        Op::Conv(g) => conv(&g, args[0], args[1], shape),
        Op::ConvDx(g) => conv_dx(&g, args[0], args[1], shape),
        Op::ConvDw(g) => conv_dw(&g, args[0], args[1], shape),
        Op::Reduce(kind, axes) => reduce(kind, axes, args[0], shape),
        Op::Pool(g) => pool(&g, args[0], shape),
        Op::PoolDx(g) => pool_dx(&g, args[0], args[1], shape),
        Op::Remap(remap) => indices(shape).map(|i| remapped(&remap, args[0], i)).collect(),
        Op::Reshape | Op::Total | Op::Detach | Op::After => args[0].data.to_vec(),
    }
}

/// Calls `visit(input row/column, kernel row/column)` for each tap of an output pixel that lies
/// inside the input.
fn taps(g: &ConvGeometry, oy: usize, ox: usize, mut visit: impl FnMut([usize; 2], [usize; 2])) {
    for ky in 0..g.kernel[0] {
        for kx in 0..g.kernel[1] {
            let y = (oy * g.stride + ky).wrapping_sub(g.padding[0]);
            let x = (ox * g.stride + kx).wrapping_sub(g.padding[1]);
            if y < g.input[0] && x < g.input[1] {
                visit([y, x], [ky, kx]);
            }
        }
    }
}

/// Visits every product of a convolution from `ci` to `co` channels as (x index, w index, y index),
/// in elements.
fn products(
    g: &ConvGeometry,
    batch: usize,
    ci: usize,
    co: usize,
    mut visit: impl FnMut(usize, usize, usize),
) {
    let [oh, ow] = g.output();
    let [read, written] = [ci / g.groups, co / g.groups];
    for n in 0..batch {
        for oy in 0..oh {
            for ox in 0..ow {
                taps(g, oy, ox, |[y, x], [ky, kx]| {
                    let from = ((n * g.input[0] + y) * g.input[1] + x) * ci;
                    let tap = (ky * g.kernel[1] + kx) * read;
                    let to = ((n * oh + oy) * ow + ox) * co;
                    for o in 0..co {
                        let first = o / written * read;
                        for i in 0..read {
                            visit(from + first + i, (tap + i) * co + o, to + o);
                        }
                    }
                });
            }
        }
    }
}

fn conv(g: &ConvGeometry, x: Arg, w: Arg, shape: Shape) -> Vec<f64> {
    let mut y = vec![0.0; shape.len()];
    products(g, shape.0[0], x.shape.0[3], shape.0[3], |i, k, o| y[o] += x.data[i] * w.data[k]);
    y
}

fn conv_dx(g: &ConvGeometry, y: Arg, w: Arg, shape: Shape) -> Vec<f64> {
    let mut dx = vec![0.0; shape.len()];
    products(g, shape.0[0], shape.0[3], y.shape.0[3], |i, k, o| dx[i] += y.data[o] * w.data[k]);
    dx
}

fn conv_dw(g: &ConvGeometry, x: Arg, y: Arg, shape: Shape) -> Vec<f64> {
    let mut dw = vec![0.0; shape.len()];
    products(g, x.shape.0[0], x.shape.0[3], shape.0[3], |i, k, o| dw[k] += x.data[i] * y.data[o]);
    dw
}

fn reduce(kind: ReduceKind, axes: Axes, x: Arg, shape: Shape) -> Vec<f64> {
    let target =
        |i: [usize; 4]| position(shape, [0, 1, 2, 3].map(|a| if axes.0[a] { 0 } else { i[a] }));
    let fold = |start: f64, step: &dyn Fn(f64, f64, usize) -> f64| {
        let mut out = vec![start; shape.len()];
        for (&value, index) in x.data.iter().zip(indices(x.shape)) {
            let to = target(index);
            out[to] = step(out[to], value, to);
        }
        out
    };
    let sum = |sum: f64, v: f64, _: usize| sum + v;
    match kind {
        ReduceKind::Sum => fold(0.0, &sum),
        ReduceKind::Max => fold(f64::NEG_INFINITY, &|m, v, _| larger(m, v)),
        ReduceKind::M2 => {
            let count = (x.shape.len() / shape.len()) as f64;
            let mean: Vec<f64> = fold(0.0, &sum).into_iter().map(|s| s / count).collect();
            fold(0.0, &|m2, v, to| m2 + (v - mean[to]) * (v - mean[to]))
        }
    }
}

/// The input pixels of one pooling window.
fn window(g: &PoolGeometry, oy: usize, ox: usize) -> Vec<[usize; 2]> {
    let mut pixels = Vec::new();
    for [i, j] in (0..g.window[0]).flat_map(|i| (0..g.window[1]).map(move |j| [i, j])) {
        let y = (oy * g.stride[0] + i).checked_sub(g.padding[0][0]);
        let x = (ox * g.stride[1] + j).checked_sub(g.padding[1][0]);
        if let (Some(y), Some(x)) = (y, x)
            && y < g.input[0]
            && x < g.input[1]
        {
            pixels.push([y, x]);
        }
    }
    pixels
}

fn pool(g: &PoolGeometry, x: Arg, shape: Shape) -> Vec<f64> {
    let area = g.area() as f64;
    indices(shape)
        .map(|[n, oy, ox, c]| {
            let values = window(g, oy, ox).into_iter().map(|[y, xx]| x.at([n, y, xx, c]));
            match g.kind {
                PoolKind::Max => values.fold(f64::NEG_INFINITY, larger),
                PoolKind::Avg => values.sum::<f64>() / area,
            }
        })
        .collect()
}

fn pool_dx(g: &PoolGeometry, x: Arg, y: Arg, shape: Shape) -> Vec<f64> {
    let area = g.area() as f64;
    let mut dx = vec![0.0; shape.len()];
    for (&gradient, [n, oy, ox, c]) in y.data.iter().zip(indices(y.shape)) {
        let offset = |[r, s]: [usize; 2]| position(shape, [n, r, s, c]);
        let pixels = window(g, oy, ox);
        match g.kind {
            PoolKind::Avg => pixels.into_iter().for_each(|p| dx[offset(p)] += gradient / area),
            PoolKind::Max => {
                let first_largest = pixels
                    .into_iter()
                    .map(offset)
                    .reduce(|best, at| if beats(x.data[at], x.data[best]) { at } else { best });
                if let Some(at) = first_largest {
                    dx[at] += gradient;
                }
            }
        }
    }
    dx
}

fn larger(a: f64, b: f64) -> f64 {
    (Binary::Max.facts().value)(a, b)
}

/// Whether a value takes the place of the largest before it: the first NaN keeps it.
fn beats(value: f64, largest: f64) -> bool {
    value > largest || value.is_nan() && !largest.is_nan()
}

fn remapped(remap: &Remap, x: Arg, index: [usize; 4]) -> f64 {
    let read = |axis: usize| source(&remap.axes[axis], index[axis], x.shape.0[axis]);
    match [read(0), read(1), read(2), read(3)] {
        [Some(n), Some(h), Some(w), Some(c)] => x.at([n, h, w, c]),
        _ => 0.0,
    }
}

/// The index that element `i` of an axis is read from, below `extent`: the j with
/// j·div = i·mul + offset, if there is one.
fn source(map: &AxisMap, i: usize, extent: usize) -> Option<usize> {
    let wanted = (i * map.mul) as isize + map.offset;
    (0..extent).find(|&j| (j * map.div) as isize == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The engines' index map against the definition here: they share no line.
    #[test]
    fn engines_read_a_remap_by_its_definition() {
        for (mul, div, offset) in
            (1..4).flat_map(|m| (1..4).flat_map(move |d| (-5..6).map(move |o| (m, d, o))))
        {
            let map = AxisMap { len: 8, mul, offset, div };
            for (i, extent) in (0..8).flat_map(|i| (1..8).map(move |extent| (i, extent))) {
                assert_eq!(map.source(i, extent), source(&map, i, extent), "{map} at {i}");
            }
        }
    }
}
