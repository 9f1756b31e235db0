//! Layers one by one: values and gradients.

use std::collections::HashMap;

use rnetc::graph::PoolKind;
use rnetc::graph::autodiff::gradient;
use rnetc::graph::builder::Builder;
use rnetc::graph::interp;
use rnetc::graph::{
    Axes, ConvGeometry, NodeId, Output, PoolGeometry, Program, ReduceKind, Role, Shape, Type, Unary,
};
use rnetc::network::Layer as NetworkLayer;
use rnetc::nn::affine::Affine;
use rnetc::nn::{activation, batch_norm, channels, image_norm, loss};
use rnetc::source::Source;
use rnetc::{lower, sema};

use crate::support::compare::close;
use crate::support::golden::{Golden, inputs};

/// The same formulas in f64; only the order of short sums differs.
const TOLERANCE: f64 = 1e-12;

/// A layer under test: named outputs, and the gradient of Σ g·y for named inputs.
struct Layer {
    b: Builder,
    outputs: Vec<(String, NodeId)>,
    values: Vec<(String, Vec<f64>)>,
}

impl Layer {
    fn new() -> Self {
        Self { b: Builder::new(), outputs: Vec::new(), values: Vec::new() }
    }

    fn input(&mut self, name: &str, ty: Type, value: Vec<f64>) -> NodeId {
        self.values.push((name.into(), value));
        self.b.input(name, Role::Parameter, ty)
    }

    /// An N×C×H×W golden.
    fn pictures(&mut self, golden: &Golden, name: &str) -> NodeId {
        let tensor = golden.get(name);
        let [n, c, h, w] = tensor.shape[..] else { panic!("{name} has four axes") };
        let ty = Type { shape: Shape([n, h, w, c]), batched: true };
        self.input(name, ty, tensor.pictures())
    }

    fn vector(&mut self, golden: &Golden, name: &str) -> NodeId {
        let data = golden.get(name).data.clone();
        let ty = Type { shape: Shape::channels(data.len()), batched: false };
        self.input(name, ty, data)
    }

    fn output(&mut self, name: &str, node: NodeId) {
        self.outputs.push((name.into(), node));
    }

    fn pull_back(&mut self, y: NodeId, g: NodeId, wrt: &[(&str, NodeId)]) {
        let product = self.b.mul(y, g);
        let sum = self.b.reduce(ReduceKind::Sum, Axes::ALL, product);
        let nodes: Vec<NodeId> = wrt.iter().map(|w| w.1).collect();
        for (node, (name, _)) in gradient(&mut self.b, sum, &nodes).into_iter().zip(wrt) {
            self.output(name, node);
        }
    }

    /// The outputs, by name.
    fn run(self) -> HashMap<String, Vec<f64>> {
        let (names, nodes): (Vec<_>, Vec<_>) = self.outputs.into_iter().unzip();
        let outputs = Output::quantities(nodes);
        let program = Program { graph: self.b.finish(), outputs, updates: Vec::new(), batch: 1 };
        let given = inputs(&program, self.values).expect("inputs fit");
        names.into_iter().zip(interp::run(&program, &given).0).collect()
    }

    /// Compares every output with the golden of its name.
    fn check(self, golden: &Golden) {
        for (name, value) in self.run() {
            let tensor = golden.get(&name);
            let batched = tensor.shape.len() == 4 && !name.ends_with("dw");
            let want = if batched { tensor.pictures() } else { tensor.parameter() };
            assert_eq!(close(&name, &value, &want, TOLERANCE), Ok(()));
        }
    }
}

#[test]
fn convolutions() {
    let golden = Golden::ops();
    let mut cases = 0;
    while golden.names("conv.").contains(&format!("{cases}.x")) {
        let name = |what: &str| format!("conv.{cases}.{what}");
        let mut layer = Layer::new();
        let x = layer.pictures(&golden, &name("x"));
        let weight = golden.get(&name("w"));
        let [co, ci, kh, kw] = weight.shape[..] else { panic!("four axes") };
        let ty = Type { shape: Shape([kh, kw, ci, co]), batched: false };
        let w = layer.input("w", ty, weight.parameter());
        let numbers = &golden.get(&name("geometry")).data;
        let [_, h, wide, _] = layer.b.ty(x).shape.0;
        let geometry = ConvGeometry {
            input: [h, wide],
            kernel: [kh, kw],
            stride: numbers[0] as usize,
            padding: [numbers[1] as usize, numbers[2] as usize],
            ..ConvGeometry::POINT
        };
        let y = layer.b.conv(geometry, x, w);
        layer.output(&name("y"), y);
        let g = layer.pictures(&golden, &name("g"));
        layer.pull_back(y, g, &[(&name("dx"), x), (&name("dw"), w)]);
        layer.check(&golden);
        cases += 1;
    }
    assert!(cases >= 5, "{cases} cases");
}

