//! Placement → phases: which steps run for each image, in which order, through which tiles.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::program::{Closing, ImageStep, LoopStep, Pack, Packing, Phase, Tile};
use super::simd::{Border, ConvPlan, Isa, TileLayout};
use crate::engine::EngineError;
use crate::graph::{ConvGeometry, Graph, NodeId, Op, ReduceKind, Type};
use crate::schedule::fuse::{Buffer, Location, LoopBuilder, extent};
use crate::schedule::loops::{Accumulate, Format};
use crate::schedule::placement::{Home, Placement, Stage, closes_phase, is_anchor};

/// Convolution plans, one for each geometry and pair of channel counts.
#[derive(Default)]
pub struct Plans(HashMap<(ConvGeometry, usize, usize), Arc<ConvPlan>>);

impl Plans {
    fn get(
        &mut self,
        geometry: ConvGeometry,
        ci: usize,
        co: usize,
        isa: Isa,
    ) -> Result<Arc<ConvPlan>, EngineError> {
        if let Some(plan) = self.0.get(&(geometry, ci, co)) {
            return Ok(plan.clone());
        }
        let plan = Arc::new(ConvPlan::new(geometry, ci, co, isa)?);
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
    graph: &'a Graph,
    placement: &'a Placement,
    isa: Isa,
    plans: Plans,
    /// Values that can be read: everything stored so far.
    ready: HashMap<NodeId, Location>,
    phase: Phase,
    operands: HashMap<(NodeId, TileLayout), usize>,
}

/// Something a loop does besides computing.
enum Target {
    Store(NodeId, Location),
    Reduce(NodeId),
}

impl<'a> PhaseBuilder<'a> {
    /// A builder to which inputs and values outside the batch are ready.
    pub fn new(graph: &'a Graph, placement: &'a Placement, isa: Isa) -> Self {
        let mut ready = HashMap::new();
        for id in graph.ids() {
            let node = graph.node(id);
            let stored = placement.home(id) == Home::Tensor;
            if stored && (!node.ty.batched || matches!(node.op, Op::Input(_))) {
                ready.insert(id, Location::plain(Buffer::Tensor(id), node.ty));
            }
        }
        Self {
            graph,
            placement,
            isa,
            plans: Plans::default(),
            ready,
            phase: Phase::default(),
            operands: HashMap::new(),
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
        self.ready.retain(|_, at| !matches!(at.buffer, Buffer::Tile(_)));
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
            for (operand, layout) in self.operand_layouts(id)? {
                if self.direct(operand, &layout).is_some()
                    || self.operands.contains_key(&(operand, layout))
                {
                    continue;
                }
                let tile = self.tile(layout);
                self.operands.insert((operand, layout), tile);
                if layout.border != Border::default() {
                    self.phase.steps.push(ImageStep::Border(tile));
                }
                let at = Location {
                    buffer: Buffer::Tile(tile),
                    offset: layout.pixel(0, 0),
                    row: layout.pitch(),
                    column: layout.channels,
                    format: Format::F32,
                };
                add(self.graph.node(operand).ty, Target::Store(operand, at));
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

    /// Where a value of this phase will live.
    fn result(&mut self, id: NodeId) -> Location {
        let ty = self.graph.node(id).ty;
        let buffer = match self.placement.home(id) {
            Home::Tensor => Buffer::Tensor(id),
            Home::Tile | Home::Inline => Buffer::Tile(self.tile(plain_layout(ty))),
        };
        Location::plain(buffer, ty)
    }

    fn tile(&mut self, layout: TileLayout) -> usize {
        self.phase.tiles.push(Tile { layout, live: (usize::MAX, 0) });
        self.phase.tiles.len() - 1
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

    fn accumulator(&mut self, id: NodeId) -> Location {
        if closes_phase(self.graph, id) {
            let ty = Type { batched: true, ..self.graph.node(id).ty };
            Location::plain(Buffer::Partial(id), ty)
        } else {
            self.result(id)
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

    fn plan(&mut self, id: NodeId) -> Result<Arc<ConvPlan>, EngineError> {
        let node = self.graph.node(id);
        let channels = |arg: usize| self.graph.node(node.args[arg]).ty.shape.0[3];
        let (geometry, ci, co) = match node.op {
            Op::Conv(g) => (g, channels(0), node.ty.shape.0[3]),
            Op::ConvDx(g) => (g, node.ty.shape.0[3], channels(0)),
            Op::ConvDw(g) => (g, channels(0), channels(1)),
            _ => unreachable!("only contractions have plans"),
        };
        self.plans.get(geometry, ci, co, self.isa)
    }

    /// The batched operands of an anchor and the layouts it reads them in.
    fn operand_layouts(&mut self, id: NodeId) -> Result<Vec<(NodeId, TileLayout)>, EngineError> {
        let node = self.graph.node(id);
        Ok(match node.op {
            Op::Conv(_) => vec![(node.args[0], *self.plan(id)?.x_tile())],
            Op::ConvDx(_) => vec![(node.args[0], *self.plan(id)?.g_tile())],
            Op::ConvDw(_) => {
                let plan = self.plan(id)?;
                vec![(node.args[0], *plan.x_tile()), (node.args[1], *plan.g_tile())]
            }
            _ => node.args.iter().map(|&a| (a, plain_layout(self.graph.node(a).ty))).collect(),
        })
    }

    /// A stored value that already lies in the layout.
    fn direct(&self, operand: NodeId, layout: &TileLayout) -> Option<Buffer> {
        let at = self.ready.get(&operand)?;
        (layout.border == Border::default() && layout.slack == 0).then_some(at.buffer)
    }

    fn operand(&self, operand: NodeId, layout: TileLayout) -> Buffer {
        self.direct(operand, &layout)
            .unwrap_or_else(|| Buffer::Tile(self.operands[&(operand, layout)]))
    }

    fn pack(&mut self, plan: &Arc<ConvPlan>, node: NodeId, packing: Packing) -> usize {
        let weights = self.graph.node(node).args[1];
        self.phase.packs.push(Pack { plan: plan.clone(), weights, node, packing });
        self.phase.packs.len() - 1
    }

    fn anchor(&mut self, id: NodeId) -> Result<(), EngineError> {
        let node = self.graph.node(id);
        if let Op::Reduce(..) = node.op {
            return Ok(());
        }
        let layouts = self.operand_layouts(id)?;
        let operands: Vec<Buffer> = layouts.iter().map(|&(a, l)| self.operand(a, l)).collect();
        if let Op::ConvDw(_) = node.op {
            let plan = self.plan(id)?;
            let (x, g) = (operands[0], operands[1]);
            self.phase.closings.push(Closing::Dw { node: id, plan: plan.clone() });
            self.phase.steps.push(ImageStep::Dw { plan, x, g, node: id });
            return Ok(());
        }
        let at = self.result(id);
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
            | Op::Detach => unreachable!("not a step of its own"),
        })
    }
}

/// Elements of one image's share of a reduction's result.
pub fn partial_len(ty: Type) -> usize {
    let [_, h, w, c] = ty.shape.0;
    h * w * c
}

fn plain_layout(ty: Type) -> TileLayout {
    let [rows, columns, channels] = extent(ty);
    TileLayout { image: [rows, columns], channels, border: Border::default(), slack: 0 }
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
        ImageStep::Dw { x, g, .. } => vec![*x, *g],
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
