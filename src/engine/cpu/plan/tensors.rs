//! Where values outside the batch lie: another shape of one is the same memory.

use super::buffer::{Buffer, Stored};
use super::fuse::plain;
use crate::graph::{Graph, NodeId, Op, Program};

/// The memory of values outside the batch.
pub struct Tensors<'a> {
    /// What they are values of.
    pub graph: &'a Graph,
    /// The value whose memory each is; most their own.
    base: Vec<NodeId>,
}

impl<'a> Tensors<'a> {
    /// Of a program. What it is asked for has memory of its own, which is copied.
    pub fn of(program: &'a Program) -> Self {
        let graph = &program.graph;
        let mut base: Vec<NodeId> = graph.ids().collect();
        let mut root = vec![false; base.len()];
        program.roots().for_each(|id| root[id.index()] = true);
        for id in graph.ids().filter(|id| !root[id.index()]) {
            let node = graph.node(id);
            if node.op == Op::Reshape && !node.ty.batched {
                base[id.index()] = base[node.args[0].index()];
            }
        }
        Self { graph, base }
    }

    /// Whether a value is another's memory.
    pub fn is_shared(&self, id: NodeId) -> bool {
        self.base[id.index()] != id
    }

    /// A value's memory, in its own shape.
    pub fn at(&self, id: NodeId) -> Stored {
        let buffer = Buffer::Tensor(self.base[id.index()]);
        Stored { buffer, operand: plain(self.graph.node(id).ty) }
    }
}
