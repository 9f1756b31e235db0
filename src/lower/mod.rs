//! Network → graph: a training step or an inference pass as one program.

use std::collections::{BTreeSet, HashMap};

use crate::graph::autodiff::{Factors, gradient, mean};
use crate::graph::builder::Builder;
use crate::graph::{
    Axes, Binary, ConvGeometry, InputId, NodeId, Op, Origin, Output, OutputKind, PoolGeometry,
    PoolKind, ProbeId, Program, RegionId, Role, Shape, Type, Unary,
};
use crate::network::{
    self, Activation, BinaryOp, Layer, ModuleId, Network, Over, Per, RandomDraw, Slide, Tensor,
    TensorId, Upsampling, Value, ValueId,
};
use crate::nn::affine::Affine;
use crate::nn::loss_scaling::Scaling;
use crate::nn::optimiser::Sgd;
use crate::nn::{activation, batch_norm, channels, dropout, image_norm, loss, option_a, windows};
use crate::passes;

mod probed;
pub mod probes;
pub mod state;
mod update;

pub use probed::{Wanted, forward_and_backward, part};
use probes::{Part, Probes};
use state::StateTensor;
pub use update::Updates;

mod inspect;

pub use inspect::{inspection, squares};

/// What a network is lowered to.
#[derive(Clone, Copy, Debug)]
pub enum Goal<'a> {
    /// One training step: forward, backward, update. Inputs by role: `Images`, `Targets`,
    /// `LearningRate`, `Seed` (only where the network draws numbers), parameters, statistics and
    /// what the optimiser keeps of them. Outputs: `Loss` and `Logits`.
    Training(&'a Updates, Form),
    /// The forward pass of training and the loss's gradient with respect to every parameter,
    /// without an update. Outputs: `Loss`, `Logits`, then a `Gradient` for each parameter.
    Gradients,
    /// One inference pass with running statistics. Output: `Logits`.
    Inference,
}

/// How a training step differs from the plain one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form {
    /// Keeps fewer activations.
    pub recompute: bool,
    /// Scales the loss, for engines that store gradients in half precision: two more inputs
    /// ([`crate::nn::loss_scaling::STATE`]), and an output `Finite`, 0 where the step was left out because
    /// a gradient was no finite number.
    pub scaled: bool,
}

impl Goal<'_> {
    /// The passes that its programs go through.
    pub fn passes(self) -> passes::Mode {
        match self {
            Goal::Training(_, form) if form.recompute => passes::Mode::Recomputing,
            Goal::Training(..) | Goal::Gradients => passes::Mode::Training,
            Goal::Inference => passes::Mode::Inference,
        }
    }
}

/// The program of a goal as engines take it.
pub fn program(network: &Network, batch: usize, goal: Goal) -> Program {
    passes::run(goal.passes(), &before_passes(network, batch, goal))
}

/// The program of a goal as it is lowered.
pub fn before_passes(network: &Network, batch: usize, goal: Goal) -> Program {
    let mode = match goal {
        Goal::Training(..) | Goal::Gradients => Mode::Train,
        Goal::Inference => Mode::Infer,
    };
    let mut lowering = Lowering::new(network, batch, mode);
    if let Goal::Training(updates, _) = goal {
        lowering.still = updates.still.clone();
    }
    let logits = lowering.forward();
    let mut outputs = Vec::new();
    match goal {
        Goal::Training(updates, form) => {
            let scaling = form.scaled.then(|| Scaling::input(&mut lowering.b));
            let trained = lowering.trained(updates);
            let (loss, scaled) = lowering.backward(logits, scaling, &trained);
            lowering.update(updates, &trained, &scaled, scaling);
            outputs.extend([OutputKind::Loss.of(loss), OutputKind::Logits.of(logits)]);
            if let Some(scaling) = scaling {
                let finite = lowering.keep_where_good(scaling, &scaled);
                outputs.push(OutputKind::Finite.of(finite));
            }
        }
        Goal::Gradients => {
            let loss = lowering.loss(logits);
            let wrt: Vec<NodeId> = lowering.parameters.iter().map(|p| p.node).collect();
            let gradients = gradient(&mut lowering.b, loss, &wrt);
            lowering.updates.clear();
            outputs.extend([OutputKind::Loss.of(loss), OutputKind::Logits.of(logits)]);
            let inputs = lowering.parameters.iter().map(|p| p.input);
            let gradient = |(input, node)| OutputKind::Gradient(input).of(node);
            outputs.extend(inputs.zip(gradients).map(gradient));
        }
        Goal::Inference => outputs.push(OutputKind::Logits.of(logits)),
    }
    lowering.finish(outputs)
}

