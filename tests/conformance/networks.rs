//! Loss, logits, gradients and predictions of every spec.

use rnetc::gradcheck;
use rnetc::graph::{OutputKind, Role, interp};
use rnetc::lower;

use rnetc::network::Network;

use crate::support::{
    SMALL, SPECS, calm_inputs, compile, distance, engines, inputs, load, network, small, with,
};

/// f32 against f64 where no ReLU changes sides.
const GRADIENT: f64 = 1e-4;
const LOGITS: f64 = 1e-4;
const LOSS: f64 = 1e-5;

/// Images of every program here: no multiple of any tile. One number for all, since kernels of
/// equal sizes have equal text, and are compiled once.
const BATCH: usize = 3;

pub fn forward_and_backward(spec: &str, network: &Network) {
    let program = lower::gradients(network, BATCH);
    let inputs = calm_inputs(network, &program);
    let (want, _) = interp::run(&program, &inputs);
    let norm = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
    let largest = want.iter().map(|values| norm(values)).fold(0.0, f64::max);
    for engine in engines() {
        let mut executable = load(engine.as_ref(), &program, &inputs);
        executable.run().expect("runs");
        for (index, (output, want)) in program.outputs.iter().zip(&want).enumerate() {
            let mut error = distance(&executable.output(index).expect("an output"), want);
            // A shift that batch norm takes out again has a gradient of zero, or its rounding.
            if norm(want) < 1e-9 * largest {
                error *= norm(want) / largest;
            }
            let bound = match output.kind {
                OutputKind::Loss => LOSS,
                OutputKind::Logits => LOGITS,
                _ => GRADIENT,
            };
            let device = engine.device();
            assert!(error < bound, "{spec} on {device:?}: {} is off by {error:.1e}", output.kind);
        }
    }
}

#[test]
fn resnet_20() {
    forward_and_backward("preact", &network("preact", 20));
}

#[test]
fn every_spec() {
    for (spec, settings) in SPECS {
        forward_and_backward(spec, &with(spec, settings));
    }
}

#[test]
fn every_other_spec() {
    for (spec, settings) in SMALL {
        forward_and_backward(spec, &small(spec, settings));
    }
}

/// Option A as some code for CIFAR has it, with half of its zero channels in front: forward,
/// backward, and where they stand.
#[test]
fn zero_channels_in_front_and_behind() {
    let text = "
        unit post(width, stride = 1) {
            F = conv(3x3, width, stride: stride) -> bn -> relu -> conv(3x3, width) -> bn
            h = shortcut(width, stride: stride, before: width / 4)
            y = h(x) + F(x)
            f = relu
        }
        net n(classes = 3) {
            input(3, 8, 8) -> conv(3x3, 4) -> post(4) -> post(8, stride: 2)
            -> global_avg_pool -> linear(classes)
        }";
    forward_and_backward("half in front", &compile("half in front", text, ""));

    channels(3, "pad_channels(8, before: 2)", &[0.0, 0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0]);
}

/// What a layer makes of one pixel whose channels are 1, 2, …
fn channels(read: usize, layer: &str, wanted: &[f32]) {
    let n = wanted.len();
    let text = format!("net n {{ input({read}, 1, 1) -> {layer} -> linear({n}, bias: none) }}");
    let network = compile(layer, &text, "");
    let program = lower::inference(&network, 1);
    let mut given = inputs(&network, &program, 3);
    for (id, data) in &mut given {
        // Weights that say which channel is which.
        let weights = program.graph.inputs[id.0 as usize].role == Role::Parameter;
        let value = |at: usize| match weights {
            true => f64::from(u8::from(at / n == at % n)),
            false => at as f64 + 1.0,
        };
        data.iter_mut().enumerate().for_each(|(at, number)| *number = value(at));
    }
    let found: Vec<f32> = interp::run(&program, &given).0[0].iter().map(|&v| v as f32).collect();
    assert_eq!(found, wanted, "{layer}");
    for engine in engines() {
        let mut executable = load(engine.as_ref(), &program, &given);
        executable.run().expect("runs");
        assert_eq!(executable.output(0).expect("logits"), wanted, "{layer}");
    }
}

