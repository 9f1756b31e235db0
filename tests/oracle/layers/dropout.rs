//! Dropout by its definition: an element is kept exactly where its uniform number is at least p.

use rnetc::graph::builder::Builder;
use rnetc::graph::interp::evaluate;
use rnetc::graph::{Graph, InputId, NodeId, Number, Op, Role, Shape, Type, random};
use rnetc::nn::dropout;

const SEED: u32 = 77;
const STREAM: u32 = 5;
const SHAPE: Shape = Shape([4, 16, 16, 8]);

/// Applies `layer` to a tensor of ones.
fn of_ones(layer: impl Fn(&mut Builder, NodeId, NodeId) -> NodeId) -> (Graph, Vec<f64>) {
    let mut b = Builder::new();
    let x = b.input("x", Role::Images, Type { shape: SHAPE, batched: true });
    let seed = b.input("seed", Role::Seed, Type { shape: Shape::SCALAR, batched: false });
    let y = layer(&mut b, x, seed);
    let graph = b.finish();
    let inputs = [(InputId(0), vec![1.0; SHAPE.len()]), (InputId(1), vec![f64::from(SEED)])].into();
    let value = evaluate(&graph, &inputs)[y.index()].clone();
    (graph, value)
}

#[test]
fn keeps_what_is_at_least_p() {
    for p in [0.0, 0.1, 0.3, 0.5, 0.75, 0.9] {
        for inverted in [true, false] {
            let draw = |b: &mut Builder, x, seed| dropout::train(b, x, p, inverted, (STREAM, seed));
            let (_, value) = of_ones(draw);
            let kept = if inverted { 1.0 / (1.0 - p) } else { 1.0 };
            let key = random::key(SEED, STREAM);
            for (i, v) in value.iter().enumerate() {
                let u = f64::from(random::uniform(key, i as u32));
                let want = if u >= p { kept } else { 0.0 };
                assert!((v - want).abs() < 1e-12, "p = {p}, element {i}: {v}");
            }
            let n = value.len() as f64;
            let share = value.iter().filter(|v| **v > 0.0).count() as f64 / n;
            let sigma = (p * (1.0 - p) / n).sqrt();
            assert!((share - (1.0 - p)).abs() <= 5.0 * sigma, "p = {p} keeps {share}");
        }
    }
}

/// The threshold loses nothing in f32, so every engine draws the same mask.
#[test]
fn thresholds_are_exact_in_f32() {
    for p in [1e-9, 0.1, 0.25, 0.3, 0.5, 0.6, 0.75, 0.9, 0.999_999_99] {
        let draw = |b: &mut Builder, x, seed| dropout::train(b, x, p, false, (STREAM, seed));
        let (graph, _) = of_ones(draw);
        let mut thresholds = graph.nodes.iter().filter_map(|n| match n.op {
            Op::Const(Number(v)) => Some(v),
            _ => None,
        });
        let threshold = thresholds.next().expect("a threshold");
        assert_eq!(f64::from(threshold as f32), threshold, "p = {p}");
        let step = 1.0 / f64::from(1 << 24);
        assert!(threshold < p && p <= threshold + step, "p = {p}: {threshold}");
    }
}

#[test]
fn drop_path_draws_once() {
    for p in [0.2, 0.8] {
        let ty = Type { shape: Shape::SCALAR, batched: false };
        let draw =
            |b: &mut Builder, x, seed| dropout::drop_path(b, x, (p, false), (STREAM, seed, ty));
        let (_, value) = of_ones(draw);
        let u = f64::from(random::uniform(random::key(SEED, STREAM), 0));
        let want = if u >= p { 1.0 } else { 0.0 };
        assert!(value.iter().all(|v| *v == want), "p = {p}, u = {u}");
    }
}

/// One draw an image, by its place in the batch, divided by what is kept.
#[test]
fn drop_path_by_image_draws_for_each() {
    let ty = Type { shape: Shape([SHAPE.0[0], 1, 1, 1]), batched: true };
    let draw = |b: &mut Builder, x, seed| dropout::drop_path(b, x, (0.4, true), (STREAM, seed, ty));
    let (_, value) = of_ones(draw);
    let each = SHAPE.len() / SHAPE.0[0];
    for (i, v) in value.iter().enumerate() {
        let u = f64::from(random::uniform(random::key(SEED, STREAM), (i / each) as u32));
        assert_eq!(*v, if u >= 0.4 { 1.0 / 0.6 } else { 0.0 }, "element {i}");
    }
}

#[test]
fn evaluation_is_the_expectation() {
    let (_, value) = of_ones(|b, x, _| dropout::infer(b, x, 0.3, true));
    assert!(value.iter().all(|v| *v == 1.0));
    let (_, value) = of_ones(|b, x, _| dropout::infer(b, x, 0.3, false));
    assert!(value.iter().all(|v| (v - 0.7).abs() < 1e-15));
}
