//! What each layer computes, in training and in inference.

use crate::graph::autodiff::mean;
use crate::graph::builder::Builder;
use crate::graph::{
    Axes, Binary, ConvGeometry, NodeId, PoolGeometry, PoolKind, Role, Shape, Type, Unary,
};
use crate::network::{
    self, Activation, BinaryOp, Layer, ModuleId, Over, Per, RandomDraw, Slide, TensorId,
    Upsampling, Value,
};
use crate::nn::affine::Affine;
use crate::nn::{activation, batch_norm, channels, dropout, ghost, image_norm, option_a, windows};

use super::{Lowering, Mode};

impl Lowering<'_> {
    /// The node of a layer applied to `args`; what it draws has a stream of its own.
    pub(super) fn layer(&mut self, value: &Value, args: &[NodeId], stream: u32) -> NodeId {
        let train = self.mode == Mode::Train;
        match value.layer {
            Layer::Input => {
                let s = value.shape;
                let shape = Shape([self.batch, s.h, s.w, s.c]);
                self.b.input("images", Role::Images, Type { shape, batched: true })
            }
            Layer::Const(number) => self.b.constant(number),
            Layer::Conv { module, slide } => self.conv(module, args[0], slide),
            Layer::Linear { module } => self.linear(module, args[0]),
            Layer::BatchNorm { module, epsilon, momentum, ghost } => {
                self.batch_norm(module, args[0], [epsilon, momentum], ghost)
            }
            Layer::Norm { module, over, epsilon } => {
                let none = Affine { scale: None, shift: None };
                let affine = module.map_or(none, |module| self.affine(module));
                match over {
                    Over::Groups(groups) => {
                        image_norm::groups(&mut self.b, args[0], groups, epsilon, affine)
                    }
                    Over::Pixel => image_norm::pixels(&mut self.b, args[0], epsilon, affine),
                }
            }
            Layer::Scale { module } => self.b.mul(args[0], self.whole(module)),
            Layer::Shift { module } => self.b.add(args[0], self.whole(module)),
            Layer::Scalar { module } => {
                let number = self.whole(module);
                self.each_image(number)
            }
            Layer::Activation(activation) => activate(&mut self.b, activation, args[0]),
            Layer::Dropout { p: 0.0, .. } | Layer::DropPath { p: 0.0, .. } => args[0],
            Layer::Dropout { p, inverted } if train => {
                let seed = self.seed();
                dropout::train(&mut self.b, args[0], p, inverted, (stream, seed))
            }
            Layer::Dropout { p, inverted } => dropout::infer(&mut self.b, args[0], p, inverted),
            Layer::DropPath { p, per, inverted } if train => {
                let (seed, ty) = (self.seed(), self.drawn(per));
                dropout::drop_path(&mut self.b, args[0], (p, inverted), (stream, seed, ty))
            }
            Layer::DropPath { p, inverted, .. } => {
                dropout::infer(&mut self.b, args[0], p, inverted)
            }
            Layer::Random { draw, per, .. } if train => {
                let (seed, ty) = (self.seed(), self.drawn(per));
                let drawn = match draw {
                    RandomDraw::Uniform { low, high } => {
                        dropout::uniform(&mut self.b, [low, high], (stream, seed, ty))
                    }
                    RandomDraw::Bernoulli { p } => {
                        dropout::coin(&mut self.b, p, (stream, seed, ty))
                    }
                };
                self.each_image(drawn)
            }
            Layer::Random { evaluation, .. } => {
                let number = self.b.constant(evaluation);
                self.each_image(number)
            }
            Layer::Detach => self.b.detach(args[0]),
            Layer::Live { unit, units, of } if train => {
                let keep = self.live(unit, units, of);
                self.b.mul(args[0], keep)
            }
            Layer::Live { units, of, .. } => self.b.scale(args[0], units as f64 / of as f64),
            Layer::Binary(op) => arithmetic(&mut self.b, op, args[0], args[1]),
            Layer::Concat => channels::concat(&mut self.b, args),
            Layer::ChannelPool(network::PoolKind::Max) => {
                channels::channel_max(&mut self.b, args[0])
            }
            Layer::ChannelPool(network::PoolKind::Avg) => {
                channels::channel_mean(&mut self.b, args[0])
            }
            Layer::GlobalPool(network::PoolKind::Avg) => mean(&mut self.b, Axes::SPACE, args[0]),
            Layer::GlobalPool(network::PoolKind::Max) => channels::global_max(&mut self.b, args[0]),
            Layer::Pool { kind, window, slide: Slide { stride, padding, .. }, counted } => {
                let [_, h, w, _] = self.b.ty(args[0]).shape.0;
                let (kind, input) = (pooled(kind), [h, w]);
                let geometry = PoolGeometry { kind, input, window, stride, padding };
                windows::pool(&mut self.b, args[0], geometry, counted)
            }
            Layer::BlurPool { size, stride } => windows::blur(&mut self.b, args[0], size, stride),
            Layer::Upsample { kind: Upsampling::Nearest, factor } => {
                windows::nearest(&mut self.b, args[0], factor)
            }
            Layer::Upsample { kind: Upsampling::Bilinear, factor } => {
                windows::bilinear(&mut self.b, args[0], factor)
            }
            Layer::PadPixels { padding } => windows::padded(&mut self.b, args[0], padding),
            Layer::Subsample { stride } => option_a::subsample(&mut self.b, args[0], stride),
            Layer::SliceChannels { start } => {
                channels::slice(&mut self.b, args[0], start, value.shape.c)
            }
            Layer::PadChannels { channels, before } => {
                option_a::pad_channels(&mut self.b, args[0], channels, before)
            }
        }
    }

    /// Whether a unit is live: 1 or 0. Units come in order.
    fn live(&mut self, unit: usize, units: usize, of: usize) -> NodeId {
        if let Some(&known) = self.live.0.get(unit) {
            return known;
        }
        let seed = self.seed();
        let so_far = self.live.1.unwrap_or_else(|| self.b.constant(0.0));
        let keep = dropout::live(&mut self.b, so_far, (units, of - unit), (unit as u32, seed));
        self.live.0.push(keep);
        self.live.1 = Some(self.b.add(so_far, keep));
        keep
    }

    fn seed(&mut self) -> NodeId {
        if let Some(seed) = self.seed {
            return seed;
        }
        let seed = self.scalar("seed", Role::Seed);
        *self.seed.insert(seed)
    }

    fn tensor(&self, module: ModuleId, part: network::Part) -> Option<NodeId> {
        self.state.get(&TensorId { module, part }).copied()
    }

    fn conv(&mut self, module: ModuleId, x: NodeId, slide: Slide) -> NodeId {
        let Slide { stride, padding, dilation } = slide;
        let weight = self.weight(module);
        let groups = self.b.ty(x).shape.0[3] / self.b.ty(weight).shape.0[2];
        let weight = windows::dilated(&mut self.b, weight, dilation);
        let y = windows::conv(&mut self.b, [x, weight], stride, padding, groups);
        self.biased(module, y)
    }

    /// A linear layer is a convolution whose window is the whole image.
    fn linear(&mut self, module: ModuleId, x: NodeId) -> NodeId {
        let [_, h, w, _] = self.b.ty(x).shape.0;
        let weight = self.weight(module);
        let geometry = ConvGeometry { input: [h, w], kernel: [h, w], ..ConvGeometry::POINT };
        let y = self.b.conv(geometry, x, weight);
        self.biased(module, y)
    }

    fn weight(&self, module: ModuleId) -> NodeId {
        let weight = self.tensor(module, network::Part::Weight);
        weight.expect("every convolution and linear layer has weights")
    }

    fn biased(&mut self, module: ModuleId, y: NodeId) -> NodeId {
        match self.tensor(module, network::Part::Bias) {
            Some(bias) => self.b.add(y, bias),
            None => y,
        }
    }

    /// All that a module holds.
    fn whole(&self, module: ModuleId) -> NodeId {
        let whole = self.tensor(module, network::Part::Whole);
        whole.expect("a module that is one vector has it")
    }

    /// A number that is the same for all images, as each one's, so that layers can read it.
    fn each_image(&mut self, number: NodeId) -> NodeId {
        let ty = self.drawn(Per::Image);
        self.b.broadcast(number, ty)
    }

    /// The type of what is drawn so often.
    fn drawn(&self, per: Per) -> Type {
        match per {
            Per::Image => Type { shape: Shape([self.batch, 1, 1, 1]), batched: true },
            Per::Batch => Type { shape: Shape::SCALAR, batched: false },
        }
    }

    fn affine(&self, module: ModuleId) -> Affine {
        let tensor = |part| self.tensor(module, part);
        Affine { scale: tensor(network::Part::Weight), shift: tensor(network::Part::Bias) }
    }

    fn batch_norm(
        &mut self,
        module: ModuleId,
        x: NodeId,
        numbers: [f64; 2],
        ghost: Option<usize>,
    ) -> NodeId {
        use network::Part::{RunningMean, RunningVariance};
        let tensor = |part| self.tensor(module, part).expect("a batch norm has statistics");
        let [epsilon, momentum] = numbers;
        let p = batch_norm::Parameters {
            affine: self.affine(module),
            mean: tensor(RunningMean),
            variance: tensor(RunningVariance),
            epsilon,
            momentum,
        };
        match self.mode {
            Mode::Train if self.still.contains(&module) => batch_norm::infer(&mut self.b, x, p),
            Mode::Infer => batch_norm::infer(&mut self.b, x, p),
            Mode::Train => {
                let trained = match ghost {
                    Some(size) if size < self.batch => ghost::train(&mut self.b, x, size, p),
                    Some(_) | None => batch_norm::train(&mut self.b, x, p),
                };
                let state = [(RunningMean, trained.mean), (RunningVariance, trained.variance)];
                self.state.extend(state.map(|(part, node)| (TensorId { module, part }, node)));
                trained.value
            }
        }
    }
}

