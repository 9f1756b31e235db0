//! A NaN that goes in comes out, on every engine, so that a run that diverges shows it.

use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::cpu::simd::Isa;
use rnetc::engine::wgpu::Style;
use rnetc::engine::{Engine, Precision};
use rnetc::graph::autodiff::gradient;
use rnetc::graph::builder::Builder;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{
    Axes, Binary, ConvGeometry, InputId, NodeId, Output, PoolGeometry, PoolKind, Program,
    ReduceKind, Role, Shape, Type, Unary,
};
use rnetc::nn::activation;
use rnetc::train::TrainError;
use rnetc::train::init::initial;
use rnetc::train::schedule::StepPlan;
use rnetc::train::tensors::Values;
use rnetc::train::trainer::Session;

use crate::compare::numbers;
use crate::half::half;
use crate::runs::{Leaving, session};
use crate::support::gpu;

/// NaNs of both signs, one that signals, and one that rounding would carry over.
const NANS: [u32; 4] = [0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xffff_ffff];

/// Every engine in every precision and with every instruction set that this machine has.
fn engines() -> Vec<(String, Box<dyn Engine>)> {
    let mut engines: Vec<(String, Box<dyn Engine>)> = Vec::new();
    for isa in Isa::available() {
        for precision in [Precision::F32, Precision::Bf16x3, Precision::Bf16] {
            let engine = CpuEngine::on(isa, Some(1), precision).expect("the machine has it");
            engines.push((format!("{isa:?} in {precision}"), Box::new(engine)));
        }
    }
    // In this order, since a thread's devices are dropped in the order in which they were opened.
    for (precision, engine) in [("f16", half()), ("f32", gpu())] {
        for style in [Style::Staged, Style::Sliding] {
            let engine = engine.clone().map(|engine| Box::new(engine.with_style(style)));
            engines.extend(engine.map(|e| (format!("wgpu, {style:?} in {precision}"), e as _)));
        }
    }
    engines
}

/// What an engine may do beside keeping every NaN.
#[derive(Clone, Copy, PartialEq)]
enum Others {
    /// Nothing else becomes one.
    Stay,
    /// Products with zeros around a picture, and transforms of tiles, may become one.
    May,
}

/// Runs a program on numbers of which some are NaNs, and looks for each that the interpreter has.
fn check(name: &str, b: Builder, outputs: &[NodeId], others: Others) {
    let outputs = Output::quantities(outputs.iter().copied());
    let program = Program { graph: b.finish(), outputs, updates: Vec::new(), batch: 2 };
    let mut data = Vec::new();
    for (at, input) in program.graph.inputs.iter().enumerate() {
        let mut values = numbers(at as u32, input.ty.shape.len(), 2.0);
        if input.role == Role::Images {
            // Not in all channels, nor in all windows.
            let apart = (values.len() / 6).max(36) | 1;
            let bad = values.iter_mut().skip(4).step_by(apart).zip(NANS.iter().cycle());
            bad.for_each(|(value, bits)| *value = f32::from_bits(*bits));
        }
        data.push(values);
    }
    let doubles = |values: &Vec<f32>| values.iter().map(|&v| f64::from(v)).collect();
    let inputs: Inputs =
        data.iter().enumerate().map(|(at, v)| (InputId(at as u32), doubles(v))).collect();
    let (wanted, _) = interp::run(&program, &inputs);
    for (on, engine) in engines() {
        let mut executable = engine.compile(&program).expect("compiles");
        for (at, values) in data.iter().enumerate() {
            executable.write(InputId(at as u32), values).expect("the input fits");
        }
        executable.run().expect("runs");
        for (index, wanted) in wanted.iter().enumerate() {
            let have = executable.output(index).expect("an output");
            let there = wanted.iter().filter(|v| v.is_nan()).count();
            assert!(there > 0 && there < wanted.len(), "{name}, {index}: {there} are NaN");
            for (at, (have, want)) in have.iter().zip(wanted).enumerate() {
                let fits = match others {
                    Others::Stay => have.is_nan() == want.is_nan(),
                    Others::May => have.is_nan() || !want.is_nan(),
                };
                assert!(fits, "{name} on {on}, output {index}, {at}: {have} for {want}");
            }
        }
    }
}

fn images(b: &mut Builder, shape: [usize; 4]) -> NodeId {
    b.input("images", Role::Images, Type { shape: Shape(shape), batched: true })
}

fn parameter(b: &mut Builder, shape: [usize; 4]) -> NodeId {
    b.input("weight", Role::Parameter, Type { shape: Shape(shape), batched: false })
}

/// Channels one by one, in fours, and in vectors of sixteen.
const CHANNELS: [usize; 3] = [3, 4, 16];