/// The program of [`Goal::Training`] in its plain form.
pub fn training(network: &Network, batch: usize, sgd: &Sgd) -> Program {
    program(network, batch, Goal::Training(&Updates::of(*sgd), Form::default()))
}

/// The program of [`Goal::Training`] with dynamic loss scaling.
pub fn scaled_training(network: &Network, batch: usize, sgd: &Sgd) -> Program {
    let form = Form { scaled: true, recompute: false };
    program(network, batch, Goal::Training(&Updates::of(*sgd), form))
}

/// The program of [`Goal::Gradients`].
pub fn gradients(network: &Network, batch: usize) -> Program {
    program(network, batch, Goal::Gradients)
}

/// The program of [`Goal::Inference`].
pub fn inference(network: &Network, batch: usize) -> Program {
    program(network, batch, Goal::Inference)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Train,
    Infer,
}

/// A parameter as it stands in the graph.
#[derive(Clone, Copy)]
struct Parameter {
    tensor: Tensor,
    input: InputId,
    node: NodeId,
}

struct Lowering<'a> {
    network: &'a Network,
    batch: usize,
    mode: Mode,
    b: Builder,
    /// State inputs as they stand now: a statistic moves on where a module is applied more than
    /// once.
    state: HashMap<TensorId, NodeId>,
    parameters: Vec<Parameter>,
    statistics: Vec<(InputId, TensorId)>,
    /// Batch norms that normalise by their running statistics in training too.
    still: BTreeSet<ModuleId>,
    updates: Vec<(InputId, NodeId)>,
    seed: Option<NodeId>,
    /// Which values are computed, and what stands for each.
    part: Part,
    nodes: Vec<Option<NodeId>>,
    probes: &'a Probes,
    /// The inputs of `probes`.
    masks: HashMap<ProbeId, NodeId>,
    /// What the backward pass multiplies adjoints by.
    factors: Factors,
    /// Which units are live, and how many so far.
    live: (Vec<NodeId>, Option<NodeId>),
}

impl<'a> Lowering<'a> {
    fn new(network: &'a Network, batch: usize, mode: Mode) -> Self {
        Self::probed(network, batch, mode, Part::WHOLE, &probes::NONE)
    }

    fn probed(
        network: &'a Network,
        batch: usize,
        mode: Mode,
        part: Part,
        probes: &'a Probes,
    ) -> Self {
        let mut lowering = Self {
            network,
            batch,
            mode,
            b: Builder::new(),
            state: HashMap::new(),
            parameters: Vec::new(),
            statistics: Vec::new(),
            still: BTreeSet::new(),
            updates: Vec::new(),
            seed: None,
            part,
            nodes: Vec::new(),
            probes,
            masks: HashMap::new(),
            factors: Factors::new(),
            live: (Vec::new(), None),
        };
        for tensor in network.tensors().filter(|t| part.reads(network, t.id.module)) {
            let StateTensor { name, role, shape, .. } = StateTensor::of(network, &tensor);
            let node = lowering.b.input(name, role, Type { shape, batched: false });
            let input = lowering.input_id(node);
            if tensor.id.part.is_trained() {
                lowering.parameters.push(Parameter { tensor, input, node });
            } else {
                lowering.statistics.push((input, tensor.id));
            }
            lowering.state.insert(tensor.id, node);
        }
        let ty = Type { shape: Shape([batch, 1, 1, 1]), batched: true };
        for &probe in &probes.ids {
            let mask = lowering.b.input(format!("probe {probe}"), Role::Probe(probe), ty);
            lowering.masks.insert(probe, mask);
        }
        lowering
    }

