//! Placement → phases: which steps run for each image, in which order, through which tiles.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::places::plain_layout;
use super::program::{Closing, ImageStep, LoopStep, Pack, Packing, Phase};
use super::simd::{Border, Contraction, Isa, Operand};
use crate::engine::cpu::fuse::{Buffer, Location, LoopBuilder, extent};
use crate::engine::cpu::loops::{Accumulate, Format};
use crate::engine::{EngineError, Precision};
use crate::graph::placement::{Home, Placement, Stage, closes_phase, is_anchor};
use crate::graph::{ConvGeometry, Graph, NodeId, Op, ReduceKind, Type};

/// Convolution plans, one for each geometry and pair of channel counts.
#[derive(Default)]
pub struct Plans(HashMap<(ConvGeometry, usize, usize), Arc<Contraction>>);

impl Plans {
    fn get(
        &mut self,
        geometry: ConvGeometry,
        ci: usize,
        co: usize,
        (isa, precision): (Isa, Precision),
    ) -> Result<Arc<Contraction>, EngineError> {
        if let Some(plan) = self.0.get(&(geometry, ci, co)) {
            return Ok(plan.clone());
        }
        let plan = Arc::new(Contraction::new(geometry, ci, co, isa, precision)?);
        self.0.insert((geometry, ci, co), plan.clone());
        Ok(plan)
    }
}

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
    pub(super) formats: &'a [Format],
    plans: Plans,
    /// Values that can be read: everything stored so far.
    pub(super) ready: HashMap<NodeId, Location>,
    pub(super) phase: Phase,
    pub(super) operands: HashMap<(NodeId, Operand), usize>,
    /// Results that lie in a tile and have yet to be stored in their tensor.
    pub(super) unstored: Vec<(NodeId, Location)>,
    /// The same once stored: their tiles are read until the phase ends, their tensors afterwards.
    moved: Vec<(NodeId, Location)>,
}

/// Something a loop does besides computing.
enum Target {
    Store(NodeId, Location),
    Reduce(NodeId),
}

impl<'a> PhaseBuilder<'a> {
    /// A builder to which inputs and values outside the batch are ready.
    pub fn new(
        graph: &'a Graph,
        placement: &'a Placement,
        formats: &'a [Format],
        (isa, precision): (Isa, Precision),
    ) -> Self {
        let mut ready = HashMap::new();
        for id in graph.ids() {
            let node = graph.node(id);
            let stored = placement.home(id) == Home::Tensor;
            if stored && (!node.ty.batched || matches!(node.op, Op::Input(_))) {
                let format = formats[id.index()];
                ready.insert(
                    id,
                    Location { format, ..Location::plain(Buffer::Tensor(id), node.ty) },
                );
            }
        }
        Self {
            graph,
            placement,
            isa,
            precision,
            formats,
            plans: Plans::default(),
            ready,
            phase: Phase::default(),
            operands: HashMap::new(),
            unstored: Vec::new(),
            moved: Vec::new(),
        }
    }