/// Parts of a value's channels, one of which is computed from the other: forward, backward, and which
/// they are.
#[test]
fn parts_of_the_channels() {
    let text = "
        unit u(width) {
            one = slice_channels(0, 3)(x)
            rest = slice_channels(3)(x)
            F = bn -> relu -> conv(3x3, width - 3)
            gate = sigmoid(global_max_pool(x))
            y = x + gate * concat(tanh(one), F(one) * rest)
        }
        net n { input(3, 6, 5) -> conv(3x3, 8) -> u(8) * 2 -> slice_channels(1, 6) -> linear(5) }";
    let network = compile("slices", text, "");
    forward_and_backward("slices", &network);
    for check in gradcheck::check(&network, 2, 1) {
        assert!(check.relative_error() < 1e-3, "{check:?}");
    }
    channels(5, "slice_channels(1, 4)", &[2.0, 3.0, 4.0]);
    channels(5, "slice_channels(3)", &[4.0, 5.0]);
}

#[test]
fn inference() {
    for (spec, settings) in SPECS {
        let network = with(spec, settings);
        let program = lower::inference(&network, BATCH);
        let inputs = inputs(&network, &program, 3);
        let (want, _) = interp::run(&program, &inputs);
        for engine in engines() {
            let mut executable = load(engine.as_ref(), &program, &inputs);
            executable.run().expect("runs");
            let error = distance(&executable.output(0).expect("logits"), &want[0]);
            assert!(error < LOGITS, "{spec} on {:?}: {error:.1e}", engine.device());
        }
    }
}

/// The interpreter's own gradients, against finite differences in f64.
#[test]
fn gradients_of_every_spec() {
    std::thread::scope(|scope| {
        for (spec, settings) in SPECS {
            scope.spawn(move || {
                // A ReLU that changes sides between the two losses costs 1e-3 and more; one draw
                // of a few is free of that. The checks of single operations are tighter.
                let network = with(spec, settings);
                let worst = |seed: u32| {
                    let checks = gradcheck::check(&network, 2, seed);
                    let error = |check: &gradcheck::Check| check.relative_error();
                    checks.into_iter().max_by(|a, b| error(a).total_cmp(&error(b)))
                };
                let draws = (1..=4).map(|seed| worst(seed).expect("there are parameters"));
                let mut seen = Vec::new();
                for draw in draws {
                    if draw.relative_error() < 1e-3 {
                        return;
                    }
                    seen.push(draw);
                }
                panic!("{spec}: {seen:?}");
            });
        }
    });
}

/// A bias before BN has no gradient at all, and what the difference of two losses shows of it is
/// their rounding; a gradient that there is shows far above that.
#[test]
fn gradients_that_are_zero_are_not_wrong() {
    let text = "
        net g(classes = 3) {
            input(1, 8, 8) -> linear(16) -> bn -> relu -> linear(16) -> bn -> relu
            -> linear(16) -> bn -> relu -> linear(classes)
        }";
    let checks = gradcheck::check(&compile("bias", text, ""), 2, 1);
    let of = |name: &str| checks.iter().find(|check| check.name.ends_with(name)).expect("a check");
    let biases = ["linear1.bias", "linear2.bias", "linear3.bias"].map(of);
    assert!(biases.iter().all(|bias| bias.adjoint.abs() < 1e-12), "{biases:?}");
    assert!(biases.iter().any(|bias| bias.difference != 0.0), "{biases:?}");
    let largest = checks.iter().map(|check| check.adjoint.abs()).fold(0.0, f64::max);
    for check in &checks {
        assert!(check.relative_error() < 1e-3 && check.rounding < 1e-6 * largest, "{check:?}");
    }
    let weight = of("linear4.weight");
    let doubled = gradcheck::Check { adjoint: 2.0 * weight.adjoint, ..weight.clone() };
    assert!((doubled.relative_error() - 0.5).abs() < 1e-3, "{doubled:?}");
}

/// Rounding is that of the parameters: a seed moved in its last bits would draw other numbers.
#[test]
fn what_draws_numbers_has_no_larger_rounding() {
    let text = "
        net g(classes = 3) {
            input(1, 8, 8) -> linear(16) -> dropout(0.5) -> relu -> linear(classes)
        }";
    for check in gradcheck::check(&compile("dropout", text, ""), 2, 1) {
        assert!(check.relative_error() < 1e-3 && check.rounding < 1e-6, "{check:?}");
    }
}