#[test]
fn pools() {
    let golden = Golden::ops();
    let mut cases = 0;
    while golden.names("pool.").contains(&format!("{cases}.x")) {
        let name = |what: &str| format!("pool.{cases}.{what}");
        let mut layer = Layer::new();
        let x = layer.pictures(&golden, &name("x"));
        let numbers = &golden.get(&name("geometry")).data;
        let [_, h, w, _] = layer.b.ty(x).shape.0;
        let geometry = PoolGeometry::square(
            if numbers[0] == 1.0 { PoolKind::Max } else { PoolKind::Avg },
            [h, w],
            [1, 2, 3].map(|at| numbers[at] as usize),
        );
        let y = layer.b.pool(geometry, x);
        layer.output(&name("y"), y);
        let g = layer.pictures(&golden, &name("g"));
        layer.pull_back(y, g, &[(&name("dx"), x)]);
        layer.check(&golden);
        cases += 1;
    }
    assert!(cases >= 5, "{cases} cases");
}

#[test]
fn pointwise() {
    let golden = Golden::ops();
    for (name, op) in [("relu", Unary::Relu), ("sigmoid", Unary::Sigmoid), ("tanh", Unary::Tanh)] {
        let mut layer = Layer::new();
        let x = layer.pictures(&golden, &format!("{name}.x"));
        let y = layer.b.unary(op, x);
        layer.output(&format!("{name}.y"), y);
        let g = layer.pictures(&golden, &format!("{name}.g"));
        layer.pull_back(y, g, &[(&format!("{name}.dx"), x)]);
        layer.check(&golden);
    }
}