#[test]
fn pointwise() {
    for channels in CHANNELS {
        let mut b = Builder::new();
        let x = images(&mut b, [2, 5, 4, channels]);
        let weight = parameter(&mut b, [1, 1, 1, channels]);
        let relu = b.unary(Unary::Relu, x);
        // The slope of a NaN is that of a positive number; the gradient that comes back is one.
        let shifted = b.mul(x, weight);
        let slope = b.unary(Unary::Relu, shifted);
        let squared = b.mul(slope, slope);
        let all = b.reduce(ReduceKind::Sum, Axes::ALL, squared);
        let back = gradient(&mut b, all, &[x])[0];
        let mut outputs = vec![
            relu,
            b.binary(Binary::Max, x, weight),
            b.binary(Binary::Max, weight, x),
            b.reduce(ReduceKind::Max, Axes::CHANNELS, x),
            b.reduce(ReduceKind::Max, Axes::SPACE, x),
            back,
        ];
        let functions = [
            activation::gelu,
            activation::gelu_tanh,
            activation::silu,
            activation::softplus,
            activation::hard_swish,
            activation::hard_sigmoid,
            activation::relu6,
            activation::abs,
        ];
        outputs.extend(functions.map(|function| function(&mut b, x)));
        outputs.push(activation::leaky_relu(&mut b, x, 0.1));
        outputs.push(activation::elu(&mut b, x, 1.0));
        check(&format!("{channels} channels"), b, &outputs, Others::Stay);
    }
}

#[test]
fn pooling() {
    for channels in CHANNELS {
        for (window, stride, padding) in [(2, 2, 0), (3, 2, 1), (3, 1, 1)] {
            let kind = PoolKind::Max;
            let geometry = PoolGeometry::square(kind, [7, 8], [window, stride, padding]);
            let mut b = Builder::new();
            let x = images(&mut b, [2, 7, 8, channels]);
            // What a window of a NaN hands back goes to the first one in it.
            let y = b.pool(geometry, x);
            let back = b.pool_dx(geometry, x, y);
            let name = format!("window {window}/{stride}+{padding}, {channels} channels");
            check(&name, b, &[y, back], Others::Stay);
        }
    }
}

#[test]
fn before_and_after_convolutions() {
    for channels in CHANNELS {
        for kernel in [1, 3] {
            let padding = [kernel / 2; 2];
            let geometry = ConvGeometry {
                input: [8, 8],
                kernel: [kernel; 2],
                stride: 1,
                padding,
                ..ConvGeometry::POINT
            };
            let mut b = Builder::new();
            let x = images(&mut b, [2, 8, 8, channels]);
            let weight = parameter(&mut b, [kernel, kernel, channels, 16]);
            let scale = parameter(&mut b, [1, 1, 1, 16]);
            let clipped = b.unary(Unary::Relu, x);
            let summed = b.conv(geometry, clipped, weight);
            let scaled = b.mul(summed, scale);
            let after = b.unary(Unary::Relu, scaled);
            let outputs = [summed, after];
            check(&format!("{kernel}×{kernel}, {channels}"), b, &outputs, Others::May);
        }
    }
}

/// The loss shows it at once where a weight is none, and soon where the rate is far too high.
#[test]
fn a_run_that_diverges_ends_on_every_engine() {
    let half = half().map(|engine| (Box::new(engine) as Box<dyn Engine>, Precision::F16));
    let plain = engines().into_iter().map(|(_, engine)| (engine, Precision::F32));
    for (engine, precision) in half.into_iter().chain(plain) {
        let on = engine.device();
        let run = |bad: &dyn Fn(&mut Session, &mut Values)| {
            let folder = tempfile::tempdir().expect("a folder");
            let mut session = session(engine.as_ref(), precision, folder.path());
            let mut values = initial(&session.tensors, 0);
            bad(&mut session, &mut values);
            let end = session.run(&values, 0, &mut Leaving::after(99));
            let saved = session.folder.expect("a folder").checkpoints().expect("a list");
            assert!(saved.is_empty(), "{on:?}: {saved:?}");
            end.expect_err("it diverges")
        };
        let error = run(&|_, values| {
            let weights = values.iter_mut().find(|(name, _)| name.ends_with("conv.weight"));
            weights.expect("the convolution").1[3] = f32::NAN;
        });
        assert!(matches!(error, TrainError::NonFinite { step: 1, .. }), "{on:?}: {error}");
        // In half precision such steps are left out.
        if precision == Precision::F32 {
            let error = run(&|session, _| {
                let mut recipe = session.config.recipe.clone();
                (recipe.schedule.lr, recipe.schedule.warmup) = (1e30, None);
                session.plan = StepPlan::new(&recipe, session.config.length, 6);
            });
            assert!(matches!(error, TrainError::NonFinite { .. }), "{on:?}: {error}");
        }
    }
}
