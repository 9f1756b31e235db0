//! Numbers that specs draw, and what goes back through what is detached.

use rnetc::graph::interp;
use rnetc::graph::{Role, random};
use rnetc::network::{Layer, Network, TensorId};
use rnetc::{gradcheck, lower, sema, source::Source};

const BATCH: usize = 64;
const FUNCTION: &str = "// allow W0001: for those that use it\ndef f(v) = v * random(0, 1)";

fn net(y: &str, head: &str) -> Network {
    let text = format!(
        "{FUNCTION}\nunit u {{ {y} }}\nnet n {{ input(1, 1, 1) -> u{head} -> linear(2, bias: none) }}"
    );
    sema::compile(&Source::new("drawn", text), &[]).expect("it compiles").network
}

/// What a unit makes of pictures of one pixel, 1, in training and in evaluation: logits of a head that
/// multiplies by 1.
fn drawn(y: &str, seed: u32) -> [Vec<f64>; 2] {
    let network = net(y, "");
    [lower::gradients(&network, BATCH), lower::inference(&network, BATCH)].map(|program| {
        let mut inputs = gradcheck::random_inputs(&network, &program, 1);
        for (id, values) in &mut inputs {
            match program.graph.input(*id).role {
                Role::Images | Role::Parameter => values.fill(1.0),
                Role::Seed => values.fill(f64::from(seed)),
                _ => {}
            }
        }
        let logits =
            program.outputs.iter().position(|o| o.kind == rnetc::graph::OutputKind::Logits);
        let (outputs, _) = interp::run(&program, &inputs);
        outputs[logits.expect("logits")].iter().copied().step_by(2).collect()
    })
}

#[test]
fn draws_lie_where_they_should_and_evaluation_takes_their_mean() {
    let mut all = Vec::new();
    for seed in 0..200 {
        let [training, evaluation] = drawn("y = random(-1, 3) * x", seed);
        assert!(training.iter().all(|v| (-1.0..3.0).contains(v)));
        assert!(evaluation.iter().all(|v| *v == 1.0));
        all.extend(training);
    }
    // 12,800 draws: the mean's deviation is 4/√12/√n, the variance's about 16/12·√(0.8/n).
    let n = all.len() as f64;
    let mean = all.iter().sum::<f64>() / n;
    let variance = all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    assert!((mean - 1.0).abs() < 5.0 * (16.0f64 / 12.0 / n).sqrt(), "{mean}");
    assert!((variance - 16.0 / 12.0).abs() < 5.0 * 16.0 / 12.0 * (0.8 / n).sqrt(), "{variance}");
}

#[test]
fn coins_fall_as_often_as_they_should() {
    for (p, seeds) in [(0.0, 4), (0.25, 100), (1.0, 4)] {
        let y = format!("y = bernoulli({p}) * x");
        let each: Vec<f64> = (0..seeds).flat_map(|seed| drawn(&y, seed)[0].clone()).collect();
        assert!(each.iter().all(|v| *v == 0.0 || *v == 1.0));
        let n = each.len() as f64;
        let share = each.iter().sum::<f64>() / n;
        assert!((share - p).abs() <= 5.0 * (p * (1.0 - p) / n).sqrt(), "{p}: {share}");
        assert!(drawn(&y, 0)[1].iter().all(|v| *v == p));
    }
    assert!(drawn("y = bernoulli(0.5, evaluation: 2) * x", 0)[1].iter().all(|v| *v == 2.0));
}

/// By image they differ, by batch they do not; a name is one draw, the same expression twice is two; and
/// an image's is that of its place in the stream.
#[test]
fn whose_draw_it_is() {
    let [by_image, _] = drawn("y = random(0, 1) * x", 7);
    let network = net("y = random(0, 1) * x", "");
    let drawing = |value: &rnetc::network::Value| matches!(value.layer, Layer::Random { .. });
    let stream = network.values.iter().position(drawing).expect("a draw") as u32;
    for (image, value) in by_image.iter().enumerate() {
        let wanted = random::uniform(random::key(7, stream), image as u32);
        assert_eq!(*value, f64::from(wanted));
    }
    let [by_batch, _] = drawn("y = random(0, 1, per: batch) * x", 7);
    assert!(by_batch.iter().all(|v| *v == by_batch[0]));
    let zero = |y: &str| drawn(y, 7)[0].iter().all(|v| *v == 0.0);
    assert!(zero("r = random(0, 1)  y = r * x - r * x"));
    assert!(!zero("y = random(0, 1) * x - random(0, 1) * x"));
    // A function draws wherever it is applied; under a name it is one stage.
    assert!(!zero("y = f(x) - f(x)"));
    assert!(zero("g = identity -> f  y = g(x) - g(x)"));
}

/// Shake-Shake (Gastaldi 2017): forward has α, backward β of its own. Of y = β·w·x + detach((α − β)·w·x),
/// ∂y/∂w is β·x, where y is α·w·x.
#[test]
fn the_gradient_goes_the_way_that_is_not_detached() {
    let y = "alpha = random(0, 1)  beta = random(0, 1)  w = scalar(1)
             y = beta * w * x + detach((alpha - beta) * w * x)";
    let [forward, _] = drawn(y, 3);
    let [alphas, _] = drawn("alpha = random(0, 1)  y = alpha * x", 3);
    assert!(forward.iter().zip(&alphas).all(|(y, a)| (y - a).abs() < 1e-12), "{forward:?}");
    // The check holds what is detached; with the whole derivative the two would differ.
    let network = net(y, "");
    let checks = gradcheck::check(&network, 8, 5);
    let wrong = checks.iter().find(|check| check.relative_error() > 1e-6);
    assert_eq!(wrong, None);
    let w = network
        .tensors()
        .map(|t| t.id)
        .find(|id: &TensorId| network.tensor_name(*id) == "units.1.w");
    let gradient = |y: &str| {
        let checks = gradcheck::check(&net(y, ""), 8, 5);
        checks.into_iter().find(|check| check.name == "units.1.w").map(|check| check.adjoint)
    };
    assert!(w.is_some());
    assert_ne!(gradient(y), gradient(&y.replace("detach", "")));
}
