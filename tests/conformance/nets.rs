//! Whole training programs of small nets.

use rnetc::graph::autodiff::{self, gradient};
use rnetc::graph::builder::Builder;
use rnetc::graph::{
    Axes, AxisMap, ConvGeometry, InputId, NodeId, Op, OutputKind, Program, Remap, Role, Shape,
    Slot, Type, Unary,
};
use rnetc::network::Layer;
use rnetc::nn::affine::Affine;
use rnetc::nn::optimiser::Sgd;
use rnetc::nn::{batch_norm, loss, optimiser};

use super::compare::agrees;

/// Gradients' relative L2 distance that f32 leaves after a few layers and steps.
const TOLERANCE: f64 = 1e-4;

/// A net under construction, with its parameters and updates.
pub struct Net {
    b: Builder,
    parameters: Vec<NodeId>,
    updates: Vec<(InputId, NodeId)>,
    batch: usize,
}

impl Net {
    pub fn new(batch: usize) -> Self {
        Self { b: Builder::new(), parameters: Vec::new(), updates: Vec::new(), batch }
    }

    fn id(&self, node: NodeId) -> InputId {
        match self.b.graph().node(node).op {
            Op::Input(id) => id,
            ref op => panic!("{op:?} is no input"),
        }
    }

    pub fn images(&mut self, [h, w, c]: [usize; 3]) -> NodeId {
        let ty = Type { shape: Shape([self.batch, h, w, c]), batched: true };
        self.b.input("images", Role::Images, ty)
    }

    fn parameter(&mut self, shape: [usize; 4]) -> NodeId {
        let name = format!("p{}", self.parameters.len());
        let ty = Type { shape: Shape(shape), batched: false };
        let parameter = self.b.input(name, Role::Parameter, ty);
        self.parameters.push(parameter);
        parameter
    }

    pub fn conv(&mut self, x: NodeId, outputs: usize, k: usize, stride: usize) -> NodeId {
        self.grouped(x, outputs, [k, stride, 1])
    }

    /// A convolution with a kernel, a stride and groups.
    pub fn grouped(
        &mut self,
        x: NodeId,
        outputs: usize,
        [k, stride, groups]: [usize; 3],
    ) -> NodeId {
        let [_, h, w, inputs] = self.b.ty(x).shape.0;
        let weight = self.parameter([k, k, inputs / groups, outputs]);
        let [input, kernel, padding] = [[h, w], [k, k], [k / 2; 2]];
        let geometry = ConvGeometry { input, kernel, stride, padding, groups };
        self.b.conv(geometry, x, weight)
    }

    /// Convolutions by groups between normalised ones of a pixel, added to x.
    pub fn resnext(&mut self, x: NodeId, width: usize, groups: usize) -> NodeId {
        let [.., channels] = self.b.ty(x).shape.0;
        let f = self.conv(x, width, 1, 1);
        let f = self.bn_relu(f);
        let f = self.grouped(f, width, [3, 1, groups]);
        let f = self.bn_relu(f);
        let f = self.conv(f, channels, 1, 1);
        let f = self.bn(f);
        let y = self.b.add(f, x);
        self.relu(y)
    }

    fn bn(&mut self, x: NodeId) -> NodeId {
        let c = self.b.ty(x).shape.0[3];
        let (scale, shift) = (self.parameter([1, 1, 1, c]), self.parameter([1, 1, 1, c]));
        let ty = Type { shape: Shape::channels(c), batched: false };
        let mean = self.b.input("mean", Role::Statistic, ty);
        let variance = self.b.input("variance", Role::Statistic, ty);
        let affine = Affine { scale: Some(scale), shift: Some(shift) };
        let (epsilon, momentum) = (Layer::EPSILON, Layer::MOMENTUM);
        let of = batch_norm::Parameters { affine, mean, variance, epsilon, momentum };
        let trained = batch_norm::train(&mut self.b, x, of);
        self.updates.push((self.id(mean), trained.mean));
        self.updates.push((self.id(variance), trained.variance));
        trained.value
    }

