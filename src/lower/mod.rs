//! Network → graph: a training step or an inference pass as one program.

use std::collections::{BTreeSet, HashMap};

use crate::graph::autodiff::{Factors, gradient};
use crate::graph::builder::Builder;
use crate::graph::{
    InputId, NodeId, Op, Origin, Output, OutputKind, ProbeId, Program, RegionId, Role, Shape, Type,
};
use crate::network::{ModuleId, Network, Tensor, TensorId, Value, ValueId};
use crate::nn::loss;
use crate::nn::loss_scaling::Scaling;
use crate::nn::optimiser::Sgd;
use crate::passes;

mod averages;
mod inspect;
mod layers;
mod probed;
pub mod probes;
pub mod state;
mod update;

pub use inspect::{inspection, squares};
pub use probed::{Wanted, forward_and_backward, part};
use probes::{Part, Probes};
use state::StateTensor;
pub use update::Updates;

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
    /// How many ranks run it side by side, each on a batch of its own: the loss, gradients and running
    /// statistics are their means, so that all ranks have one state. Batch statistics are each rank's.
    pub ranks: Option<usize>,
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
            let (mut loss, mut scaled) = lowering.backward(logits, scaling, &trained);
            if let Some(count) = form.ranks {
                loss = lowering.over_ranks(loss, &mut scaled, count);
            }
            lowering.update(updates, &trained, &scaled, scaling);
            outputs.extend([OutputKind::Loss.of(loss), OutputKind::Logits.of(logits)]);
            if let Some(scaling) = scaling {
                let finite = lowering.keep_where_good(scaling, &scaled);
                outputs.push(OutputKind::Finite.of(finite));
            }
            lowering.average(updates.averages);
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
    let form = Form { scaled: true, ..Form::default() };
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
