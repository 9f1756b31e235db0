//! When each value is computed and where it lives.
//!
//! Anchors (contractions, pooling, re-indexing, reductions) are computed once. Everything else is
//! pointwise and may be recomputed wherever it is needed, from values that are stored.
//!
//! A *phase* ends where a reduction over the batch must be complete; inside a phase, images are
//! independent. Inside a phase, *rank* r counts the anchors that come before: the pointwise work
//! of rank r reads what anchors of rank r − 1 wrote and prepares what anchors of rank r read.
//!
//! A pointwise value that depends on one stored tensor of its size is not stored: reading that tensor
//! again costs what reading the value would. Stored are values that join several tensors and that a
//! later stage needs, small values that a larger one repeats (a gate that has one number an image or
//! channel), and whatever is an output or a new state. The rule knows nothing of batch norm or of
//! gradients.

use super::{Class, Graph, Node, NodeId, Op, Program, ReduceKind, Shape};

/// When a value is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stage {
    /// Number of batch-wide synchronisations before.
    pub phase: u32,
    /// Number of anchors before, inside the phase.
    pub rank: u32,
}

/// Where a value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// Nowhere: recomputed where it is used.
    Inline,
    /// For one image, while its phase runs (the GPU engine keeps the whole tensor).
    Tile,
    /// The whole tensor, for later phases or as a result.
    Tensor,
}

/// The decision for every node of a graph.
#[derive(Clone, Debug)]
pub struct Placement {
    /// When each node is computed. Values that are not batched are computed before their phase
    /// begins; their rank is 0.
    pub stage: Vec<Stage>,
    /// Where each node lives.
    pub home: Vec<Home>,
    /// Stages whose kernels read each batched node, in order.
    pub uses: Vec<Vec<Stage>>,
    /// Number of phases.
    pub phases: u32,
}

impl Placement {
    /// Decides for every node of a program.
    pub fn new(program: &Program) -> Self {
        let graph = &program.graph;
        let stage = stages(graph);
        let source = sources(graph);
        let mut placement = Self {
            phases: stage.iter().map(|s| s.phase + 1).max().unwrap_or(1),
            home: vec![Home::Inline; stage.len()],
            uses: vec![Vec::new(); stage.len()],
            stage,
        };
        let mut root = vec![false; graph.nodes.len()];
        for id in program.roots() {
            root[id.index()] = true;
        }
        let users = graph.users();
        for id in graph.ids().rev() {
            placement.collect_uses(graph, id, &users[id.index()]);
            placement.home[id.index()] = if root[id.index()] {
                Home::Tensor
            } else if graph.node(id).ty.batched {
                placement.batched(graph, id, source[id.index()], &users[id.index()])
            } else {
                global(graph, id, &users[id.index()])
            };
        }
        placement
    }

    /// When a node is computed.
    pub fn stage(&self, id: NodeId) -> Stage {
        self.stage[id.index()]
    }

    /// Where a node lives.
    pub fn home(&self, id: NodeId) -> Home {
        self.home[id.index()]
    }

    fn collect_uses(&mut self, graph: &Graph, id: NodeId, users: &[NodeId]) {
        let mut uses: Vec<Stage> = Vec::new();
        for &user in users {
            let inlined = self.home(user) == Home::Inline && !is_anchor(graph, user);
            if inlined {
                uses.extend(&self.uses[user.index()]);
            } else {
                uses.push(self.stage(user));
            }
        }
        uses.sort_unstable();
        uses.dedup();
        self.uses[id.index()] = uses;
    }

    fn batched(&self, graph: &Graph, id: NodeId, source: Source, users: &[NodeId]) -> Home {
        let uses = &self.uses[id.index()];
        let own = self.stage(id);
        let wanted =
            if uses.iter().any(|u| u.phase != own.phase) { Home::Tensor } else { Home::Tile };
        if matches!(graph.node(id).op, Op::Input(_)) {
            return Home::Tensor;
        }
        if is_anchor(graph, id) {
            return wanted;
        }
        let extent = image_extent(graph, id);
        let feeds_larger = users.iter().any(|&u| {
            !is_anchor(graph, u) && graph.node(u).ty.batched && image_extent(graph, u) > extent
        });
        let join = source == Source::Node(id) && uses.iter().any(|&u| u != own);
        let hoisted = feeds_larger && source != Source::Nothing;
        if join || hoisted { wanted } else { Home::Inline }
    }
}