    fn relu(&mut self, x: NodeId) -> NodeId {
        self.b.unary(Unary::Relu, x)
    }

    fn bn_relu(&mut self, x: NodeId) -> NodeId {
        let normal = self.bn(x);
        self.relu(normal)
    }

    /// Option A: every `stride`-th pixel, zero channels appended.
    fn pad(&mut self, x: NodeId, width: usize, stride: usize) -> NodeId {
        let [n, h, w, _] = self.b.ty(x).shape.0;
        let every =
            |len: usize| AxisMap { len: len.div_ceil(stride), mul: stride, offset: 0, div: 1 };
        let axes = [AxisMap::identity(n), every(h), every(w), AxisMap::identity(width)];
        self.b.remap(Remap { axes }, x)
    }

    pub fn preact(&mut self, x: NodeId, width: usize, stride: usize) -> NodeId {
        let f = self.bn_relu(x);
        let f = self.conv(f, width, 3, stride);
        let f = self.bn_relu(f);
        let f = self.conv(f, width, 3, 1);
        let h = if stride == 1 { x } else { self.pad(x, width, stride) };
        self.b.add(f, h)
    }

    pub fn original(&mut self, x: NodeId, width: usize, stride: usize) -> NodeId {
        let f = self.conv(x, width, 3, stride);
        let f = self.bn_relu(f);
        let f = self.conv(f, width, 3, 1);
        let f = self.bn(f);
        let h = if stride == 1 {
            x
        } else {
            let projected = self.conv(x, width, 1, stride);
            self.bn(projected)
        };
        let y = self.b.add(f, h);
        self.relu(y)
    }

    fn gated(&mut self, x: NodeId, width: usize) -> NodeId {
        let f = self.conv(x, width, 3, 1);
        let f = self.bn(f);
        let g = self.conv(x, width, 1, 1);
        let bias = self.parameter([1, 1, 1, width]);
        let g = self.b.add(g, bias);
        let g = self.b.unary(Unary::Sigmoid, g);
        let one = self.b.constant(1.0);
        let carry = self.b.sub(one, g);
        let (h, f) = (self.b.mul(carry, x), self.b.mul(g, f));
        let y = self.b.add(h, f);
        self.relu(y)
    }

    pub fn bottleneck(&mut self, x: NodeId, width: usize) -> NodeId {
        let f = self.bn_relu(x);
        let f = self.conv(f, width, 1, 1);
        let f = self.bn_relu(f);
        let f = self.conv(f, width, 3, 1);
        let f = self.bn_relu(f);
        let f = self.conv(f, 4 * width, 1, 1);
        self.b.add(f, x)
    }

    /// Elements dropped, and the whole dropped at times.
    fn dropped(&mut self, x: NodeId, seed: NodeId) -> NodeId {
        let ty = self.b.ty(x);
        let half = self.b.constant(0.5);
        let drawn = self.b.random(1, seed, ty);
        let over = self.b.sub(drawn, half);
        let keep = self.b.unary(Unary::Step, over);
        let kept = self.b.mul(x, keep);
        let drawn = self.b.random(2, seed, Type { shape: Shape::SCALAR, batched: false });
        let over = self.b.sub(drawn, half);
        let live = self.b.unary(Unary::Step, over);
        let path = self.b.mul(kept, live);
        self.b.add(path, x)
    }

