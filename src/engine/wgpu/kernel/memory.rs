//! Where every stored value lives.
//!
//! Tensors get slots, one buffer each, which later tensors take over once nobody reads the
//! earlier one. All per-channel vectors and scalars share one further buffer. An updated input
//! is overwritten in place where every element is read and written by one thread and nobody
//! reads the old value later; otherwise a copy at the end of the step does it.

use crate::graph::{InputId, Node, NodeId, Op, Program};

use super::{Body, Kernel, KernelId, Kernels, Moment, Read, Store, is_vector, with_vectors};

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
}

impl Format {
    /// Bytes of a number.
    pub fn bytes(self) -> usize {
        match self {
            Format::F32 => 4,
            Format::F16 => 2,
        }
    }
}

/// How activations and their gradients are stored: batched values of more than one pixel that the
/// caller neither gives nor takes. Everything else is always in single precision: parameters,
/// statistics, sums, what the classifier's softmax sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tensors {
    /// In single precision.
    #[default]
    Single,
    /// In half precision.
    Half,
}

impl Tensors {
    /// The format of every node's value, if it is stored.
    fn formats(self, program: &Program) -> Vec<Format> {
        let graph = &program.graph;
        let format = |node: &Node| {
            let [_, rows, columns, _] = node.ty.shape.0;
            let inner = node.ty.batched && rows * columns > 1 && !matches!(node.op, Op::Input(_));
            if inner && self == Tensors::Half { Format::F16 } else { Format::F32 }
        };
        let mut formats: Vec<_> = graph.nodes.iter().map(format).collect();
        program.roots().for_each(|root| formats[root.index()] = Format::F32);
        formats
    }
}

/// A buffer for tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Size, in elements.
    pub len: usize,
    /// What the elements are.
    pub format: Format,
}

/// Index into [`Memory::slots`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(pub u32);

/// Where a value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// From the start of a slot.
    Slot(SlotId),
    /// In the buffer of vectors, from this element.
    Vector(usize),
}

/// The memory plan of a list of kernels.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Every slot.
    pub slots: Vec<Slot>,
    /// Size of the buffer of vectors, in elements.
    pub vectors: usize,
    /// For each node, where it is stored.
    pub nodes: Vec<Option<Location>>,
    /// For each input, where it is stored.
    pub inputs: Vec<Location>,
    /// For each kernel, the slot of its partial sums.
    pub partials: Vec<Option<SlotId>>,
    /// For each node, how it is stored.
    formats: Vec<Format>,
    free: Vec<SlotId>,
}

/// Vectors start at multiples of this many elements, so that four can be read at once.
const ALIGNMENT: usize = 4;

impl Memory {
    /// Plans the memory of `kernels`, and appends to them the copies that updates need.
    /// `partials` gives the elements of a kernel's partial sums.
    pub fn plan(
        program: &Program,
        kernels: &mut Kernels,
        tensors: Tensors,
        partials: &dyn Fn(KernelId, &Kernel) -> usize,
    ) -> Self {
        let mut memory = Memory {
            nodes: vec![None; program.graph.nodes.len()],
            formats: tensors.formats(program),
            ..Memory::default()
        };
        memory.place_inputs(program);
        memory.place_updates(program, kernels);
        let deaths = Deaths::of(program, kernels);
        for at in 0..kernels.list.len() {
            memory.step(program, kernels, at, &deaths, partials);
        }
        memory
    }

    /// The slot behind an id.
    pub fn slot(&self, id: SlotId) -> Slot {
        self.slots[id.0 as usize]
    }

    /// How a node's value is stored, if it is.
    pub fn format(&self, node: NodeId) -> Format {
        self.formats[node.index()]
    }

    fn place_inputs(&mut self, program: &Program) {
        for input in &program.graph.inputs {
            let place = self.fresh(with_vectors(input), input.ty.shape.len());
            self.inputs.push(place);
        }
        for id in program.graph.ids() {
            if let Op::Input(input) = program.graph.node(id).op {
                self.nodes[id.index()] = Some(self.inputs[input.index()]);
            }
        }
    }

