//! Placement → phases: which steps run for each image, in which order, through which tiles.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::buffer::{Buffer, Extent, Stored};
use super::fuse::{LoopBuilder, LoopTable, extent, plain};
use super::schedule::{Merge, MergeKind, Pack, Phase, Tile};
use super::step::Step;
use super::tensors::Tensors;
use crate::engine::cpu::loops::Accumulate;
use crate::engine::cpu::operand::{NumberFormat, Operand};
use crate::engine::cpu::simd::{Contraction, Direction, Isa};
use crate::engine::cpu::windows::Window;
use crate::engine::{EngineError, Precision};
use crate::graph::placement::{Home, Placement, Stage, closes_phase, is_anchor};
use crate::graph::{AxisMap, ConvGeometry, Graph, NodeId, Op, ReduceKind, Remap, Type};

/// What one rank of a phase has to do.
#[derive(Default)]
struct Rank {
    stored: Vec<NodeId>,
    anchors: Vec<NodeId>,
}

/// Builds the image steps of one phase after another.
pub struct PhaseBuilder<'a> {
    pub(super) graph: &'a Graph,
    pub(super) placement: &'a Placement,
    isa: Isa,
    precision: Precision,
    pub(super) formats: &'a [NumberFormat],
    /// One for each geometry and pair of channel counts.
    contractions: HashMap<(ConvGeometry, usize, usize), Arc<Contraction>>,
    /// Values that can be read: everything stored so far.
    pub(super) ready: HashMap<NodeId, Stored>,
    phase: Phase<Extent>,
    /// Of all phases.
    pub(super) tiles: Vec<Tile>,
    /// Tiles of this phase that hold what an anchor reads.
    pub(super) operands: HashMap<(NodeId, Operand), Buffer>,
    /// Results that lie in a tile and have yet to be stored in their tensor.
    pub(super) unstored: Vec<(NodeId, Stored)>,
    /// The same once stored: their tiles are read until the phase ends, their tensors afterwards.
    moved: Vec<(NodeId, Stored)>,
}

/// Something a loop does besides computing.
enum Target {
    Store(NodeId, Stored),
    Reduce(NodeId),
}

impl<'a> PhaseBuilder<'a> {
    /// A builder to which inputs and values outside the batch are ready.
    pub fn new(
        tensors: &Tensors<'a>,
        placement: &'a Placement,
        formats: &'a [NumberFormat],
        (isa, precision): (Isa, Precision),
    ) -> Self {
        let graph = tensors.graph;
        let mut ready = HashMap::new();
        for id in graph.ids() {
            let node = graph.node(id);
            let stored = placement.home(id) == Home::Tensor;
            if stored && !node.ty.batched {
                ready.insert(id, tensors.at(id));
            } else if stored && matches!(node.op, Op::Input(_)) {
                let operand = Operand { format: formats[id.index()], ..plain(node.ty) };
                ready.insert(id, Stored { buffer: Buffer::Tensor(id), operand });
            }
        }
        Self {
            graph,
            placement,
            isa,
            precision,
            formats,
            contractions: HashMap::new(),
            ready,
            phase: Phase::default(),
            tiles: Vec::new(),
            operands: HashMap::new(),
            unstored: Vec::new(),
            moved: Vec::new(),
        }
    }

    /// What image steps keep in scratch, all phases together.
    pub fn finish(self) -> Vec<Tile> {
        self.tiles
    }

    /// The image steps of a phase, from the nodes whose stage lies in it.
    pub fn build(
        &mut self,
        nodes: &[NodeId],
        loops: &mut LoopTable,
    ) -> Result<Phase<Extent>, EngineError> {
        self.operands.clear();
        let mut ranks: BTreeMap<u32, Rank> = BTreeMap::new();
        for &id in nodes {
            let anchor = is_anchor(self.graph, id);
            let Stage { rank, .. } = self.placement.stage(id);
            let entry = ranks.entry(rank).or_default();
            if anchor {
                entry.anchors.push(id);
            } else if self.placement.home(id) != Home::Inline {
                entry.stored.push(id);
            }
        }
        for rank in ranks.values() {
            self.rank(rank, loops)?;
        }
        self.rank(&Rank::default(), loops)?;
        self.ready.retain(|_, at| !matches!(at.buffer, Buffer::Tile(_)));
        self.ready.extend(self.moved.drain(..));
        Ok(std::mem::take(&mut self.phase))
    }