/// A unit that no paper drew: three branches, a gate on a gate, squeeze-and-excitation from
/// primitives, one shared convolution; and dropped paths.
const OWN: &str = "
unit squeeze(width, ratio = 4) {
    s = (global_avg_pool -> linear(width / ratio) -> relu -> linear(width) -> sigmoid)(x)
    y = s * x
}

unit own(width, stride = 1) {
    a = (bn -> relu)(x)
    shared = conv(3x3, width, padding: 1)
    one = conv(1x1, width, stride: stride)
    three = conv(3x3, width, stride: stride) -> bn -> relu -> shared
    five = conv(5x5, width, stride: stride) -> bn -> tanh -> shared -> squeeze(width)
    outer = conv(1x1, width, stride: stride, bias: -1) -> sigmoid
    inner = conv(3x3, width, stride: stride, bias: 1) -> sigmoid
    h = shortcut(width, stride: stride)
    F = inner(a) * three(a) + (1 - inner(a)) * five(a)
    y = h(x) + outer(x) * F - 0.5 * drop_path(0.25 * index / count)(one(a)) / 3
    f = max_pool(3, stride: 1, padding: 1)
}

net own_net(classes = 5) {
    input(3, 9, 7) -> conv(3x3, 8) -> own(8) -> own(12, stride: 2) -> avg_pool(2)
    -> linear(classes)
}
";

#[test]
fn a_unit_that_no_paper_drew() {
    let network = compile("own", OWN, "");
    forward_and_backward("own", &network);
    for check in gradcheck::check(&network, 2, 1) {
        assert!(check.relative_error() < 1e-3, "{check:?}");
    }
}

/// Windows that the graph's operations do not have, and what stands around pictures.
const WINDOWS: &str = "
unit windows(width) {
    dilated = conv(3x3, width, dilation: 2) -> bn -> relu -> conv(3x1, width, dilation: 2x1)
    strided = pad_pixels(1, 0, 2, 1) -> conv(3x3, width, stride: 2x1, padding: 0x1)
        -> avg_pool(1x4, stride: 1, padding: 0) -> conv(1x1, width, stride: 1x2)
    even = conv(2x2, width, padding: same) -> max_pool(3x2, stride: 1, padding: same)
    F = strided -> avg_pool(3, stride: 2, padding: 1, ceil: true, count_padding: false)
    y = x + dilated(x) + even(x) + global_avg_pool(F(x))
}

net windows_net(classes = 5) {
    input(3, 9, 8) -> conv(3x3, 8) -> windows(8) -> max_pool(2, ceil: true)
    -> avg_pool(3, stride: 2, padding: 1, ceil: true) -> linear(classes)
}
";

#[test]
fn windows_of_every_kind() {
    let network = compile("windows", WINDOWS, "");
    forward_and_backward("windows", &network);
    for check in gradcheck::check(&network, 2, 1) {
        assert!(check.relative_error() < 1e-3, "{check:?}");
    }
}

/// Depthwise kernels of constants.
#[test]
fn larger_and_blurred_pictures() {
    let text = "
        unit u(width) {
            inner = avg_pool(2) -> conv(3x3, width) -> bn -> relu -> upsample(2, kind: bilinear)
            other = blur_pool(2) -> conv(3x3, width) -> upsample(2)
            y = x + inner(x) + other(x)
        }
        net n { input(3, 8, 6) -> conv(3x3, 5) -> u(5) -> blur_pool(1, size: 2) -> linear(5) }";
    let network = compile("resized", text, "");
    forward_and_backward("resized", &network);
    for check in gradcheck::check(&network, 2, 1) {
        assert!(check.relative_error() < 1e-3, "{check:?}");
    }
}

/// Two branches of which one waits for batch statistics and the other does not.
#[test]
fn branches_of_different_phases() {
    let text = "
        unit u(width) {
            p = conv(1x1, width) -> bn -> relu -> conv(1x1, width)
            q = conv(1x1, width) -> tanh -> conv(1x1, width)
            y = p(x) + q(x)
        }
        net n { input(3, 8, 8) -> conv(1x1, 8) -> u(8) -> global_avg_pool -> linear(5) }";
    forward_and_backward("branches", &compile("branches", text, ""));
}
