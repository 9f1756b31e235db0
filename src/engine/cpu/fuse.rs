//! Graph nodes → one loop nest: values that are stored are loaded, everything else is computed
//! in place.

use std::collections::HashMap;

use super::loops::{Access, Accumulate, Format, Inst, LoopSpec, Reduction, Scalar, Store};
use crate::graph::{Graph, NodeId, Number, Op, Shape, Type};

/// A region of memory that a loop reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Buffer {
    /// A node's whole tensor; a batched one advances from image to image.
    Tensor(NodeId),
    /// One image's scratch, by number within its phase.
    Tile(usize),
    /// Per-image partial results of a reduction over the batch.
    Partial(NodeId),
}

/// Where a value can be read or written: buffer, elements to skip, and elements between rows and
/// between columns. Channels are adjacent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Which memory.
    pub buffer: Buffer,
    /// First element.
    pub offset: usize,
    /// Elements between rows.
    pub row: usize,
    /// Elements between columns.
    pub column: usize,
    /// How the elements lie there.
    pub format: Format,
}

impl Location {
    /// Row-major without gaps.
    pub fn plain(buffer: Buffer, ty: Type) -> Self {
        let [_, columns, channels] = extent(ty);
        Self { buffer, offset: 0, row: columns * channels, column: channels, format: Format::F32 }
    }
}

/// Rows, columns and channels that a loop over a value of this type visits: one image's, or the
/// whole tensor's with its first two axes merged.
pub fn extent(ty: Type) -> [usize; 3] {
    let Shape([a, b, c, d]) = ty.shape;
    if ty.batched { [b, c, d] } else { [a * b, c, d] }
}

/// Builds one loop.
pub struct LoopBuilder<'a> {
    graph: &'a Graph,
    ready: &'a HashMap<NodeId, Location>,
    spec: LoopSpec,
    buffers: Vec<Buffer>,
    memo: HashMap<NodeId, Scalar>,
}

impl<'a> LoopBuilder<'a> {
    /// An empty loop of this extent, reading what is `ready`.
    pub fn new(graph: &'a Graph, ready: &'a HashMap<NodeId, Location>, extent: [usize; 3]) -> Self {
        Self {
            graph,
            ready,
            spec: LoopSpec { extent, ..LoopSpec::default() },
            buffers: Vec::new(),
            memo: HashMap::new(),
        }
    }

    /// The loop and the buffers behind its slots.
    pub fn finish(mut self) -> (LoopSpec, Vec<Buffer>) {
        self.spec.slots = self.buffers.len();
        (self.spec, self.buffers)
    }

    /// Stores a node's value.
    pub fn store(&mut self, node: NodeId, to: Location) {
        let value = self.value(node);
        let access = self.access(to, self.graph.node(node).ty);
        self.spec.stores.push(Store { access, value });
    }

    /// Accumulates a node's value into a result of type `result` (its first axis ignored where
    /// batched).
    pub fn reduce(&mut self, kind: Accumulate, node: NodeId, to: Location, result: Type) {
        let value = self.value(node);
        let access = self.access(to, result);
        self.spec.reductions.push(Reduction { kind, access, value });
    }

    fn slot(&mut self, buffer: Buffer) -> usize {
        self.buffers.iter().position(|&b| b == buffer).unwrap_or_else(|| {
            self.buffers.push(buffer);
            self.buffers.len() - 1
        })
    }

    fn access(&mut self, at: Location, ty: Type) -> Access {
        let [rows, columns, channels] = extent(ty);
        let along = |len: usize, stride: usize| if len == 1 { 0 } else { stride };
        let strides = [along(rows, at.row), along(columns, at.column), along(channels, 1)];
        Access { slot: self.slot(at.buffer), offset: at.offset, strides, format: at.format }
    }

    fn value(&mut self, id: NodeId) -> Scalar {
        if let Some(&scalar) = self.memo.get(&id) {
            return scalar;
        }
        let node = self.graph.node(id);
        let inst = match self.ready.get(&id) {
            Some(&location) => Inst::Load(self.access(location, node.ty)),
            None => self.computed(id),
        };
        let scalar = self.spec.push(inst);
        self.memo.insert(id, scalar);
        scalar
    }

    fn computed(&mut self, id: NodeId) -> Inst {
        let node = self.graph.node(id);
        match node.op {
            Op::Const(Number(value)) => Inst::Const((value as f32).to_bits()),
            Op::Unary(op) => Inst::Unary(op, self.value(node.args[0])),
            Op::Binary(op) => Inst::Binary(op, self.value(node.args[0]), self.value(node.args[1])),
            Op::Broadcast | Op::Detach | Op::After => {
                let inner = self.value(node.args[0]);
                self.spec.insts[inner.index()]
            }
            Op::Random { stream } => {
                let seed = self.value(node.args[0]);
                let [rows, columns, channels] = extent(node.ty);
                let along = |len: usize, stride: usize| if len == 1 { 0 } else { stride };
                Inst::Random {
                    stream,
                    seed,
                    strides: [
                        along(rows, columns * channels),
                        along(columns, channels),
                        along(channels, 1),
                    ],
                    image: if node.ty.batched { rows * columns * channels } else { 0 },
                }
            }
            Op::Input(_)
            | Op::Conv(_)
            | Op::ConvDx(_)
            | Op::ConvDw(_)
            | Op::Reduce(..)
            | Op::Pool(_)
            | Op::PoolDx(_)
            | Op::Remap(_) => unreachable!("{id} is computed in a step of its own, before"),
        }
    }
}