    fn rank(&mut self, rank: &Rank, loops: &mut LoopTable) -> Result<(), EngineError> {
        let mut targets: BTreeMap<(usize, [usize; 3]), Vec<Target>> = BTreeMap::new();
        let mut add = |ty: Type, target: Target| {
            let extent = extent(ty);
            // Small results first: a larger loop of the same rank may read them.
            targets.entry((extent.iter().product(), extent)).or_default().push(target);
        };
        let mut results: Vec<(NodeId, Stored)> = Vec::new();
        for (id, at) in std::mem::take(&mut self.unstored) {
            add(self.graph.node(id).ty, Target::Store(id, at));
            self.moved.push((id, at));
        }
        for &id in &rank.stored {
            let at = self.result(id);
            add(self.graph.node(id).ty, Target::Store(id, at));
            results.push((id, at));
        }
        for &id in &rank.anchors {
            let node = self.graph.node(id);
            if let Op::Reduce(..) = node.op {
                add(self.graph.node(node.args[0]).ty, Target::Reduce(id));
                continue;
            }
            for (read, at) in self.operand_tiles(id)? {
                add(self.graph.node(read).ty, Target::Store(read, at));
            }
        }
        for ((_, extent), targets) in targets {
            self.fused(extent, &targets, loops);
            for target in &targets {
                if let Target::Store(id, at) = target
                    && results.contains(&(*id, *at))
                {
                    self.ready.insert(*id, *at);
                }
            }
        }
        for &id in &rank.anchors {
            self.anchor(id)?;
        }
        Ok(())
    }

    /// New tiles that loops have to fill before an anchor can read them.
    fn operand_tiles(&mut self, id: NodeId) -> Result<Vec<(NodeId, Stored)>, EngineError> {
        let mut unfilled = Vec::new();
        for (read, operand) in self.operands_of(id)? {
            let there = self.operands.contains_key(&(read, operand));
            if there || self.direct(read, &operand).is_some() {
                continue;
            }
            let at = self.tile(operand);
            self.operands.insert((read, operand), at.buffer);
            if operand.needs_clearing() {
                self.phase.steps.push(Step::ClearBorder { operand, tile: at.extent() });
            }
            unfilled.push((read, at));
        }
        Ok(unfilled)
    }

    fn fused(&mut self, extent: [usize; 3], targets: &[Target], loops: &mut LoopTable) {
        let mut results = Vec::new();
        for target in targets {
            if let Target::Reduce(id) = *target {
                results.push((id, self.accumulator(id)));
            }
        }
        let mut builder = LoopBuilder::new(self.graph, &self.ready, extent);
        for target in targets {
            if let Target::Store(id, at) = *target {
                builder.store(id, at);
            }
        }
        for &(id, at) in &results {
            let node = self.graph.node(id);
            let Op::Reduce(kind, _) = node.op else { continue };
            let image = Type { batched: true, ..node.ty };
            let kind = match kind {
                ReduceKind::Sum => Accumulate::Sum,
                ReduceKind::Max => Accumulate::Max,
                ReduceKind::M2 => Accumulate::Moments { pitch: plain(image).words() },
            };
            builder.reduce(kind, node.args[0], at, image);
        }
        self.phase.steps.push(Step::Loop(builder.finish(loops)));
        for (id, at) in results {
            if closes_phase(self.graph, id) {
                self.merge(id, at);
            } else {
                self.ready.insert(id, at);
            }
        }
    }

    fn merge(&mut self, id: NodeId, partials: Stored) {
        let node = self.graph.node(id);
        let Op::Reduce(kind, _) = node.op else { return };
        let mut parts = partials.extent();
        let kind = match kind {
            ReduceKind::Sum => MergeKind::Sum,
            ReduceKind::Max => MergeKind::Max,
            ReduceKind::M2 => {
                let elements = extent(self.graph.node(node.args[0]).ty).iter().product::<usize>();
                let count = elements / parts.words;
                // Shift, first and second moments.
                parts.words *= 3;
                MergeKind::Moments { count }
            }
        };
        let result = Extent { buffer: Buffer::Tensor(id), words: plain(node.ty).words() };
        self.phase.merges.push(Merge { kind, parts, result });
    }

    /// The kernels of a contraction.
    pub(super) fn contraction(&mut self, id: NodeId) -> Result<Arc<Contraction>, EngineError> {
        let node = self.graph.node(id);
        let channels = |arg: usize| self.graph.node(node.args[arg]).ty.shape.0[3];
        let (geometry, ci, co) = match node.op {
            Op::Conv(g) => (g, channels(0), node.ty.shape.0[3]),
            Op::ConvDx(g) => (g, node.ty.shape.0[3], channels(0)),
            Op::ConvDw(g) => (g, channels(0), channels(1)),
            _ => unreachable!("only contractions have plans"),
        };
        let key = (geometry, ci, co);
        if let Some(plan) = self.contractions.get(&key) {
            return Ok(plan.clone());
        }
        let plan = Arc::new(Contraction::new(geometry, ci, co, self.isa, self.precision)?);
        self.contractions.insert(key, plan.clone());
        Ok(plan)
    }

