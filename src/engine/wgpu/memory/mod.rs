//! Where every stored value lives.
//!
//! Tensors get slots, one buffer each, which later tensors take over once nobody reads the
//! earlier one. Small values outside the batch lie side by side in slots of their own; all per-channel
//! vectors and scalars, and small parameters, share one further buffer.

use std::collections::HashMap;
use std::ops::Range;

use crate::graph::placement::compared;
use crate::graph::{Node, NodeId, Op, Program};

use super::dispatch::Dispatch;
use super::kernel::{
    Body, Kernel, KernelId, KernelStore, Kernels, Moment, Shared, shared_by_input, shared_by_value,
};
use super::numbers::NumberFormat;

pub mod live;

use live::{Dying, LiveRanges};

/// A buffer for tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Size, in elements.
    pub len: usize,
    /// What the elements are.
    pub format: NumberFormat,
}

/// Index into [`MemoryPlan::slots`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(pub u32);

/// Where a value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BufferPlace {
    /// From the start of a slot.
    Slot(SlotId),
    /// In a slot that others share, from this element.
    Part(SlotId, usize),
    /// In the buffer of vectors, from this element.
    Vector(usize),
}

/// The memory plan of a list of kernels.
#[derive(Clone, Debug, Default)]
pub struct MemoryPlan {
    /// Every slot.
    pub slots: Vec<Slot>,
    /// Size of the buffer of vectors, in elements.
    pub vectors: usize,
    /// For each node, where it is stored.
    pub nodes: Vec<Option<BufferPlace>>,
    /// For each input, where it is stored.
    pub inputs: Vec<BufferPlace>,
    /// For each kernel, where its partial sums are.
    pub partials: Vec<Option<BufferPlace>>,
    /// For each kernel that adds up all that lies side by side, where that is, and how many elements.
    pub totals: HashMap<KernelId, (BufferPlace, usize)>,
    /// Elements of the buffer of vectors that are read, and are zero, since no kernel writes them and
    /// buffers begin as zeros.
    pub zeros: Vec<Range<usize>>,
    /// For each node, how it is stored.
    formats: Vec<NumberFormat>,
}

/// What shares a buffer starts at multiples of this many elements, so that four can be read at once.
const ALIGNMENT: usize = 4;

impl MemoryPlan {
    /// Plans the memory of `kernels`. Activations and their gradients are stored in `activations`:
    /// batched values of more than one pixel that the caller neither gives nor takes. Everything else
    /// is always in single precision: parameters, statistics, sums, what the classifier's softmax
    /// sees. `partials` has the elements of each kernel's partial sums.
    pub fn new(
        program: &Program,
        kernels: &Kernels,
        dispatches: &[Dispatch],
        activations: NumberFormat,
        partials: &[usize],
    ) -> Self {
        let nodes = vec![None; program.graph.nodes.len()];
        let formats = formats(program, activations);
        let places = vec![None; kernels.list.len()];
        let plan = Self { nodes, formats, partials: places, ..Self::default() };
        let dying = LiveRanges::of(program, kernels, dispatches).dying(dispatches.len());
        let together = Together::of(kernels, dispatches, partials);
        let (free, shared) = (Vec::new(), [None; 2]);
        let mut planner = Planner { program, kernels, plan, free, shared, dying, together };
        planner.place_inputs();
        planner.place_totals(partials);
        for &(input, node) in &kernels.in_place {
            planner.plan.nodes[node.index()] = Some(planner.plan.inputs[input.index()]);
        }
        for (at, dispatch) in dispatches.iter().enumerate() {
            planner.step(at, dispatch, partials);
        }
        planner.plan
    }

    /// Numbers that it holds.
    pub fn elements(&self) -> usize {
        self.slots.iter().map(|slot| slot.len).sum::<usize>() + self.vectors
    }

    /// The slot behind an id.
    pub fn slot(&self, id: SlotId) -> Slot {
        self.slots[id.0 as usize]
    }

    /// How a node's value is stored, if it is.
    pub fn format(&self, node: NodeId) -> NumberFormat {
        self.formats[node.index()]
    }
}