/// Elements of one image's value.
fn image_extent(graph: &Graph, id: NodeId) -> usize {
    let Shape([_, h, w, c]) = graph.node(id).ty.shape;
    h * w * c
}

/// A value outside the batch is stored if something batched, an anchor or several others read
/// it, so that it is computed once rather than once an element.
fn global(graph: &Graph, id: NodeId, users: &[NodeId]) -> Home {
    let node = graph.node(id);
    if matches!(node.op, Op::Const(_)) {
        return Home::Inline;
    }
    let read_outside = users.iter().any(|&u| is_anchor(graph, u) || graph.node(u).ty.batched);
    if is_anchor(graph, id) || matches!(node.op, Op::Input(_)) || read_outside {
        Home::Tensor
    } else {
        Home::Inline
    }
}

/// Whether a node is computed exactly once.
pub fn is_anchor(graph: &Graph, id: NodeId) -> bool {
    match graph.node(id).op.class() {
        Class::Window | Class::Contraction | Class::Reduction | Class::Move => true,
        Class::Source | Class::Pointwise | Class::Order => false,
    }
}

/// What maxima are taken of: their gradient goes to the elements that equal them, so that these are
/// stored as they are computed, in single precision.
pub fn compared(graph: &Graph) -> impl Iterator<Item = NodeId> + '_ {
    let maxima = |node: &&Node| matches!(node.op, Op::Reduce(ReduceKind::Max, _));
    graph.nodes.iter().filter(maxima).map(|node| node.args[0])
}

/// Whether a node closes a phase: it reads batched values and yields one for the whole batch, or waits for
/// all ranks.
pub fn closes_phase(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let of_batch = !node.ty.batched && node.args.iter().any(|a| graph.node(*a).ty.batched);
    of_batch || node.op == Op::Total
}

fn stages(graph: &Graph) -> Vec<Stage> {
    let mut stage: Vec<Stage> = Vec::with_capacity(graph.nodes.len());
    for id in graph.ids() {
        let node = graph.node(id);
        let in_batch = node.ty.batched || closes_phase(graph, id);
        let available = |arg: NodeId| {
            let at = stage[arg.index()];
            match (graph.node(arg).ty.batched, closes_phase(graph, arg)) {
                (true, _) if in_batch => {
                    Stage { rank: at.rank + u32::from(is_anchor(graph, arg)), ..at }
                }
                (_, true) => Stage { phase: at.phase + 1, rank: 0 },
                (_, false) => Stage { phase: at.phase, rank: 0 },
            }
        };
        let latest = node.args.iter().map(|&a| available(a)).max().unwrap_or_default();
        stage.push(latest);
    }
    stage
}

/// The one stored value that a pointwise value can be recomputed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// No tensor of its own size: constants, random numbers, per-channel or per-image values.
    Nothing,
    /// This node; the value itself where it joins several.
    Node(NodeId),
}

fn sources(graph: &Graph) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::with_capacity(graph.nodes.len());
    for id in graph.ids() {
        let node = graph.node(id);
        let own = is_anchor(graph, id) || matches!(node.op, Op::Input(_));
        let source = if own || !node.ty.batched {
            Source::Node(id)
        } else {
            let mut parts = node
                .args
                .iter()
                .filter(|&&a| graph.node(a).ty == node.ty)
                .map(|a| sources[a.index()])
                .filter(|&s| s != Source::Nothing);
            match parts.next() {
                None => Source::Nothing,
                Some(first) if parts.all(|s| s == first) => first,
                Some(_) => Source::Node(id),
            }
        };
        sources.push(source);
    }
    sources
}
