//! Where the values of a phase live: in their tensors, or in tiles of a thread's scratch.
//!
//! Every tile is made for an [`Operand`], and every step takes as much of a buffer as its own
//! operand says, so that one that reaches beyond the last pixel can be read as one that does not
//! ([`Operand::holds`]).

use super::buffer::{Buffer, Extent, Stored};
use super::fuse::plain;
use super::phase::PhaseBuilder;
use super::schedule::Tile;
use crate::engine::EngineError;
use crate::engine::cpu::operand::{NumberFormat, Operand};
use crate::engine::cpu::simd::Direction;
use crate::graph::placement::{Home, closes_phase};
use crate::graph::{NodeId, Op, Type};

impl PhaseBuilder<'_> {
    /// Where a pointwise value or a reduction within an image is written.
    pub(super) fn result(&mut self, id: NodeId) -> Stored {
        match self.placement.home(id) {
            Home::Tensor => self.tensor(id),
            Home::Tile | Home::Inline => self.tile(plain(self.graph.node(id).ty)),
        }
    }

    /// A node's tensor.
    fn tensor(&self, id: NodeId) -> Stored {
        let operand = plain(self.graph.node(id).ty);
        let format = self.formats[id.index()];
        Stored { buffer: Buffer::Tensor(id), operand: Operand { format, ..operand } }
    }

    /// A new tile.
    pub(super) fn tile(&mut self, operand: Operand) -> Stored {
        self.tiles.push(Tile::Image(operand));
        Stored { buffer: Buffer::Tile(self.tiles.len() - 1), operand }
    }

    /// Memory without a layout.
    pub(super) fn scratch(&mut self, words: usize) -> Extent {
        self.tiles.push(Tile::Scratch { words });
        Extent { buffer: Buffer::Tile(self.tiles.len() - 1), words }
    }

    /// Where a step of its own writes its result: in its tensor if that lies as the step writes,
    /// else in a tile, from which a loop stores it.
    pub(super) fn step_result(&mut self, id: NodeId) -> Result<Stored, EngineError> {
        let node = self.graph.node(id);
        let written = match node.op {
            Op::Conv(_) => self.contraction(id)?.written(Direction::Forward),
            Op::ConvDx(_) => self.contraction(id)?.written(Direction::Backward),
            _ => plain(node.ty),
        };
        let tensor = (self.placement.home(id) == Home::Tensor).then(|| self.tensor(id));
        match tensor {
            Some(at) if at.operand == written => Ok(at),
            Some(at) => {
                self.unstored.push((id, at));
                Ok(self.tile(written))
            }
            None => Ok(self.tile(written)),
        }
    }

    /// What a reduction accumulates in.
    pub(super) fn accumulator(&mut self, id: NodeId) -> Stored {
        if closes_phase(self.graph, id) {
            let ty = Type { batched: true, ..self.graph.node(id).ty };
            Stored { buffer: Buffer::Partial(id), operand: plain(ty) }
        } else {
            self.result(id)
        }
    }

    /// A stored value that already lies as the operand has to. In bf16 it must be copied: a
    /// tensor's images begin anywhere, and AMX reads tiles that begin on cache lines.
    pub(super) fn direct(&self, node: NodeId, operand: &Operand) -> Option<Buffer> {
        let at = self.ready.get(&node)?;
        (at.operand.holds(operand) && operand.format == NumberFormat::F32).then_some(at.buffer)
    }

    /// What a step reads as an operand.
    pub(super) fn operand(&self, node: NodeId, operand: &Operand) -> Extent {
        let direct = self.direct(node, operand);
        let buffer = direct.unwrap_or_else(|| self.operands[&(node, *operand)]);
        Extent { buffer, words: operand.words() }
    }
}