    /// A place that nothing else ever has.
    fn fresh(&mut self, vector: bool, len: usize) -> Location {
        if vector {
            let at = self.vectors;
            self.vectors += len.next_multiple_of(ALIGNMENT);
            Location::Vector(at)
        } else {
            self.slots.push(Slot { len, format: Format::F32 });
            Location::Slot(SlotId(self.slots.len() as u32 - 1))
        }
    }

    /// Gives new state the place of the old where that is safe, and appends copies elsewhere.
    fn place_updates(&mut self, program: &Program, kernels: &mut Kernels) {
        let graph = &program.graph;
        let readers = Readers::of(program, kernels);
        let mut copies: Vec<(InputId, NodeId)> = Vec::new();
        for &(input, node) in &program.updates {
            let free = self.nodes[node.index()].is_none();
            if free && readers.may_overwrite(program, kernels, input, node) {
                self.nodes[node.index()] = Some(self.inputs[input.index()]);
            } else {
                copies.push((input, node));
            }
        }
        // State that is copied from other state is read before that is overwritten.
        copies.sort_by_key(|&(_, n)| !matches!(graph.node(n).op, Op::Input(_)));
        for (input, node) in copies {
            kernels.list.push(Kernel {
                body: Body::Map,
                domain: graph.node(node).ty,
                stores: vec![Store { value: node, into: Some(input), at: Moment::Epilogue }],
                columns: Vec::new(),
                reads: vec![Read { value: node, pointwise: true }],
            });
        }
    }

    fn step(
        &mut self,
        program: &Program,
        kernels: &Kernels,
        at: usize,
        deaths: &Deaths,
        partials: &dyn Fn(KernelId, &Kernel) -> usize,
    ) {
        let kernel = &kernels.list[at];
        let mut heirs = Vec::new();
        for store in kernel.stores.iter().filter(|s| s.into.is_none()) {
            let value = store.value;
            if self.nodes[value.index()].is_some() {
                continue;
            }
            let ty = program.graph.node(value).ty;
            let place = if is_vector(ty) {
                self.fresh(true, ty.shape.len())
            } else if let Some((old, slot)) =
                self.inheritable(program, kernel, store, at, deaths, &heirs)
            {
                heirs.push(old);
                Location::Slot(slot)
            } else {
                let format = self.formats[value.index()];
                Location::Slot(self.take(Slot { len: ty.shape.len(), format }))
            };
            self.nodes[value.index()] = Some(place);
        }
        let len = partials(KernelId(at as u32), kernel);
        let partial = (len > 0).then(|| self.take(Slot { len, format: Format::F32 }));
        self.partials.push(partial);
        self.release(deaths, at, &heirs);
    }

    /// A value read for the last time by this kernel, only at the index at which `value` is
    /// written: its slot can be written while it is read. What a prologue stores is written before
    /// the epilogue has read anything.
    fn inheritable(
        &self,
        program: &Program,
        kernel: &Kernel,
        store: &Store,
        at: usize,
        deaths: &Deaths,
        heirs: &[NodeId],
    ) -> Option<(NodeId, SlotId)> {
        let value = store.value;
        if store.at == Moment::Prologue {
            return None;
        }
        let shape = program.graph.node(value).ty.shape;
        kernel.reads.iter().find_map(|read| {
            let dies = deaths.nodes[at].contains(&read.value) && !heirs.contains(&read.value);
            let same = program.graph.node(read.value).ty.shape == shape
                && self.formats[read.value.index()] == self.formats[value.index()];
            match self.nodes[read.value.index()] {
                Some(Location::Slot(slot)) if read.pointwise && dies && same => {
                    Some((read.value, slot))
                }
                Some(Location::Slot(_) | Location::Vector(_)) | None => None,
            }
        })
    }