    fn input_id(&self, node: NodeId) -> InputId {
        match self.b.graph().node(node).op {
            Op::Input(id) => id,
            _ => unreachable!("made by Builder::input"),
        }
    }

    fn scalar(&mut self, name: &str, role: Role) -> NodeId {
        self.b.input(name, role, Type { shape: Shape::SCALAR, batched: false })
    }

    fn forward(&mut self) -> NodeId {
        let network = self.network;
        for (index, value) in network.values.iter().enumerate() {
            self.b.set_origin(Origin {
                span: value.span,
                region: value.unit.map(|unit| RegionId(unit.0)),
            });
            let id = ValueId(index as u32);
            let node = self.part.computes(network, id).then(|| self.value(id, value));
            self.nodes.push(node);
        }
        let moving = self.statistics.iter().filter(|(_, id)| !self.still.contains(&id.module));
        let statistics: Vec<(InputId, NodeId)> =
            moving.map(|(input, id)| (*input, self.state[id])).collect();
        if self.mode == Mode::Train {
            self.updates.extend(statistics);
        }
        self.node(self.part.end(network))
    }

    /// The node of a value that is computed.
    fn node(&self, id: ValueId) -> NodeId {
        self.nodes[id.index()].expect("a part is closed under arguments, up to where it begins")
    }

    fn value(&mut self, id: ValueId, value: &Value) -> NodeId {
        if self.part.begins_at(id) {
            let s = value.shape;
            let shape = Shape([self.batch, s.h, s.w, s.c]);
            return self.b.input("cut", Role::Cut, Type { shape, batched: true });
        }
        let plain: Vec<NodeId> = value.args.iter().map(|&a| self.node(a)).collect();
        let args = self.tapped(id, &plain);
        let node = self.layer(value, &args, id.0);
        self.bypassed(id, node)
    }

    fn layer(&mut self, value: &Value, args: &[NodeId], stream: u32) -> NodeId {
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
            Layer::BatchNorm { module, epsilon, momentum } => {
                self.batch_norm(module, args[0], [epsilon, momentum])
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
            Layer::GlobalAvgPool => mean(&mut self.b, Axes::SPACE, args[0]),
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
        match self.seed {
            Some(seed) => seed,
            None => *self.seed.insert(self.b.input(
                "seed",
                Role::Seed,
                Type { shape: Shape::SCALAR, batched: false },
            )),
        }
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
        let ty = Type { shape: Shape([self.batch, 1, 1, 1]), batched: true };
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

    fn batch_norm(&mut self, module: ModuleId, x: NodeId, numbers: [f64; 2]) -> NodeId {
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
                let trained = batch_norm::train(&mut self.b, x, p);
                let state = [(RunningMean, trained.mean), (RunningVariance, trained.variance)];
                self.state.extend(state.map(|(part, node)| (TensorId { module, part }, node)));
                trained.value
            }
        }
    }

    /// Mean cross-entropy.
    fn loss(&mut self, logits: NodeId) -> NodeId {
        let ty = self.b.ty(logits);
        self.b.set_origin(Origin::default());
        let targets = self.b.input("targets", Role::Targets, ty);
        loss::cross_entropy(&mut self.b, logits, targets)
    }

    fn finish(self, outputs: Vec<Output>) -> Program {
        Program { graph: self.b.finish(), outputs, updates: self.updates, batch: self.batch }
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
