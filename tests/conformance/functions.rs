//! Functions of elements in nets that are trained, and far from zero.

use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::{Engine, Precision};
use rnetc::graph::autodiff::gradient;
use rnetc::graph::builder::Builder;
use rnetc::graph::{
    Axes, ConvGeometry, InputId, NodeId, Output, Program, ReduceKind, Role, Shape, Type, Unary,
};
use rnetc::lower;
use rnetc::nn::optimiser::Sgd;
use rnetc::nn::{activation, channels};

use super::compare::agrees;
use super::half::half;
use super::support::{compile, gpu};

/// Each between two convolutions, trained for some steps.
#[test]
fn each_is_trained() {
    for function in [
        "gelu",
        "gelu(approximate: true)",
        "silu",
        "leaky_relu(slope: 0.2)",
        "elu(alpha: 1.5)",
        "softplus",
        "hard_swish",
        "hard_sigmoid",
        "relu6",
        "tanh -> exp",
        "softplus -> sqrt",
        "abs",
        "softplus -> log",
        "tanh -> square",
    ] {
        let text = format!(
            "net n {{ input(3, 6, 5) -> conv(3x3, 16) -> bn -> {function} -> conv(3x3, 5) -> {function}
             -> global_avg_pool -> linear(3) }}"
        );
        let program = lower::training(&compile(function, &text, ""), 4, &Sgd::PAPER);
        agrees(function, &program, 1e-4);
    }
}

/// Joined channels, maxima of two values and maps of all channels, over pictures of several tiles.
#[test]
fn several_values_are_trained() {
    for (name, y) in [
        ("joined", "concat(x, F(x), 0.5 * x)"),
        ("joined before a convolution", "x + conv(1x1, 8)(relu(concat(F(x), x)))"),
        ("larger", "max(x, F(x))"),
        ("smaller", "min(F(x), x, 1) + max(x, 0)"),
        ("map of maxima", "x * sigmoid(channel_max(F(x)))"),
        (
            "maxima of what is computed again where it is read",
            "x + channel_max(bn(F(x))) + global_max_pool(tanh(bn(F(x))))",
        ),
        ("map of means", "x * sigmoid(channel_mean(F(x))) + F(x)"),
        ("both maps", "x * (conv(7x7, 1) -> sigmoid)(concat(channel_mean(x), channel_max(F(x))))"),
    ] {
        for pictures in ["3, 20, 20", "3, 7, 5"] {
            let text = format!(
                "// allow W0001 W0002 W0003: any y
                 unit u(width) {{ F = bn -> relu -> conv(3x3, width) y = {y} }}
                 net n {{ input({pictures}) -> conv(3x3, 8) -> u(8) -> bn -> relu
                 -> global_avg_pool -> linear(3) }}"
            );
            let program = lower::training(&compile(name, &text, ""), 2, &Sgd::PAPER);
            // Sums over two thousand pixels whose terms cancel.
            agrees(&format!("{name}, {pictures}"), &program, 1e-3);
        }
    }
}

/// Whatever rounding makes of the elements, one of them is the maximum, or several share: together they have
/// the whole gradient, two times the sum for each maximum.
#[test]
fn maxima_lose_no_gradient_in_any_precision() {
    let precisions = [Precision::F32, Precision::Bf16x3, Precision::Bf16];
    let on_cpu = |precision| CpuEngine::new(Some(1), precision).expect("every machine has a CPU");
    let mut engines: Vec<Box<dyn Engine>> = Vec::new();
    engines.extend(precisions.map(|precision| Box::new(on_cpu(precision)) as Box<dyn Engine>));
    let gpus = gpu().into_iter().chain(half());
    engines.extend(gpus.map(|engine| Box::new(engine) as Box<dyn Engine>));
    let maxima = [channels::channel_max, channels::global_max];
    for (maximum, is_written) in maxima.into_iter().flat_map(|max| [(max, false), (max, true)]) {
        let mut b = Builder::new();
        let ty = |shape, batched| Type { shape: Shape(shape), batched };
        let x = b.input("images", Role::Images, ty([3, 6, 5, 8], true));
        let factors = b.input("factors", Role::Parameter, ty([1, 1, 1, 8], false));
        let more = b.input("more", Role::Parameter, ty([1, 1, 1, 1], false));
        let scaled = b.mul(x, factors);
        let computed_again = b.add(scaled, more);
        let geometry = ConvGeometry { input: [6, 5], ..ConvGeometry::POINT };
        let weights = b.input("weights", Role::Parameter, ty([1, 1, 8, 8], false));
        let written = b.conv(geometry, computed_again, weights);
        let of = if is_written { written } else { computed_again };
        let largest = maximum(&mut b, of);
        let count = b.ty(largest).shape.len() as f32;
        let sum = b.reduce(ReduceKind::Sum, Axes::ALL, largest);
        let square = b.mul(sum, sum);
        let gradient = gradient(&mut b, square, &[of])[0];
        let gradient = b.reduce(ReduceKind::Sum, Axes::ALL, gradient);
        let outputs = Output::quantities([gradient, sum]);
        let program = Program { graph: b.finish(), outputs, updates: Vec::new(), batch: 3 };
        for engine in &engines {
            let mut executable = engine.compile(&program).expect("compiles");
            for (at, input) in program.graph.inputs.iter().enumerate() {
                let waves = (0..input.ty.shape.len()).map(|i| (1.7 * i as f32 + 0.4).sin() + 0.3);
                executable.write(InputId(at as u32), &waves.collect::<Vec<_>>()).expect("it fits");
            }
            executable.run().expect("runs");
            let [gradient, sum] = [0, 1].map(|at| executable.output(at).expect("an output")[0]);
            let share = gradient / (2.0 * sum * count);
            // A maximum that is lost is 1/count; rounding, of sums of `count` numbers in f16 at worst, is less.
            assert!((share - 1.0).abs() < 0.5 / count, "{:?}: {share} of it", engine.device());
        }
    }
}

/// f32 rounding of a few operations on numbers up to 100.
const TOLERANCE: f64 = 1e-6;

#[test]
fn far_out_and_near_zero() {
    let functions: [fn(&mut Builder, NodeId) -> NodeId; 7] = [
        activation::gelu,
        activation::gelu_tanh,
        activation::silu,
        activation::softplus,
        activation::hard_swish,
        activation::hard_sigmoid,
        |b, x| activation::leaky_relu(b, x, 0.1),
    ];
    for channels in [3, 4, 16] {
        let mut b = Builder::new();
        let shape = Shape([2, 4, 4, channels]);
        let x = b.input("images", Role::Images, Type { shape, batched: true });
        let mut outputs = Vec::new();
        for factor in [50.0, 1.0, 1e-3] {
            let scaled = b.scale(x, factor);
            outputs.extend(functions.map(|function| function(&mut b, scaled)));
            if factor >= 1.0 {
                // Near 0, eˣ − 1 has the rounding of 1.
                outputs.push(activation::elu(&mut b, scaled, 1.0));
            }
            // The error function's own ends are those of an f32.
            outputs.push(b.unary(Unary::Erf, scaled));
        }
        let outputs = Output::quantities(outputs);
        let program = Program { graph: b.finish(), outputs, updates: Vec::new(), batch: 2 };
        agrees(&format!("{channels} channels"), &program, TOLERANCE);
    }
}
