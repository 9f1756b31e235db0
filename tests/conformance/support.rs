//! Networks, inputs, engines and distances.

use std::cell::OnceCell;

use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::wgpu::{DeviceLimits, Options, WgpuEngine};
use rnetc::engine::{Engine, Executable, Precision};
use rnetc::gradcheck;
use rnetc::graph::{InputId, Op, Output, Program, Unary, interp};
use rnetc::network::Network;
use rnetc::sema;
use rnetc::source::Source;

/// Settings of a spec, `name=value` with spaces between.
type Settings = &'static str;

/// The specs on full pictures, each with its smallest depth.
pub const SPECS: [(&str, Settings); 6] = [
    ("original", "depth=8"),
    ("preact", "depth=8"),
    ("bottleneck_original", "depth=11"),
    ("bottleneck_preact", "depth=11"),
    ("plain", "depth=8"),
    ("exclusive_gate", "depth=8"),
];

/// All other specs and variants, on pictures of 8×8 that the slow interpreter has done soon.
pub const SMALL: [(&str, Settings); 55] = [
    ("preact", "depth=8 shared=0 kind=project"),
    ("original", "depth=8 kind=project"),
    ("constant_scaling", "depth=8"),
    ("shortcut_gate", "depth=8"),
    ("conv_shortcut", "depth=8"),
    ("dropout_shortcut", "depth=8"),
    ("dropout_shortcut", "depth=8 inverted=false"),
    ("bn_after_addition", "depth=8"),
    ("relu_before_addition", "depth=8"),
    ("relu_only_preact", "depth=8"),
    ("stochastic_depth", "depth=8"),
    ("stochastic_depth", "depth=8 average=0"),
    ("one_layer", "depth=8"),
    ("one_layer_preact", "depth=8"),
    ("bottleneck_original", "depth=11 first=1"),
    ("bottleneck_preact", "depth=11 first=1"),
    ("bottleneck_constant_scaling", "depth=11"),
    ("bottleneck_exclusive_gate", "depth=11"),
    ("bottleneck_shortcut_gate", "depth=11"),
    ("bottleneck_conv_shortcut", "depth=11"),
    ("bottleneck_dropout_shortcut", "depth=11"),
    ("bottleneck_bn_after_addition", "depth=11"),
    ("bottleneck_relu_before_addition", "depth=11"),
    ("bottleneck_relu_only_preact", "depth=11"),
    ("highway", "depth=6"),
    ("original", "depth=8 front=1"),
    ("wide", "depth=10 widen=2 width=4 drop=0.3"),
    ("preact_resnet18", "width=4 last=1"),
    ("resnet18", "cifar=1 pixels=16 width=4"),
    ("resnet9", "width=2"),
    ("airbench94", "width=2"),
    ("airbench96", "width=2"),
    ("rezero", "depth=8"),
    ("fixup", "depth=8"),
    ("resnext29", "depth=11 groups=4 base=4 width=4"),
    ("mobilenetv2", "pixels=16 width=0.125 last=16"),
    ("densenet_bc", "depth=16 growth=4"),
    ("fractal", "width=2 path=0.5 drop=0.2"),
    ("pyramid", "depth=14 alpha=10"),
    ("revnet", "depth=26 width=8 last=24"),
    ("se_preact", "width=4 reduction=2"),
    ("shake_shake", "depth=14 width=4"),
    ("shakedrop", "depth=14 widen=10"),
    ("shakedrop", "depth=20 widen=10 level=batch bottleneck=1"),
    ("cbam", "cifar=1 pixels=16 width=4 reduction=2"),
    // Five poolings need 32×32, and narrow layers; with two channels, f32 on AVX-512 is off by 1.1e-4.
    ("vgg", "width=3"),
    ("vgg_lesion", "depth=10 width=4"),
    // 224×224 takes the interpreter minutes. With 64×64, the last stage has 2×2 pixels: BN over
    // three single ones would blow up rounding.
    ("imagenet_original", "depth=26 second=1 pixels=64 width=4 classes=10"),
    ("imagenet_original", "depth=26 second=1 pixels=64 width=4 classes=10 first=2"),
    ("imagenet_original", "depth=26 second=1 pixels=64 width=4 classes=10 inner=2"),
    ("imagenet_preact", "depth=26 second=1 pixels=64 width=4 classes=10"),
    ("imagenet_preact", "depth=26 second=1 pixels=64 width=4 classes=10 early=0"),
    ("resnet18", "pixels=64 width=4 classes=10"),
    ("resnet_gn", "depth=26 second=1 pixels=64 width=4 groups=2 classes=10"),
    ("resnet_d", "depth=26 second=1 pixels=64 width=4 classes=10"),
];

/// A spec's network.
pub fn network(spec: &str, depth: usize) -> Network {
    with(spec, &format!("depth={depth}"))
}

/// A spec's network under settings.
pub fn with(spec: &str, settings: &str) -> Network {
    compile(spec, &text(spec), settings)
}

