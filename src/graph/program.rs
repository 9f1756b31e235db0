//! Nodes, graphs and programs.

use super::op::Op;
use super::types::{listed, *};
use crate::source::Span;

/// Where a node comes from, for messages, drawings and per-unit figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Place in the spec.
    pub span: Span,
    /// Region it belongs to; an adjoint belongs to its forward node's region.
    pub region: Option<RegionId>,
}

/// One operation applied to earlier nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is done.
    pub op: Op,
    /// To what; at most two.
    pub args: Vec<NodeId>,
    /// Type of the result.
    pub ty: Type,
    /// Where it comes from.
    pub origin: Origin,
}

listed! {
    /// What an optimiser keeps of a parameter; names in files end with it.
    pub enum Slot {
        /// A momentum.
        Momentum = "momentum",
        /// The moving average of gradients.
        FirstMoment = "first_moment",
        /// The moving average of squared gradients.
        SecondMoment = "second_moment",
    }
}

listed! {
    /// What is averaged along training.
    pub enum Average {
        /// The slow weights of Lookahead.
        Slow = "slow",
        /// A moving average.
        Ema = "ema",
    }
}

/// What an input is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Pictures, normalised.
    Images,
    /// Target distribution over classes, N×1×1×K (one-hot, or smoothed).
    Targets,
    /// Learning rate, a scalar.
    LearningRate,
    /// 1 while parameters whose training ends there are trained, 0 after; a scalar.
    Open(EndId),
    /// Seed of this step's random numbers: an integer below 2²⁴, a scalar.
    Seed,
    /// A trainable parameter.
    Parameter,
    /// What an optimiser keeps of a parameter from step to step.
    Slot(Slot, InputId),
    /// How much of such moments is filled, of all parameters alike, a scalar.
    Filled(Slot),
    /// Running mean or variance of a batch normalisation.
    Statistic,
    /// An average of a parameter or statistic along training.
    Average(Average, InputId),
    /// What Lookahead's slow weights take over after this step, 0 where they wait; a scalar.
    LookaheadShare,
    /// What a moving average of weights keeps of itself at this step, a scalar.
    EmaDecay,
    /// The scale of dynamic loss scaling ([`crate::nn::loss_scaling`]), a scalar.
    LossScale,
    /// Steps in a row that dynamic loss scaling left as they were, a scalar.
    GoodSteps,
    /// A factor of each image, N×1×1×1.
    Probe(ProbeId),
    /// The value at which a part of a network begins.
    Cut,
}

/// A value that comes from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Name in listings: `units.3.F.conv1.weight`, `images`, `lr`, …
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its type.
    pub ty: Type,
}

/// Nodes in evaluation order, and the inputs they read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Every node; a node's arguments come before it.
    pub nodes: Vec<Node>,
    /// Every input.
    pub inputs: Vec<Input>,
}

impl Graph {
    /// The node behind an id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The input behind an id.
    pub fn input(&self, id: InputId) -> &Input {
        &self.inputs[id.index()]
    }

    /// Readers of each node; one that reads a node twice stands there twice.
    pub fn users(&self) -> Vec<Vec<NodeId>> {
        let mut users = vec![Vec::new(); self.nodes.len()];
        for id in self.ids() {
            for arg in &self.node(id).args {
                users[arg.index()].push(id);
            }
        }
        users
    }

    /// Ids of all nodes, in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }
}

/// A graph with what is wanted of it: values to read back, and inputs to overwrite after a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// The nodes.
    pub graph: Graph,
    /// Results to read back.
    pub outputs: Vec<Output>,
    /// State: after each run the input takes the node's value.
    pub updates: Vec<(InputId, NodeId)>,
    /// Images in a batch.
    pub batch: usize,
}

/// What a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputKind {
    /// Mean cross-entropy, a scalar.
    Loss,
    /// Class scores, N×1×1×K.
    Logits,
    /// 1 where all gradients of a step are finite, 0 where they are not; a scalar.
    Finite,
    /// The loss's gradient with respect to an input.
    Gradient(InputId),
    /// The value at which a part of a network ends.
    Cut,
    /// What else was asked for.
    Quantity(QuantityId),
}

impl OutputKind {
    /// A result of this kind.
    pub fn of(self, node: NodeId) -> Output {
        Output { kind: self, node }
    }
}

impl std::fmt::Display for OutputKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OutputKind::Loss => f.write_str("loss"),
            OutputKind::Logits => f.write_str("logits"),
            OutputKind::Finite => f.write_str("finite"),
            OutputKind::Gradient(input) => write!(f, "gradient {input}"),
            OutputKind::Cut => f.write_str("cut"),
            OutputKind::Quantity(id) => write!(f, "quantity {id}"),
        }
    }
}

/// A result of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// What it is; no two of a program are the same.
    pub kind: OutputKind,
    /// The node.
    pub node: NodeId,
}

impl Output {
    /// Quantities 0, 1, 2, …
    pub fn quantities(nodes: impl IntoIterator<Item = NodeId>) -> Vec<Self> {
        let ids = (0..).map(|id| OutputKind::Quantity(QuantityId(id)));
        ids.zip(nodes).map(|(kind, node)| Self { kind, node }).collect()
    }
}

impl Program {
    /// Position of a result.
    pub fn position(&self, kind: OutputKind) -> Option<usize> {
        self.outputs.iter().position(|output| output.kind == kind)
    }

    /// Nodes that must be computed: outputs and state updates.
    pub fn roots(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.outputs.iter().map(|o| o.node).chain(self.updates.iter().map(|&(_, n)| n))
    }

    /// Which nodes some root needs.
    pub fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.graph.nodes.len()];
        for root in self.roots() {
            live[root.index()] = true;
        }
        for id in self.graph.ids().rev() {
            if live[id.index()] {
                self.graph.node(id).args.iter().for_each(|arg| live[arg.index()] = true);
            }
        }
        live
    }
}