/// The format of every node's value, if it is stored.
fn formats(program: &Program, activations: NumberFormat) -> Vec<NumberFormat> {
    let format = |node: &Node| {
        let [_, rows, columns, channels] = node.ty.shape.0;
        // One number a pixel, or a group: moments are among these.
        let several = rows * columns > 1 && channels > 1;
        let inner = node.ty.batched && several && !matches!(node.op, Op::Input(_));
        if inner { activations } else { NumberFormat::F32 }
    };
    let mut formats: Vec<_> = program.graph.nodes.iter().map(format).collect();
    let whole = program.roots().chain(compared(&program.graph));
    whole.for_each(|id| formats[id.index()] = NumberFormat::F32);
    formats
}

/// A plan that is made kernel by kernel.
struct Planner<'a> {
    program: &'a Program,
    kernels: &'a Kernels,
    plan: MemoryPlan,
    free: Vec<SlotId>,
    /// The slots of state and of values that share them.
    shared: [Option<SlotId>; 2],
    /// What nobody reads after each dispatch.
    dying: Vec<Dying>,
    together: Together,
}

/// Partial sums that one dispatch adds up for several kernels lie in one slot.
struct Together {
    /// For each kernel whose partial sums do, the dispatch that adds them up.
    by: Vec<Option<usize>>,
    /// For each dispatch, elements of all of them, the slot, and what is taken of it.
    slots: Vec<(usize, Option<SlotId>, usize)>,
}

impl Together {
    fn of(kernels: &Kernels, dispatches: &[Dispatch], partials: &[usize]) -> Self {
        let mut by = vec![None; kernels.list.len()];
        let mut slots = vec![(0, None, 0); dispatches.len()];
        for (at, dispatch) in dispatches.iter().enumerate() {
            let Dispatch::Flat(ids, _) = dispatch else { continue };
            for of in ids.iter().filter_map(|id| kernels.list[id.index()].source()) {
                by[of.index()] = Some(at);
                slots[at].0 += partials[of.index()].next_multiple_of(ALIGNMENT);
            }
        }
        Self { by, slots }
    }
}