/// The same on pictures of 8×8, but for nets that need larger ones.
pub fn small(spec: &str, settings: &str) -> Network {
    // Where the picture is halved more often, BN over three single pixels would blow up rounding.
    let side = match spec {
        "airbench94" | "airbench96" | "vgg" | "vgg_lesion" | "resnet9" | "fractal" => 32,
        "preact_resnet18" | "se_preact" => 16,
        _ => 8,
    };
    let shrunk = text(spec).replace("input(3, 32, 32)", &format!("input(3, {side}, {side})"));
    compile(spec, &shrunk, settings)
}

fn text(spec: &str) -> String {
    let path = format!("{}/specs/{spec}.rnet", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).expect("the spec is there")
}

/// Compiles a text.
pub fn compile(name: &str, text: &str, settings: &str) -> Network {
    let pairs = settings.split_whitespace().filter_map(|pair| pair.split_once('='));
    let settings: Vec<_> = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let compiled = sema::compile(&Source::new(name, text), &settings);
    compiled.unwrap_or_else(|errors| panic!("{name}: {errors:#?}")).network
}

/// Both engines; the GPU engine only where there is an adapter, unless one is required.
pub fn engines() -> Vec<Box<dyn Engine>> {
    std::iter::once(cpu()).chain(wgpu()).collect()
}

/// The CPU engine.
pub fn cpu() -> Box<dyn Engine> {
    Box::new(CpuEngine::new(Some(2), Precision::F32).expect("every machine has a CPU"))
}

/// The GPU engine, or a visible line that it is skipped. With `RNETC_REQUIRE_WGPU=1` its absence
/// is a failure.
pub fn gpu() -> Option<WgpuEngine> {
    // Each test has a device of its own: a software driver compiles in one thread of each.
    thread_local!(static ENGINE: OnceCell<Option<WgpuEngine>> = const { OnceCell::new() });
    ENGINE.with(|engine| engine.get_or_init(opened).clone())
}

/// The same with a device of its own.
pub fn opened() -> Option<WgpuEngine> {
    // So that wgpu itself watches over WebGPU's default limits in every test.
    let options = Options { limits: DeviceLimits::WebGpuDefault, ..Options::default() };
    match WgpuEngine::open(&options) {
        Ok(engine) => Some(engine),
        Err(error) => {
            assert!(std::env::var("RNETC_REQUIRE_WGPU").as_deref() != Ok("1"), "{error}");
            // Past the test harness's capture, so that it is seen in every run.
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr().lock(), "skipped: no wgpu adapter ({error})");
            None
        }
    }
}

/// The same as one of several engines.
pub fn wgpu() -> Option<Box<dyn Engine>> {
    gpu().map(|engine| Box::new(engine) as Box<dyn Engine>)
}

/// Random inputs, rounded to f32 so that engine and interpreter start from the same numbers.
pub fn inputs(network: &Network, program: &Program, seed: u32) -> interp::Inputs {
    let mut inputs = gradcheck::random_inputs(network, program, seed);
    inputs.values_mut().flatten().for_each(|v| *v = f64::from(*v as f32));
    inputs
}

/// The one of a few draws in which ReLU arguments stay farthest from zero: one that f32 rounding
/// moves to the other side costs a gradient 1e-3, which would hide a mistake.
pub fn calm_inputs(network: &Network, program: &Program) -> interp::Inputs {
    (1..=6)
        .map(|seed| inputs(network, program, seed))
        .max_by(|a, b| margin(program, a).total_cmp(&margin(program, b)))
        .expect("there are six")
}

/// Smallest distance from zero of what a ReLU or a step reads, where the gradient of a maximum is one of
/// its difference. Zeros themselves are padding, came out of another ReLU, or are a maximum's own, in
/// every engine.
pub fn margin(program: &Program, inputs: &interp::Inputs) -> f64 {
    let graph = &program.graph;
    let kinks = [Unary::Relu, Unary::Step].map(Op::Unary);
    let kinks = graph.nodes.iter().filter(|n| kinks.contains(&n.op));
    let outputs = Output::quantities(kinks.map(|n| n.args[0]));
    let forward = Program { outputs, updates: Vec::new(), ..program.clone() };
    let (arguments, _) =
        interp::run(&rnetc::passes::run(rnetc::passes::Mode::Training, &forward), inputs);
    let sizes = arguments.iter().flatten().map(|v| v.abs()).filter(|&v| v > 0.0);
    sizes.fold(f64::INFINITY, f64::min)
}

/// Compiles a program and sets every input that it reads.
pub fn load(
    engine: &dyn Engine,
    program: &Program,
    inputs: &interp::Inputs,
) -> Box<dyn Executable> {
    let mut executable = engine.compile(program).expect("compiles");
    // All of them, as a run does, whether the program reads them or not.
    for at in 0..program.graph.inputs.len() {
        let input = InputId(at as u32);
        let values: Vec<f32> = inputs[&input].iter().map(|&v| v as f32).collect();
        executable.write(input, &values).expect("the input fits");
    }
    executable
}

/// ‖have − want‖ / ‖want‖.
pub fn distance(have: &[f32], want: &[f64]) -> f64 {
    assert_eq!(have.len(), want.len());
    let squares = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        have.iter().zip(want).map(|(&h, &w)| f(f64::from(h), w).powi(2)).sum()
    };
    (squares(&|h, w| h - w) / squares(&|_, w| w).max(1e-30)).sqrt()
}