    /// Pooling, classifier, loss, gradients and the optimiser.
    pub fn trained(mut self, x: NodeId, classes: usize) -> Program {
        let x = self.bn_relu(x);
        let x = autodiff::mean(&mut self.b, Axes::SPACE, x);
        let logits = self.conv(x, classes, 1, 1);
        let bias = self.parameter([1, 1, 1, classes]);
        let logits = self.b.add(logits, bias);
        let ty = Type { shape: Shape([self.batch, 1, 1, classes]), batched: true };
        let targets = self.b.input("targets", Role::Targets, ty);
        let loss = loss::cross_entropy(&mut self.b, logits, targets);
        let scalar = Type { shape: Shape::SCALAR, batched: false };
        let rate = self.b.input("lr", Role::LearningRate, scalar);
        let gradients = gradient(&mut self.b, loss, &self.parameters);
        let sgd = Sgd::PAPER;
        for (&parameter, gradient) in self.parameters.clone().iter().zip(gradients) {
            let name = format!("{}.momentum", self.b.graph().input(self.id(parameter)).name);
            let ty = self.b.ty(parameter);
            let momentum = self.b.input(name, Role::Slot(Slot::Momentum, self.id(parameter)), ty);
            let (new, moved) =
                optimiser::sgd(&mut self.b, &sgd, rate, parameter, momentum, gradient);
            self.updates.push((self.id(parameter), new));
            self.updates.push((self.id(momentum), moved));
        }
        let outputs = vec![OutputKind::Loss.of(loss), OutputKind::Logits.of(logits)];
        let Self { b, updates, batch, .. } = self;
        rnetc::passes::run(
            rnetc::passes::Mode::Training,
            &Program { graph: b.finish(), outputs, updates, batch },
        )
    }
}

#[test]
fn pre_activation() {
    let mut net = Net::new(5);
    let x = net.images([8, 8, 3]);
    let x = net.conv(x, 8, 3, 1);
    let x = net.preact(x, 8, 1);
    let x = net.preact(x, 16, 2);
    let x = net.preact(x, 16, 1);
    agrees("pre-activation", &net.trained(x, 10), TOLERANCE);
}

#[test]
fn original_with_projections() {
    let mut net = Net::new(4);
    let x = net.images([7, 7, 3]);
    let x = net.conv(x, 6, 3, 1);
    let x = net.bn_relu(x);
    let x = net.original(x, 6, 1);
    let x = net.original(x, 12, 2);
    agrees("original", &net.trained(x, 7), TOLERANCE);
}

#[test]
fn gates() {
    let mut net = Net::new(3);
    let x = net.images([6, 5, 3]);
    let x = net.conv(x, 8, 3, 1);
    let x = net.gated(x, 8);
    let x = net.gated(x, 8);
    agrees("gates", &net.trained(x, 10), TOLERANCE);
}

#[test]
fn bottlenecks() {
    let mut net = Net::new(3);
    let x = net.images([6, 6, 3]);
    let x = net.conv(x, 16, 3, 1);
    let x = net.bottleneck(x, 4);
    let x = net.bottleneck(x, 4);
    agrees("bottlenecks", &net.trained(x, 10), TOLERANCE);
}

#[test]
fn random_draws() {
    let mut net = Net::new(3);
    let scalar = Type { shape: Shape::SCALAR, batched: false };
    let seed = net.b.input("seed", Role::Seed, scalar);
    let x = net.images([6, 6, 3]);
    let x = net.conv(x, 4, 3, 1);
    let x = net.dropped(x, seed);
    let x = net.preact(x, 4, 1);
    agrees("random draws", &net.trained(x, 3), TOLERANCE);
}

#[test]
fn many_branches() {
    let mut net = Net::new(3);
    let x = net.images([5, 5, 3]);
    let mut sum = net.conv(x, 4, 3, 1);
    // Twelve branches meet: more buffers than one kernel may bind.
    let branches: Vec<_> = (0..12).map(|_| net.conv(x, 4, 3, 1)).collect();
    for branch in branches {
        let branch = net.relu(branch);
        sum = net.b.add(sum, branch);
    }
    agrees("many branches", &net.trained(sum, 10), TOLERANCE);
}

#[test]
fn one_of_everything() {
    let mut net = Net::new(1);
    let x = net.images([1, 1, 1]);
    let x = net.conv(x, 1, 1, 1);
    let x = net.b.unary(Unary::Tanh, x);
    agrees("one image, one pixel, one channel", &net.trained(x, 2), TOLERANCE);
}
