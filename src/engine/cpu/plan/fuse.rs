//! Graph nodes → one loop nest: values that are stored are loaded, everything else is computed
//! in place.

use std::collections::HashMap;

use super::buffer::{Extent, Stored};
use super::step::{Loop, LoopId, Slot};
use crate::engine::cpu::loops::{
    Access, Accumulate, Index, Inst, LoopSpec, LoopStore, MAX_SLOTS, Reduction, Scalar,
};
use crate::engine::cpu::operand::{Operand, TileLayout};
use crate::graph::{Graph, NodeId, Number, Op, Shape, Type};

/// Rows, columns and channels that a loop over a value of this type visits: one image's, or the
/// whole tensor's with its first two axes merged.
pub fn extent(ty: Type) -> [usize; 3] {
    let Shape([a, b, c, d]) = ty.shape;
    if ty.batched { [b, c, d] } else { [a * b, c, d] }
}

/// That in memory, row-major without gaps, in f32.
pub fn plain(ty: Type) -> Operand {
    let [rows, columns, channels] = extent(ty);
    Operand::f32(TileLayout::plain([rows, columns], channels))
}

/// A program's loops; equal ones are one.
#[derive(Default)]
pub struct LoopTable {
    ids: HashMap<LoopSpec, LoopId>,
    specs: Vec<LoopSpec>,
}

impl LoopTable {
    /// The number of a loop.
    fn intern(&mut self, spec: LoopSpec) -> LoopId {
        *self.ids.entry(spec).or_insert_with_key(|spec| {
            self.specs.push(spec.clone());
            LoopId(self.specs.len() - 1)
        })
    }

    /// The loops by their numbers.
    pub fn finish(self) -> Vec<LoopSpec> {
        self.specs
    }
}

/// Builds one loop.
pub struct LoopBuilder<'a> {
    graph: &'a Graph,
    ready: &'a HashMap<NodeId, Stored>,
    spec: LoopSpec,
    slots: Vec<Slot<Extent>>,
    memo: HashMap<NodeId, Scalar>,
}

impl<'a> LoopBuilder<'a> {
    /// An empty loop of this extent, reading what is `ready`.
    pub fn new(graph: &'a Graph, ready: &'a HashMap<NodeId, Stored>, extent: [usize; 3]) -> Self {
        Self {
            graph,
            ready,
            spec: LoopSpec { extent, ..LoopSpec::default() },
            slots: Vec::new(),
            memo: HashMap::new(),
        }
    }

    /// Whether it has more slots than a loop may have.
    pub fn is_too_wide(&self) -> bool {
        self.slots.len() > MAX_SLOTS
    }

    /// The loop.
    pub fn finish(mut self, loops: &mut LoopTable) -> Loop<Extent> {
        self.spec.slots = self.slots.len();
        Loop { code: loops.intern(self.spec), slots: self.slots }
    }

    /// Stores a node's value.
    pub fn store(&mut self, node: NodeId, to: Stored) {
        let value = self.value(node);
        let access = self.access(to, self.graph.node(node).ty, true);
        self.spec.stores.push(LoopStore { access, value });
    }

    /// Accumulates a node's value into a result of type `result` (its first axis ignored where
    /// batched).
    pub fn reduce(&mut self, kind: Accumulate, node: NodeId, to: Stored, result: Type) {
        let value = self.value(node);
        let access = self.access(to, result, true);
        if let Accumulate::Moments { pitch } = kind {
            self.slots[access.slot].memory.words = 3 * pitch;
        }
        self.spec.reductions.push(Reduction { kind, access, value });
    }

    fn access(&mut self, at: Stored, ty: Type, written: bool) -> Access {
        let same = |s: &Slot<Extent>| s.memory.buffer == at.buffer;
        let number = self.slots.iter().position(same).unwrap_or_else(|| {
            self.slots.push(Slot { memory: at.extent(), written });
            self.slots.len() - 1
        });
        self.slots[number].written |= written;
        let [rows, columns, channels] = extent(ty);
        let along = |len: usize, stride: usize| if len == 1 { 0 } else { stride };
        let Operand { layout, format } = at.operand;
        Access {
            slot: number,
            offset: layout.pixel(0, 0),
            strides: [
                along(rows, layout.pitch()),
                along(columns, layout.channels),
                along(channels, 1),
            ],
            format,
        }
    }

    fn value(&mut self, id: NodeId) -> Scalar {
        if let Some(&scalar) = self.memo.get(&id) {
            return scalar;
        }
        let node = self.graph.node(id);
        let inst = match self.ready.get(&id) {
            Some(&stored) => Inst::Load(self.access(stored, node.ty, false)),
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
                Inst::Random { stream, seed, index: index(node.ty) }
            }
            Op::Index => Inst::Index(index(node.ty)),
            Op::Input(_)
            | Op::Conv(_)
            | Op::ConvDx(_)
            | Op::ConvDw(_)
            | Op::Reduce(..)
            | Op::Total
            | Op::Pool(_)
            | Op::PoolDx(_)
            | Op::Reshape
            | Op::Remap(_) => unreachable!("{id} is computed in a step of its own, before"),
        }
    }
}

/// Where the elements of a type stand in the whole tensor.
fn index(ty: Type) -> Index {
    let [rows, columns, channels] = extent(ty);
    let along = |len: usize, stride: usize| if len == 1 { 0 } else { stride };
    Index {
        strides: [along(rows, columns * channels), along(columns, channels), along(channels, 1)],
        image: if ty.batched { rows * columns * channels } else { 0 },
    }
}