    /// The batched operands of an anchor and how it reads them.
    fn operands_of(&mut self, id: NodeId) -> Result<Vec<(NodeId, Operand)>, EngineError> {
        let node = self.graph.node(id);
        Ok(match node.op {
            Op::Conv(_) => vec![(node.args[0], self.contraction(id)?.x())],
            Op::ConvDx(_) => vec![(node.args[0], self.contraction(id)?.g())],
            Op::ConvDw(_) => {
                let plan = self.contraction(id)?;
                vec![(node.args[0], plan.x()), (node.args[1], plan.g())]
            }
            _ => node.args.iter().map(|&a| (a, plain(self.graph.node(a).ty))).collect(),
        })
    }

    /// A product of packed weights, which are packed before the phase.
    fn convolve(
        &mut self,
        id: NodeId,
        direction: Direction,
        from: Extent,
        to: Extent,
    ) -> Result<Step<Extent>, EngineError> {
        let plan = self.contraction(id)?;
        let weights = self.ready[&self.graph.node(id).args[1]].extent();
        let packed = Extent { buffer: Buffer::Packed(id), words: plan.packed_words(direction) };
        self.phase.packs.push(Pack { plan: plan.clone(), direction, weights, packed });
        Ok(Step::Convolve { plan, direction, from, weights: packed, to })
    }

    fn weight_gradient(&mut self, id: NodeId, x: Extent, g: Extent) -> Result<(), EngineError> {
        let plan = self.contraction(id)?;
        let parts = Extent { buffer: Buffer::Sums(id), words: plan.dw_words() };
        let words = plain(self.graph.node(id).ty).words();
        let result = Extent { buffer: Buffer::Tensor(id), words };
        let kind = MergeKind::Weights(plan.clone());
        self.phase.merges.push(Merge { kind, parts, result });
        let [kept, scratch] = [plan.dw_kept_words(), plan.dw_scratch_words()]
            .map(|words| (words > 0).then(|| self.scratch(words)));
        self.phase.steps.push(Step::WeightGradient { plan, x, g, kept, scratch, sums: parts });
        Ok(())
    }

    /// The step of an anchor; reductions have theirs in a loop.
    fn anchor(&mut self, id: NodeId) -> Result<(), EngineError> {
        let node = self.graph.node(id);
        if let Op::Reduce(..) = node.op {
            return Ok(());
        }
        let read = self.operands_of(id)?;
        let operands: Vec<Extent> = read.iter().map(|(a, o)| self.operand(*a, o)).collect();
        if let Op::ConvDw(_) = node.op {
            return self.weight_gradient(id, operands[0], operands[1]);
        }
        let at = self.step_result(id)?;
        let step = self.image_step(id, operands, at.extent())?;
        self.phase.steps.push(step);
        self.ready.insert(id, at);
        Ok(())
    }

    fn image_step(
        &mut self,
        id: NodeId,
        operands: Vec<Extent>,
        result: Extent,
    ) -> Result<Step<Extent>, EngineError> {
        let node = self.graph.node(id);
        let channels = node.ty.shape.0[3];
        let window = match node.op {
            Op::Conv(_) => return self.convolve(id, Direction::Forward, operands[0], result),
            Op::ConvDx(_) => return self.convolve(id, Direction::Backward, operands[0], result),
            Op::Pool(geometry) => Window::Pool { geometry, channels },
            Op::PoolDx(geometry) => Window::PoolDx { geometry, channels },
            Op::Remap(map) => {
                let [rows, columns, channels] = extent(self.graph.node(node.args[0]).ty);
                Window::Remap { map: map.of_one(), from: [1, rows, columns, channels] }
            }
            // Plain images lie in one piece, so that another shape is a copy.
            Op::Reshape => {
                let map = Remap { axes: node.ty.shape.0.map(AxisMap::identity) }.of_one();
                let [rows, columns, channels] = extent(node.ty);
                Window::Remap { map, from: [1, rows, columns, channels] }
            }
            Op::Input(_)
            | Op::Const(_)
            | Op::Unary(_)
            | Op::Binary(_)
            | Op::Broadcast
            | Op::Random { .. }
            | Op::Index
            | Op::ConvDw(_)
            | Op::Reduce(..)
            | Op::Total
            | Op::Detach
            | Op::After => unreachable!("not a step of its own"),
        };
        Ok(Step::Window { window, operands, result })
    }
}