impl Planner<'_> {
    fn place_inputs(&mut self) {
        let graph = &self.program.graph;
        for input in &graph.inputs {
            let place = self.fresh(shared_by_input(input), input.ty.shape.len());
            self.plan.inputs.push(place);
        }
        for id in graph.ids() {
            if let Op::Input(input) = graph.node(id).op {
                self.plan.nodes[id.index()] = Some(self.plan.inputs[input.index()]);
            }
        }
    }

    /// What a kernel adds up as a whole, with nothing in between but zeros, which no kernel writes.
    fn place_totals(&mut self, partials: &[usize]) {
        for (at, kernel) in self.kernels.list.iter().enumerate() {
            let Body::Total { vectors, of, .. } = &kernel.body else { continue };
            let start = self.plan.vectors;
            for value in vectors {
                let len = self.program.graph.node(*value).ty.shape.len();
                self.plan.nodes[value.index()] = Some(self.before_zeros(len));
            }
            for of in of {
                self.plan.partials[of.index()] = Some(self.before_zeros(partials[of.index()]));
            }
            let all = (BufferPlace::Vector(start), self.plan.vectors - start);
            self.plan.totals.insert(KernelId(at as u32), all);
        }
    }

    /// A place among the vectors, and zeros up to the next.
    fn before_zeros(&mut self, len: usize) -> BufferPlace {
        let place = self.fresh(Some(Shared::Vectors), len);
        let end = self.plan.vectors;
        self.plan.zeros.push(end + len - len.next_multiple_of(ALIGNMENT)..end);
        place
    }

    /// A place that nothing else ever has.
    fn fresh(&mut self, shared: Option<Shared>, len: usize) -> BufferPlace {
        let padded = len.next_multiple_of(ALIGNMENT);
        let which = match shared {
            None => return BufferPlace::Slot(self.add(Slot { len, format: NumberFormat::F32 })),
            Some(Shared::Vectors) => {
                let at = self.plan.vectors;
                self.plan.vectors += padded;
                return BufferPlace::Vector(at);
            }
            Some(Shared::State) => 0,
            Some(Shared::Values) => 1,
        };
        let known = self.shared[which];
        let id = known.unwrap_or_else(|| self.add(Slot { len: 0, format: NumberFormat::F32 }));
        self.shared[which] = Some(id);
        let slot = &mut self.plan.slots[id.0 as usize];
        slot.len += padded;
        BufferPlace::Part(id, slot.len - padded)
    }

    fn add(&mut self, slot: Slot) -> SlotId {
        self.plan.slots.push(slot);
        SlotId(self.plan.slots.len() as u32 - 1)
    }

    /// Places what dispatch number `at` stores, and its kernels' partial sums.
    fn step(&mut self, at: usize, dispatch: &Dispatch, partials: &[usize]) {
        let mut heirs = Vec::new();
        for &id in dispatch.kernels() {
            self.place_stores(at, &self.kernels.list[id.index()], &mut heirs);
            let partials = partials[id.index()];
            if partials > 0 && self.plan.partials[id.index()].is_none() {
                self.plan.partials[id.index()] = Some(self.place_partials(id, partials));
            }
        }
        self.release(at, &heirs);
    }

    fn place_stores(&mut self, at: usize, kernel: &Kernel, heirs: &mut Vec<NodeId>) {
        for store in kernel.stores.iter().filter(|s| s.into.is_none()) {
            let value = store.value;
            if self.plan.nodes[value.index()].is_some() {
                continue;
            }
            let ty = self.program.graph.node(value).ty;
            let place = if let Some(shared) = shared_by_value(ty) {
                self.fresh(Some(shared), ty.shape.len())
            } else if let Some((old, slot)) = self.inheritable(kernel, store, at, heirs) {
                heirs.push(old);
                BufferPlace::Slot(slot)
            } else {
                let format = self.plan.format(value);
                BufferPlace::Slot(self.take(Slot { len: ty.shape.len(), format }))
            };
            self.plan.nodes[value.index()] = Some(place);
        }
    }

    fn place_partials(&mut self, id: KernelId, len: usize) -> BufferPlace {
        let format = NumberFormat::F32;
        let Some(by) = self.together.by[id.index()] else {
            return BufferPlace::Slot(self.take(Slot { len, format }));
        };
        let (all, known, taken) = self.together.slots[by];
        let slot = known.unwrap_or_else(|| self.take(Slot { len: all, format }));
        self.together.slots[by] = (all, Some(slot), taken + len.next_multiple_of(ALIGNMENT));
        BufferPlace::Part(slot, taken)
    }

    /// A value read for the last time by this dispatch, only at the index at which `value` is
    /// written: its slot can be written while it is read. What a prologue stores is written before
    /// the epilogue has read anything.
    fn inheritable(
        &self,
        kernel: &Kernel,
        store: &KernelStore,
        at: usize,
        heirs: &[NodeId],
    ) -> Option<(NodeId, SlotId)> {
        let value = store.value;
        if store.at == Moment::Prologue {
            return None;
        }
        let (graph, plan) = (&self.program.graph, &self.plan);
        let shape = graph.node(value).ty.shape;
        kernel.reads.iter().find_map(|read| {
            let dies = self.dying[at].nodes.contains(&read.value) && !heirs.contains(&read.value);
            let same = graph.node(read.value).ty.shape == shape
                && plan.format(read.value) == plan.format(value);
            match plan.nodes[read.value.index()] {
                Some(BufferPlace::Slot(slot)) if read.pointwise && dies && same => {
                    Some((read.value, slot))
                }
                Some(BufferPlace::Slot(_) | BufferPlace::Part(..) | BufferPlace::Vector(_))
                | None => None,
            }
        })
    }

    /// A free slot that is large enough: the smallest one, else the largest, grown, else a new
    /// one.
    fn take(&mut self, wanted: Slot) -> SlotId {
        let size = |id: &SlotId| self.plan.slot(*id).len;
        let free = || self.free.iter().filter(|id| self.plan.slot(**id).format == wanted.format);
        let enough = free().filter(|s| size(s) >= wanted.len).min_by_key(|s| (size(s), **s));
        let chosen = enough.or(free().max_by_key(|s| (size(s), **s))).copied();
        match chosen {
            Some(slot) => {
                self.free.retain(|s| *s != slot);
                let size = &mut self.plan.slots[slot.0 as usize].len;
                *size = (*size).max(wanted.len);
                slot
            }
            None => self.add(wanted),
        }
    }

    fn release(&mut self, at: usize, heirs: &[NodeId]) {
        let dying = &self.dying[at];
        let nodes = dying.nodes.iter().filter(|n| !heirs.contains(n));
        let places = nodes.map(|node| self.plan.nodes[node.index()]);
        let places = places.chain(dying.partials.iter().map(|of| self.plan.partials[of.index()]));
        for place in places {
            if let Some(BufferPlace::Slot(slot)) = place {
                self.free.push(slot);
            }
        }
        self.free.extend(self.together.slots[at].1);
    }
}