    /// The image steps of a phase, from the nodes whose stage lies in it.
    pub fn build(&mut self, nodes: &[NodeId]) -> Result<Phase, EngineError> {
        self.phase = Phase::default();
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
            self.rank(rank)?;
        }
        self.rank(&Rank::default())?;
        self.ready.retain(|_, at| !matches!(at.buffer, Buffer::Tile(_)));
        self.ready.extend(self.moved.drain(..));
        let mut phase = std::mem::take(&mut self.phase);
        live_ranges(&mut phase);
        Ok(phase)
    }

    fn rank(&mut self, rank: &Rank) -> Result<(), EngineError> {
        let mut targets: BTreeMap<(usize, [usize; 3]), Vec<Target>> = BTreeMap::new();
        let mut add = |ty: Type, target: Target| {
            let extent = extent(ty);
            // Small results first: a larger loop of the same rank may read them.
            targets.entry((extent.iter().product(), extent)).or_default().push(target);
        };
        let mut results: Vec<(NodeId, Location)> = Vec::new();
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
            for (node, operand) in self.operands_of(id)? {
                if self.direct(node, &operand).is_some()
                    || self.operands.contains_key(&(node, operand))
                {
                    continue;
                }
                let tile = self.tile(Some(operand), operand.words());
                self.operands.insert((node, operand), tile);
                let layout = operand.layout;
                let slack = operand.format != Format::F32 && layout.slack > 0;
                if layout.border != Border::default() || slack {
                    self.phase.steps.push(ImageStep::Border(tile));
                }
                let at = Location {
                    buffer: Buffer::Tile(tile),
                    offset: layout.pixel(0, 0),
                    row: layout.pitch(),
                    column: layout.channels,
                    format: operand.format,
                };
                add(self.graph.node(node).ty, Target::Store(node, at));
            }
        }
        for ((_, extent), targets) in targets {
            self.fused(extent, &targets);
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

    fn fused(&mut self, extent: [usize; 3], targets: &[Target]) {
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
                ReduceKind::M2 => Accumulate::Moments { pitch: partial_len(node.ty) },
            };
            builder.reduce(kind, node.args[0], at, image);
        }
        let (spec, buffers) = builder.finish();
        self.phase.steps.push(ImageStep::Loop(LoopStep { spec, buffers }));
        for (id, at) in results {
            if closes_phase(self.graph, id) {
                self.close(id);
            } else {
                self.ready.insert(id, at);
            }
        }
    }

    fn close(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        let Op::Reduce(kind, _) = node.op else { return };
        let from = extent(self.graph.node(node.args[0]).ty);
        let count = from.iter().product::<usize>() / partial_len(node.ty);
        self.phase.closings.push(match kind {
            ReduceKind::Sum => Closing::Fold { node: id, max: false },
            ReduceKind::Max => Closing::Fold { node: id, max: true },
            ReduceKind::M2 => Closing::Moments { node: id, count },
        });
    }

    pub(super) fn plan(&mut self, id: NodeId) -> Result<Arc<Contraction>, EngineError> {
        let node = self.graph.node(id);
        let channels = |arg: usize| self.graph.node(node.args[arg]).ty.shape.0[3];
        let (geometry, ci, co) = match node.op {
            Op::Conv(g) => (g, channels(0), node.ty.shape.0[3]),
            Op::ConvDx(g) => (g, node.ty.shape.0[3], channels(0)),
            Op::ConvDw(g) => (g, channels(0), channels(1)),
            _ => unreachable!("only contractions have plans"),
        };
        self.plans.get(geometry, ci, co, (self.isa, self.precision))
    }

    /// The batched operands of an anchor and how it reads them.
    fn operands_of(&mut self, id: NodeId) -> Result<Vec<(NodeId, Operand)>, EngineError> {
        let node = self.graph.node(id);
        Ok(match node.op {
            Op::Conv(_) => vec![(node.args[0], self.plan(id)?.x())],
            Op::ConvDx(_) => vec![(node.args[0], self.plan(id)?.g())],
            Op::ConvDw(_) => {
                let plan = self.plan(id)?;
                vec![(node.args[0], plan.x()), (node.args[1], plan.g())]
            }
            _ => {
                let plain = |a: NodeId| Operand::plain(plain_layout(self.graph.node(a).ty));
                node.args.iter().map(|&a| (a, plain(a))).collect()
            }
        })
    }

    fn pack(&mut self, plan: &Arc<Contraction>, node: NodeId, packing: Packing) -> usize {
        let weights = self.graph.node(node).args[1];
        self.phase.packs.push(Pack { plan: plan.clone(), weights, node, packing });
        self.phase.packs.len() - 1
    }

    fn anchor(&mut self, id: NodeId) -> Result<(), EngineError> {
        let node = self.graph.node(id);
        if let Op::Reduce(..) = node.op {
            return Ok(());
        }
        let layouts = self.operands_of(id)?;
        let operands: Vec<Buffer> = layouts.iter().map(|&(a, l)| self.operand(a, l)).collect();
        if let Op::ConvDw(_) = node.op {
            let plan = self.plan(id)?;
            let (x, g) = (operands[0], operands[1]);
            self.phase.closings.push(Closing::Dw { node: id, plan: plan.clone() });
            let words = plan.dw_scratch_words();
            let scratch = (words > 0).then(|| self.tile(None, words));
            self.phase.steps.push(ImageStep::Dw { plan, x, g, scratch, node: id });
            return Ok(());
        }
        let at = self.step_result(id)?;
        let step = self.image_step(id, &operands, at.buffer)?;
        self.phase.steps.push(step);
        self.ready.insert(id, at);
        Ok(())
    }

    fn image_step(
        &mut self,
        id: NodeId,
        operands: &[Buffer],
        to: Buffer,
    ) -> Result<ImageStep, EngineError> {
        let node = self.graph.node(id);
        let channels = node.ty.shape.0[3];
        Ok(match node.op {
            Op::Conv(_) => {
                let plan = self.plan(id)?;
                let weights = self.pack(&plan, id, Packing::Forward);
                ImageStep::Forward { plan, x: operands[0], weights, y: to }
            }
            Op::ConvDx(_) => {
                let plan = self.plan(id)?;
                let weights = self.pack(&plan, id, Packing::Dx);
                ImageStep::Dx { plan, g: operands[0], weights, dx: to }
            }
            Op::Pool(geometry) => ImageStep::Pool { geometry, channels, x: operands[0], y: to },
            Op::PoolDx(geometry) => {
                ImageStep::PoolDx { geometry, channels, x: operands[0], g: operands[1], dx: to }
            }
            Op::Remap(remap) => {
                let from = extent(self.graph.node(node.args[0]).ty);
                ImageStep::Remap { remap, from, x: operands[0], y: to }
            }
            Op::Input(_)
            | Op::Const(_)
            | Op::Unary(_)
            | Op::Binary(_)
            | Op::Broadcast
            | Op::Random { .. }
            | Op::ConvDw(_)
            | Op::Reduce(..)
            | Op::Detach
            | Op::After => unreachable!("not a step of its own"),
        })
    }
}

/// Elements of one image's share of a reduction's result.
pub fn partial_len(ty: Type) -> usize {
    let [_, h, w, c] = ty.shape.0;
    h * w * c
}

/// Buffers a step touches.
pub fn touched(step: &ImageStep) -> Vec<Buffer> {
    match step {
        ImageStep::Border(tile) => vec![Buffer::Tile(*tile)],
        ImageStep::Loop(step) => step.buffers.clone(),
        ImageStep::Forward { x, y, .. }
        | ImageStep::Pool { x, y, .. }
        | ImageStep::Remap { x, y, .. } => vec![*x, *y],
        ImageStep::Dx { g, dx, .. } => vec![*g, *dx],
        ImageStep::Dw { x, g, scratch, .. } => {
            [*x, *g].into_iter().chain(scratch.map(Buffer::Tile)).collect()
        }
        ImageStep::PoolDx { x, g, dx, .. } => vec![*x, *g, *dx],
    }
}

fn live_ranges(phase: &mut Phase) {
    for (index, step) in phase.steps.iter().enumerate() {
        for buffer in touched(step) {
            if let Buffer::Tile(tile) = buffer {
                let live = &mut phase.tiles[tile].live;
                *live = (live.0.min(index), live.1.max(index));
            }
        }
    }
}