fn pooled(kind: network::PoolKind) -> PoolKind {
    match kind {
        network::PoolKind::Max => PoolKind::Max,
        network::PoolKind::Avg => PoolKind::Avg,
    }
}

fn activate(b: &mut Builder, function: Activation, x: NodeId) -> NodeId {
    match function {
        Activation::Relu => b.unary(Unary::Relu, x),
        Activation::Sigmoid => b.unary(Unary::Sigmoid, x),
        Activation::Tanh => b.unary(Unary::Tanh, x),
        Activation::Gelu { approximate: false } => activation::gelu(b, x),
        Activation::Gelu { approximate: true } => activation::gelu_tanh(b, x),
        Activation::Silu => activation::silu(b, x),
        Activation::LeakyRelu { slope } => activation::leaky_relu(b, x, slope),
        Activation::Elu { alpha } => activation::elu(b, x, alpha),
        Activation::Softplus => activation::softplus(b, x),
        Activation::HardSwish => activation::hard_swish(b, x),
        Activation::HardSigmoid => activation::hard_sigmoid(b, x),
        Activation::Relu6 => activation::relu6(b, x),
        Activation::Exp => b.unary(Unary::Exp, x),
        Activation::Log => b.unary(Unary::Log, x),
        Activation::Sqrt => b.unary(Unary::Sqrt, x),
        Activation::Abs => activation::abs(b, x),
        Activation::Square => b.mul(x, x),
    }
}

fn arithmetic(b: &mut Builder, op: BinaryOp, x: NodeId, y: NodeId) -> NodeId {
    match op {
        BinaryOp::Add => b.add(x, y),
        BinaryOp::Sub => b.sub(x, y),
        BinaryOp::Mul => b.mul(x, y),
        BinaryOp::Div => b.binary(Binary::Div, x, y),
        BinaryOp::Max => b.binary(Binary::Max, x, y),
        BinaryOp::Min => activation::smaller(b, x, y),
    }
}