/// A function of elements as a spec writes it, and as a node.
type Function = (&'static str, fn(&mut Builder, NodeId) -> NodeId);

const CHANNELS: [Function; 2] =
    [("channel_max", channels::channel_max), ("channel_mean", channels::channel_mean)];

const FUNCTIONS: [Function; 16] = [
    ("gelu", activation::gelu),
    ("gelu(approximate: true)", activation::gelu_tanh),
    ("silu", activation::silu),
    ("leaky_relu", |b, x| activation::leaky_relu(b, x, 0.01)),
    ("leaky_relu(slope: 0.3)", |b, x| activation::leaky_relu(b, x, 0.3)),
    ("elu", |b, x| activation::elu(b, x, 1.0)),
    ("elu(alpha: 1.5)", |b, x| activation::elu(b, x, 1.5)),
    ("softplus", activation::softplus),
    ("hard_swish", activation::hard_swish),
    ("hard_sigmoid", activation::hard_sigmoid),
    ("relu6", activation::relu6),
    ("exp", |b, x| b.unary(Unary::Exp, x)),
    ("log", |b, x| b.unary(Unary::Log, x)),
    ("sqrt", |b, x| b.unary(Unary::Sqrt, x)),
    ("abs", activation::abs),
    ("square", |b, x| b.mul(x, x)),
];

#[test]
fn functions_of_elements() {
    let golden = Golden::functions();
    for (name, function) in FUNCTIONS.into_iter().chain(CHANNELS) {
        let mut layer = Layer::new();
        let x = layer.pictures(&golden, &format!("{name}.x"));
        let y = function(&mut layer.b, x);
        layer.output(&format!("{name}.y"), y);
        let g = layer.pictures(&golden, &format!("{name}.g"));
        layer.pull_back(y, g, &[(&format!("{name}.dx"), x)]);
        layer.check(&golden);
    }
}

/// What a spec writes is lowered to the same function.
#[test]
fn functions_of_elements_as_specs_write_them() {
    let golden = Golden::functions();
    for (name, _) in FUNCTIONS {
        let x = golden.get(&format!("{name}.x")).data.clone();
        let text = format!("net n {{ input({}, 1, 1) -> {name} }}", x.len());
        let network = sema::compile(&Source::new(name, text), &[]).expect("it compiles").network;
        let program = lower::inference(&network, 1);
        let given = inputs(&program, vec![("images".into(), x)]).expect("inputs fit");
        let y = &interp::run(&program, &given).0[0];
        let want = &golden.get(&format!("{name}.y")).data;
        assert_eq!(close(name, y, want, TOLERANCE), Ok(()));
    }
}

/// Where x has no bound the functions have their limits, and a NaN stays one.
#[test]
fn functions_of_elements_at_the_ends() {
    const INF: f64 = f64::INFINITY;
    let limits = |name: &str| match name.split('(').next().expect("a word") {
        "gelu" | "silu" | "hard_swish" | "softplus" | "exp" => [0.0, INF],
        "leaky_relu" => [-INF, INF],
        "elu" if name == "elu" => [-1.0, INF],
        "elu" => [-1.5, INF],
        "hard_sigmoid" => [0.0, 1.0],
        "relu6" => [0.0, 6.0],
        "log" | "sqrt" => [f64::NAN, INF],
        "abs" | "square" => [INF, INF],
        other => panic!("{other} has no row"),
    };
    for (name, function) in FUNCTIONS {
        let mut layer = Layer::new();
        let ends = vec![-INF, INF, f64::NAN];
        let ty = Type { shape: Shape::channels(3), batched: false };
        let x = layer.input("x", ty, ends);
        let y = function(&mut layer.b, x);
        layer.output("y", y);
        let [below, above, nan] = layer.run()["y"][..] else { panic!("three values") };
        for (have, want) in [below, above].into_iter().zip(limits(name)) {
            assert!(have == want || have.is_nan() && want.is_nan(), "{name}: {have} for {want}");
        }
        assert!(nan.is_nan(), "{name} of a NaN is {nan}");
    }
}

#[test]
fn batch_norms() {
    let golden = Golden::ops();
    let mut layer = Layer::new();
    let x = layer.pictures(&golden, "bn.x");
    let [scale, shift] =
        ["weight", "bias"].map(|p| layer.vector(&golden, &format!("bn.before.{p}")));
    let p = batch_norm::Parameters {
        affine: Affine { scale: Some(scale), shift: Some(shift) },
        mean: layer.vector(&golden, "bn.before.running_mean"),
        variance: layer.vector(&golden, "bn.before.running_var"),
        epsilon: NetworkLayer::EPSILON,
        momentum: NetworkLayer::MOMENTUM,
    };
    let eval = batch_norm::infer(&mut layer.b, x, p);
    layer.output("bn.eval", eval);
    let trained = batch_norm::train(&mut layer.b, x, p);
    layer.output("bn.train", trained.value);
    layer.output("bn.after.running_mean", trained.mean);
    layer.output("bn.after.running_var", trained.variance);
    let g = layer.pictures(&golden, "bn.g");
    let wrt = [("bn.dx", x), ("bn.dweight", scale), ("bn.dbias", shift)];
    layer.pull_back(trained.value, g, &wrt);
    layer.check(&golden);
}

/// PyTorch's GroupNorm, GroupNorm of one group, InstanceNorm2d, and LayerNorm of channels that are last,
/// as ConvNeXt has it.
#[test]
fn norms_of_images() {
    let golden = Golden::norms();
    for name in ["groups", "image", "instance", "pixel"] {
        let mut layer = Layer::new();
        let x = layer.pictures(&golden, "norm.x");
        let g = layer.pictures(&golden, "norm.g");
        let [scale, shift] =
            ["weight", "bias"].map(|part| layer.vector(&golden, &format!("norm.{name}.{part}")));
        let affine = Affine { scale: Some(scale), shift: Some(shift) };
        let y = match name {
            "groups" => image_norm::groups(&mut layer.b, x, 3, 1e-3, affine),
            "image" => image_norm::groups(&mut layer.b, x, 1, 1e-5, affine),
            "instance" => image_norm::groups(&mut layer.b, x, 6, 1e-5, affine),
            _ => image_norm::pixels(&mut layer.b, x, 1e-6, affine),
        };
        layer.output(&format!("norm.{name}.y"), y);
        let names = ["dx", "dweight", "dbias"].map(|part| format!("norm.{name}.{part}"));
        let wrt = [(names[0].as_str(), x), (names[1].as_str(), scale), (names[2].as_str(), shift)];
        layer.pull_back(y, g, &wrt);
        layer.check(&golden);
    }
}

#[test]
fn losses() {
    let golden = Golden::ops();
    for kind in ["hard", "smooth"] {
        let name = |what: &str| format!("loss.{kind}.{what}");
        let mut layer = Layer::new();
        let [n, k] = golden.get(&name("logits")).shape[..] else { panic!("two axes") };
        let ty = Type { shape: Shape([n, 1, 1, k]), batched: true };
        let mut rows = |what: &str| {
            let data = golden.get(&name(what)).data.clone();
            layer.input(what, ty, data)
        };
        let (logits, targets) = (rows("logits"), rows("targets"));
        let loss = loss::cross_entropy(&mut layer.b, logits, targets);
        layer.output(&name("loss"), loss);
        let g = gradient(&mut layer.b, loss, &[logits])[0];
        layer.output("dlogits", g);
        // Rows need no permutation: compared here rather than by `check`.
        let values = layer.run();
        let want = |what: &str| golden.get(&name(what)).data.clone();
        assert_eq!(close("loss", &values[&name("loss")], &want("loss"), TOLERANCE), Ok(()));
        assert_eq!(close("dlogits", &values["dlogits"], &want("dlogits"), TOLERANCE), Ok(()));
    }
}

/// Logits far beyond exp's range: log-softmax stays finite and exact.
#[test]
fn loss_of_huge_logits() {
    let mut layer = Layer::new();
    let ty = Type { shape: Shape([1, 1, 1, 2]), batched: true };
    let logits = layer.input("logits", ty, vec![2000.0, -3000.0]);
    let targets = layer.input("targets", ty, vec![0.0, 1.0]);
    let loss = loss::cross_entropy(&mut layer.b, logits, targets);
    let g = gradient(&mut layer.b, loss, &[logits])[0];
    layer.output("loss", loss);
    layer.output("g", g);
    let got = layer.run();
    assert_eq!(got["loss"], [5000.0]);
    assert_eq!(got["g"], [1.0, -1.0]);
}