    /// A free slot that is large enough: the smallest one, else the largest, grown, else a new
    /// one.
    fn take(&mut self, wanted: Slot) -> SlotId {
        let size = |id: &SlotId| self.slot(*id).len;
        let free = || self.free.iter().filter(|id| self.slot(**id).format == wanted.format);
        let enough = free().filter(|s| size(s) >= wanted.len).min_by_key(|s| (size(s), **s));
        let chosen = enough.or(free().max_by_key(|s| (size(s), **s))).copied();
        match chosen {
            Some(slot) => {
                self.free.retain(|s| *s != slot);
                let size = &mut self.slots[slot.0 as usize].len;
                *size = (*size).max(wanted.len);
                slot
            }
            None => {
                self.slots.push(wanted);
                SlotId(self.slots.len() as u32 - 1)
            }
        }
    }

    fn release(&mut self, deaths: &Deaths, at: usize, heirs: &[NodeId]) {
        for node in deaths.nodes[at].iter().filter(|n| !heirs.contains(n)) {
            if let Some(Location::Slot(slot)) = self.nodes[node.index()] {
                self.free.push(slot);
            }
        }
        for &kernel in &deaths.partials[at] {
            self.free.extend(self.partials[kernel]);
        }
    }
}

/// Who reads each input.
struct Readers {
    /// For each input, the last kernel that reads it, and whether that reads it pointwise.
    last: Vec<Option<(usize, bool)>>,
    /// Inputs that the caller, or another input's update, takes as they are.
    shown: Vec<bool>,
}

impl Readers {
    fn of(program: &Program, kernels: &Kernels) -> Self {
        let inputs = program.graph.inputs.len();
        let mut readers = Readers { last: vec![None; inputs], shown: vec![false; inputs] };
        for (at, kernel) in kernels.list.iter().enumerate() {
            for read in &kernel.reads {
                if let Op::Input(input) = program.graph.node(read.value).op {
                    let last = &mut readers.last[input.index()];
                    let before = last.is_none_or(|(known, all)| known < at || all);
                    *last = Some((at, before && read.pointwise));
                }
            }
        }
        for root in program.roots() {
            if let Op::Input(input) = program.graph.node(root).op {
                readers.shown[input.index()] = true;
            }
        }
        readers
    }

    /// Whether `node` may be written over `input`.
    fn may_overwrite(
        &self,
        program: &Program,
        kernels: &Kernels,
        input: InputId,
        node: NodeId,
    ) -> bool {
        let Some(made) = kernels.made_in[node.index()] else { return false };
        let stored = kernels.list[made.index()].stores.iter().any(|s| s.value == node);
        let read_before = self.last[input.index()]
            .is_none_or(|(at, pointwise)| at < made.index() || (at == made.index() && pointwise));
        let same = program.graph.node(node).ty == program.graph.input(input).ty;
        stored && same && read_before && !self.shown[input.index()]
    }
}

/// What nobody reads after each kernel.
struct Deaths {
    nodes: Vec<Vec<NodeId>>,
    partials: Vec<Vec<usize>>,
}

impl Deaths {
    fn of(program: &Program, kernels: &Kernels) -> Self {
        let count = kernels.list.len();
        let mut last: Vec<Option<usize>> = vec![None; program.graph.nodes.len()];
        let mut last_partial: Vec<Option<usize>> = vec![None; count];
        for (at, kernel) in kernels.list.iter().enumerate() {
            for store in &kernel.stores {
                last[store.value.index()] = Some(at);
            }
            for read in &kernel.reads {
                last[read.value.index()] = Some(at);
            }
            if let Some(source) = kernel.source() {
                last_partial[source.index()] = Some(at);
            }
        }
        for id in program.graph.ids() {
            if matches!(program.graph.node(id).op, Op::Input(_)) {
                last[id.index()] = None;
            }
        }
        for output in &program.outputs {
            last[output.node.index()] = None;
        }
        for &(_, node) in &program.updates {
            last[node.index()] = None;
        }
        let mut deaths =
            Deaths { nodes: vec![Vec::new(); count], partials: vec![Vec::new(); count] };
        for id in program.graph.ids() {
            if let Some(at) = last[id.index()] {
                deaths.nodes[at].push(id);
            }
        }
        for (kernel, at) in last_partial.into_iter().enumerate() {
            if let Some(at) = at {
                deaths.partials[at].push(kernel);
            }
        }
        deaths
    }
}
