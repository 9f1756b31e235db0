//! Where the values of a phase live: in their tensors, or in tiles of a thread's scratch.

use super::phases::PhaseBuilder;
use super::program::Tile;
use super::simd::{Border, Operand, ResultLayout, TileLayout};
use crate::engine::EngineError;
use crate::engine::cpu::fuse::{Buffer, Location, extent};
use crate::engine::cpu::loops::Format;
use crate::graph::placement::{Home, closes_phase};
use crate::graph::{NodeId, Op, Type};

impl PhaseBuilder<'_> {
    /// Where a value of this phase will live.
    pub(super) fn result(&mut self, id: NodeId) -> Location {
        let ty = self.graph.node(id).ty;
        match self.placement.home(id) {
            Home::Tensor => self.tensor(id),
            Home::Tile | Home::Inline => self.plain_tile(ty),
        }
    }

    pub(super) fn tensor(&self, id: NodeId) -> Location {
        let plain = Location::plain(Buffer::Tensor(id), self.graph.node(id).ty);
        Location { format: self.formats[id.index()], ..plain }
    }

    pub(super) fn plain_tile(&mut self, ty: Type) -> Location {
        let operand = Operand::plain(plain_layout(ty));
        Location::plain(Buffer::Tile(self.tile(Some(operand), operand.words())), ty)
    }

    pub(super) fn tile(&mut self, operand: Option<Operand>, words: usize) -> usize {
        self.phase.tiles.push(Tile { operand, words, live: (usize::MAX, 0) });
        self.phase.tiles.len() - 1
    }

    /// Where a step of its own writes its result: in its tensor if it can, else in a tile, from
    /// which a loop stores it.
    pub(super) fn step_result(&mut self, id: NodeId) -> Result<Location, EngineError> {
        let (op, ty) = (&self.graph.node(id).op, self.graph.node(id).ty);
        let layout = match op {
            Op::Conv(_) => Some(self.plan(id)?.y()),
            Op::ConvDx(_) => Some(self.plan(id)?.input_gradient()),
            _ => None,
        };
        let home = self.result_home(id);
        let plain = Location::plain(Buffer::Tile(0), ty);
        let image: usize = extent(ty).iter().product();
        // Tiles of AMX may also reach beyond the last pixel.
        let fits = |l: ResultLayout, words: usize| {
            (l.row, l.pixel) == (plain.row, plain.column) && words <= image
        };
        if let Some((layout, words)) = layout.filter(|&(l, words)| !fits(l, words)) {
            let tile = Buffer::Tile(self.tile(None, words));
            self.unstored.extend(home.map(|at| (id, at)));
            let at = Location { buffer: tile, row: layout.row, column: layout.pixel, ..plain };
            return Ok(at);
        }
        match home {
            Some(at) if at.format == Format::F32 => Ok(at),
            Some(at) => {
                self.unstored.push((id, at));
                Ok(self.plain_tile(ty))
            }
            None => Ok(self.plain_tile(ty)),
        }
    }

    fn result_home(&self, id: NodeId) -> Option<Location> {
        (self.placement.home(id) == Home::Tensor).then(|| self.tensor(id))
    }

    pub(super) fn accumulator(&mut self, id: NodeId) -> Location {
        if closes_phase(self.graph, id) {
            let ty = Type { batched: true, ..self.graph.node(id).ty };
            Location::plain(Buffer::Partial(id), ty)
        } else {
            self.result(id)
        }
    }

    /// A stored value that already lies as the operand has to.
    pub(super) fn direct(&self, node: NodeId, operand: &Operand) -> Option<Buffer> {
        let at = self.ready.get(&node)?;
        let layout = &operand.layout;
        let bare = layout.border == Border::default() && layout.slack == 0;
        let plain = Location::plain(at.buffer, self.graph.node(node).ty) == *at;
        (bare && plain && operand.format == Format::F32).then_some(at.buffer)
    }

    pub(super) fn operand(&self, node: NodeId, operand: Operand) -> Buffer {
        self.direct(node, &operand).unwrap_or_else(|| Buffer::Tile(self.operands[&(node, operand)]))
    }
}

/// One image without a border.
pub fn plain_layout(ty: Type) -> TileLayout {
    let [rows, columns, channels] = extent(ty);
    TileLayout { image: [rows, columns], channels, border: Border::default(), slack: 0 }
}
