//! Learned numbers, normalisations and draws in small units: loss, logits and every gradient on both
//! engines, and what inference says.

use rnetc::graph::interp;
use rnetc::lower;

use crate::networks::forward_and_backward;
use crate::support::{calm_inputs, compile, distance, engines, load};

/// Units that read 6×5×5.
const UNITS: [(&str, &str); 7] = [
    (
        "learned numbers",
        "unit u { a = scalar(0.5)  g = scalar(1)
                  F = conv(3x3, 6) -> scale(0.5) -> shift(0.25, per: tensor) -> relu -> conv(1x1, 6) -> shift(0.1)
                  y = scale(2, per: tensor)(x) + a * F(x) + sigmoid(g) * a }",
    ),
    (
        "batch norms that leave some out",
        "unit u { F = bn(gamma: none) -> relu -> conv(3x3, 6) -> bn(eps: 1e-3, momentum: 0.5, affine: false) -> relu
                      -> conv(3x3, 6) -> bn(beta: none, gamma: 0.5)
                  y = x + F(x) }",
    ),
    (
        "batch norms of parts",
        "unit u { F = bn(ghost: 2) -> relu -> conv(3x3, 6) -> bn(ghost: 1, momentum: 0.5) -> tanh -> conv(1x1, 6)
                  y = x + F(x) }",
    ),
    (
        "shake-shake",
        "unit u { alpha = random(0, 1)  beta = random(0, 1)
                  a = (relu -> conv(3x3, 6) -> bn)(x)  b = (relu -> conv(3x3, 6) -> bn)(x)
                  back = beta * a + (1 - beta) * b
                  y = x + back + detach(alpha * a + (1 - alpha) * b - back) }",
    ),
    (
        "group norms",
        "unit u { F = group_norm(3) -> relu -> conv(3x3, 6) -> group_norm(2, eps: 1e-3) -> tanh -> conv(1x1, 6)
                  y = x + F(x) }",
    ),
    (
        "layer and instance norms",
        "unit u { F = layer_norm(over: channels) -> conv(3x3, 6) -> layer_norm(over: image, gamma: none)
                      -> tanh -> conv(1x1, 6) -> instance_norm(affine: false)
                  y = x + F(x) }",
    ),
    (
        "draws by image and batch",
        "unit u { F = conv(3x3, 6) -> tanh -> drop_path(0.4, per: image, inverted: true)
                  y = x + F(x) + bernoulli(0.5, per: batch) * tanh(x) + bernoulli(0.3) * conv(1x1, 6)(x)
                      - sigmoid(random(-1, 1)) * x }",
    ),
];

fn net(unit: &str) -> String {
    format!(
        "{unit}\nnet n {{ input(3, 5, 5) -> conv(3x3, 6) -> u -> u -> relu -> global_avg_pool -> linear(3) }}"
    )
}

#[test]
fn gradients() {
    for (name, unit) in UNITS {
        forward_and_backward(name, &compile(name, &net(unit), ""));
    }
}

#[test]
fn inference() {
    for (name, unit) in UNITS {
        let network = compile(name, &net(unit), "");
        let program = lower::inference(&network, 3);
        let inputs = calm_inputs(&network, &program);
        let (want, _) = interp::run(&program, &inputs);
        for engine in engines() {
            let mut executable = load(engine.as_ref(), &program, &inputs);
            executable.run().expect("runs");
            let error = distance(&executable.output(0).expect("logits"), &want[0]);
            assert!(error < 1e-5, "{name} on {:?}: {error:.1e}", engine.device());
        }
    }
}
