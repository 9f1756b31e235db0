//! The kernels of a program under construction: where each node goes.

use std::collections::{HashMap, HashSet};

use crate::graph::placement::Placement;
use crate::graph::{Graph, InputId, NodeId, Op, Program, ReduceKind};

use super::rules::{from_tiles, is_anchor, is_vector, shared_by_input, shared_by_value};
use super::stored::stored;
use super::total::Totals;
use super::types::{Body, Column, Kernel, KernelId, KernelRead, KernelStore, Moment};
use super::{order, ranks, reach};

/// Buffers bound to one dispatch, that every WebGPU adapter offers.
pub(super) const MOST_BUFFERS: usize = 8;
/// Values stored by one kernel.
const MOST_STORES: usize = 12;

pub(super) struct Former<'a> {
    program: &'a Program,
    pub graph: &'a Graph,
    /// Anchors for whose own result a buffer is kept free.
    whole: &'a HashSet<NodeId>,
    /// Anchors that nothing is attached to.
    pub bare: &'a HashSet<NodeId>,
    stored: Vec<bool>,
    pub made_in: Vec<Option<KernelId>>,
    last_read: Vec<Option<KernelId>>,
    /// For each new state, the nodes that are the old one.
    old_state: HashMap<NodeId, Vec<NodeId>>,
    totals: Totals,
    pub list: Vec<Kernel>,
}

impl<'a> Former<'a> {
    pub fn new(
        program: &'a Program,
        placement: &Placement,
        [whole, bare]: [&'a HashSet<NodeId>; 2],
    ) -> Self {
        let nodes = program.graph.nodes.len();
        let totals = Totals::of(program);
        Self {
            program,
            graph: &program.graph,
            whole,
            bare,
            stored: stored(program, placement, bare, &totals),
            made_in: vec![None; nodes],
            last_read: vec![None; nodes],
            old_state: old_state(program),
            totals,
            list: Vec::new(),
        }
    }

    pub fn run(&mut self, placement: &Placement) {
        let order = order::order(self.program, placement);
        let updates = order::only_for_updates(self.program);
        let (late, early): (Vec<_>, Vec<_>) = order.into_iter().partition(|n| updates[n.index()]);
        let early = ranks::together(self.program, early);
        for id in early.into_iter().chain(late) {
            self.place(id);
        }
    }

    fn place(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        if self.totals.inside.contains(&id) {
            return;
        }
        if let Some(terms) = self.totals.terms.get(&id) {
            return self.place_total(id, terms.clone());
        }
        if from_tiles(self.graph, node) {
            return self.place_reduction(id);
        }
        match node.op {
            Op::Conv(_) | Op::ConvDx(_) => self.place_anchor(id, Body::Contract(id)),
            Op::Reduce(..) => self.place_fold(id),
            Op::Pool(_) | Op::PoolDx(_) => self.place_anchor(id, Body::Fold(vec![id])),
            Op::ConvDw(_) => {
                self.place_anchor(id, Body::Weights(id));
                let of = KernelId(self.list.len() as u32 - 1);
                let made = self.push(Body::Gather(of), id);
                self.made_in[id.index()] = Some(made);
            }
            Op::Total => self.place_ranks(id),
            Op::Input(_) => {}
            Op::Const(_)
            | Op::Unary(_)
            | Op::Binary(_)
            | Op::Broadcast
            | Op::Random { .. }
            | Op::Index
            | Op::Remap(_)
            | Op::Reshape
            | Op::Detach
            | Op::After => {
                if self.stored[id.index()] {
                    self.place_pointwise(id);
                }
            }
        }
    }

    /// A new kernel at the end, with the domain of `like`.
    fn push(&mut self, body: Body, like: NodeId) -> KernelId {
        let domain = self.graph.node(like).ty;
        let (stores, columns, reads) = (Vec::new(), Vec::new(), Vec::new());
        self.list.push(Kernel { body, domain, stores, columns, reads });
        KernelId(self.list.len() as u32 - 1)
    }

    fn place_anchor(&mut self, id: NodeId, body: Body) {
        let args = self.graph.node(id).args.clone();
        let roots: Vec<_> = args.iter().map(|&arg| (arg, false)).collect();
        // One buffer for the result, one for partial sums.
        self.fit(&roots, 2);
        let kernel = self.push(body, id);
        self.read(kernel, &roots);
        self.made_in[id.index()] = Some(kernel);
    }

    /// A reduction joins another of the same rows, which may be what it is computed from: a softmax is
    /// one kernel.
    fn place_fold(&mut self, id: NodeId) {
        let arg = self.graph.node(id).args[0];
        self.fit(&[(arg, false)], 2);
        let joined = self.rows_of(arg, id).into_iter().find_map(|k| Some((k, self.along(k, arg)?)));
        let Some((kernel, reads)) = joined else {
            return self.place_anchor(id, Body::Fold(vec![id]));
        };
        for read in reads {
            let last = &mut self.last_read[read.value.index()];
            *last = (*last).max(Some(kernel));
            reach::add(&mut self.list[kernel.index()].reads, read);
        }
        if let Body::Fold(nodes) = &mut self.list[kernel.index()].body {
            nodes.push(id);
        }
        self.made_in[id.index()] = Some(kernel);
    }

    /// What kernel `k` reads for one more reduction, of `arg`, if it can compute it.
    fn along(&self, k: KernelId, arg: NodeId) -> Option<Vec<KernelRead>> {
        let kernel = &self.list[k.index()];
        let new = reach::reads_along(self.graph, &self.made_in, k, arg, kernel.domain)?;
        let mut reads = kernel.reads.clone();
        new.iter().for_each(|read| reach::add(&mut reads, *read));
        let stores = kernel.stores.iter().map(|s| s.value);
        // One buffer for the result, one for partial sums.
        (self.buffers(kernel, &reads, stores, 2) <= MOST_BUFFERS).then_some(new)
    }

    fn place_pointwise(&mut self, id: NodeId) {
        let args: Vec<_> = self.graph.node(id).args.iter().map(|&arg| (arg, false)).collect();
        self.fit(&args, 1);
        let kernel = self
            .hosts(id, false)
            .into_iter()
            .find(|&k| self.admits(k, id, Some(id), 0) && self.old_state_is_free(k, id))
            .unwrap_or_else(|| self.push(Body::Map, id));
        self.read(kernel, &[(id, true)]);
        self.list[kernel.index()].stores.push(KernelStore {
            value: id,
            into: None,
            at: Moment::Epilogue,
        });
        self.made_in[id.index()] = Some(kernel);
    }

    fn place_reduction(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        let value = node.args[0];
        self.fit(&[(value, true)], 1);
        let host = self.hosts(value, true).into_iter().find(|&k| self.admits(k, value, None, 1));
        let kernel = host.unwrap_or_else(|| self.push(Body::Map, value));
        self.read(kernel, &[(value, true)]);
        let squares = matches!(node.op, Op::Reduce(ReduceKind::M2, _));
        let columns = &mut self.list[kernel.index()].columns;
        for column in [Some(Column::Sum(value)), squares.then_some(Column::Squares(value))]
            .into_iter()
            .flatten()
        {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        self.merge(kernel, id);
    }

    /// A vector is read as it is stored; of anything larger the kernel that makes it leaves sums.
    fn place_total(&mut self, id: NodeId, terms: Vec<NodeId>) {
        let (mut of, mut vectors) = (Vec::new(), Vec::new());
        for &term in &terms {
            let value = self.graph.node(term).args[0];
            if is_vector(self.graph.node(value).ty) {
                if self.is_open(value) {
                    self.stored[value.index()] = true;
                    self.place_pointwise(value);
                }
                vectors.push(value);
                continue;
            }
            self.fit(&[(value, true)], 1);
            let suits = |k: &KernelId| {
                self.list[k.index()].columns.is_empty() && self.admits(*k, value, None, 1)
            };
            let host = self.hosts(value, true).into_iter().find(suits);
            let kernel = host.unwrap_or_else(|| self.push(Body::Map, value));
            self.read(kernel, &[(value, true)]);
            self.list[kernel.index()].columns.push(Column::Sum(value));
            of.push(kernel);
        }
        let reads: Vec<_> = vectors.iter().map(|&value| (value, false)).collect();
        let kernel = self.push(Body::Total { node: id, vectors, of }, id);
        self.read(kernel, &reads);
        let at = Moment::Epilogue;
        self.list[kernel.index()].stores.push(KernelStore { value: id, into: None, at });
        // Whoever looks behind the sum ends here.
        let mut inside = vec![id];
        while let Some(next) = inside.pop() {
            self.made_in[next.index()] = Some(kernel);
            let args = self.graph.node(next).args.iter().copied();
            inside.extend(args.filter(|arg| self.totals.inside.contains(arg)));
        }
    }

    /// What goes to other ranks lies in a buffer.
    fn place_ranks(&mut self, id: NodeId) {
        let value = self.graph.node(id).args[0];
        if self.is_open(value) {
            self.stored[value.index()] = true;
            self.place_pointwise(value);
        }
        let kernel = self.push(Body::Ranks(id), id);
        self.read(kernel, &[(value, true)]);
        let at = Moment::Epilogue;
        self.list[kernel.index()].stores.push(KernelStore { value: id, into: None, at });
        self.made_in[id.index()] = Some(kernel);
    }

    /// Has the sums of kernel `of` merged into reduction `id`.
    fn merge(&mut self, of: KernelId, id: NodeId) {
        let ty = self.graph.node(id).ty;
        let known = self.list.iter_mut().enumerate().skip(of.index()).find_map(|(at, kernel)| {
            let same_domain = kernel.domain == ty;
            match &mut kernel.body {
                Body::Merge { of: source, results } if *source == of && same_domain => {
                    results.push(id);
                    Some(KernelId(at as u32))
                }
                Body::Map
                | Body::Contract(_)
                | Body::Fold(_)
                | Body::Weights(_)
                | Body::Gather(_)
                | Body::Merge { .. }
                | Body::Total { .. }
                | Body::Ranks(_) => None,
            }
        });
        let made = known.unwrap_or_else(|| self.push(Body::Merge { of, results: vec![id] }, id));
        self.made_in[id.index()] = Some(made);
    }

    /// Kernels that might take `value` into their epilogue: the one that makes the last of what
    /// it reads, then later ones that read some of the same tensors, or that compute a scalar too.
    fn hosts(&self, value: NodeId, tiles: bool) -> Vec<KernelId> {
        let (reads, _) = self.behind(&[(value, true)]);
        let latest = reads.iter().filter_map(|r| self.made_in[r.value.index()]).max();
        let first_sibling = latest.map_or(0, |k| k.index() + 1);
        let domain = self.graph.node(value).ty;
        let scalar = !domain.batched && domain.shape.len() == 1;
        let siblings = self.list[first_sibling..].iter().enumerate().filter(|(_, kernel)| {
            let shares = || kernel.reads.iter().any(|a| reads.iter().any(|b| self.shared(*a, *b)));
            kernel.domain == domain && (scalar || shares())
        });
        let siblings = siblings.map(|(at, _)| KernelId((first_sibling + at) as u32));
        let suits = |k: &KernelId| {
            let kernel = &self.list[k.index()];
            let bare = matches!(kernel.body, Body::Contract(node) if self.bare.contains(&node));
            !bare && if tiles { kernel.has_tiles() } else { kernel.has_epilogue() }
        };
        latest.into_iter().chain(siblings).filter(suits).collect()
    }

    /// Kernels of reductions to the same rows as `id`, from that on which makes the last of what `arg`
    /// is computed from.
    fn rows_of(&self, arg: NodeId, id: NodeId) -> Vec<KernelId> {
        let (reads, _) = self.behind(&[(arg, false)]);
        let latest = reads.iter().filter_map(|r| self.made_in[r.value.index()]).max();
        let first = latest.map_or(0, KernelId::index);
        let domain = self.graph.node(id).ty;
        let rows = |kernel: &Kernel| match &kernel.body {
            Body::Fold(nodes) => {
                kernel.domain == domain && matches!(self.graph.node(nodes[0]).op, Op::Reduce(..))
            }
            Body::Map
            | Body::Contract(_)
            | Body::Weights(_)
            | Body::Gather(_)
            | Body::Merge { .. }
            | Body::Total { .. }
            | Body::Ranks(_) => false,
        };
        let all = self.list[first..].iter().enumerate().filter(|(_, kernel)| rows(kernel));
        all.map(|(at, _)| KernelId((first + at) as u32)).collect()
    }

    /// Whether two reads are of one tensor worth reading once.
    fn shared(&self, a: KernelRead, b: KernelRead) -> bool {
        a.value == b.value && self.graph.node(a.value).ty.shape.len() > 1
    }

    /// Whether kernel `k` can also compute `value` (and store it, or sum it).
    fn admits(&self, k: KernelId, value: NodeId, store: Option<NodeId>, columns: usize) -> bool {
        let kernel = &self.list[k.index()];
        if kernel.domain != self.graph.node(value).ty || kernel.stores.len() >= MOST_STORES {
            return false;
        }
        let (new, crossed) = reach::reads(self.graph, &self.made_in, k, &[(value, true)]);
        if crossed || new.iter().any(|r| self.made_in[r.value.index()] > Some(k)) {
            return false;
        }
        let mut reads = kernel.reads.clone();
        new.into_iter().for_each(|read| reach::add(&mut reads, read));
        let stores = kernel.stores.iter().map(|s| s.value).chain(store);
        let columns = columns.max(kernel.columns.len().min(1));
        self.buffers(kernel, &reads, stores, columns) <= MOST_BUFFERS
    }

    /// Whether, where `value` updates state, no kernel after `k` reads the old state.
    fn old_state_is_free(&self, k: KernelId, value: NodeId) -> bool {
        let old = self.old_state.get(&value);
        old.is_none_or(|old| old.iter().all(|n| self.last_read[n.index()] <= Some(k)))
    }

    /// Buffers bound by a kernel.
    pub fn buffers(
        &self,
        kernel: &Kernel,
        reads: &[KernelRead],
        stores: impl Iterator<Item = NodeId>,
        columns: usize,
    ) -> usize {
        let mut values: HashSet<NodeId> = reads.iter().map(|r| r.value).collect();
        values.extend(stores);
        let kept = kernel.raw_values(&self.list).into_iter().filter(|n| self.whole.contains(n));
        values.extend(kept);
        let own = !kernel.sources().is_empty() || matches!(kernel.body, Body::Weights(_));
        self.count(values.into_iter()) + usize::from(own) + columns
    }

    /// Buffers behind these values, of which some are shared.
    fn count(&self, values: impl Iterator<Item = NodeId>) -> usize {
        let mut shared = Vec::new();
        let own = values.filter(|n| {
            let node = self.graph.node(*n);
            let buffer = if let Op::Input(input) = node.op {
                shared_by_input(self.graph.input(input))
            } else {
                shared_by_value(node.ty)
            };
            shared.extend(buffer.filter(|buffer| !shared.contains(buffer)));
            buffer.is_none()
        });
        own.count() + shared.len()
    }

    fn behind(&self, roots: &[(NodeId, bool)]) -> (Vec<KernelRead>, bool) {
        reach::reads(self.graph, &self.made_in, KernelId(self.list.len() as u32), roots)
    }

    /// Stores parts of these expressions until what is left reads few enough buffers, with
    /// `others` to spare.
    fn fit(&mut self, roots: &[(NodeId, bool)], others: usize) {
        while self.count(self.behind(roots).0.iter().map(|r| r.value)) + others > MOST_BUFFERS {
            let widest = roots
                .iter()
                .map(|&(root, _)| root)
                .filter(|&n| self.is_open(n))
                .max_by_key(|&n| self.behind(&[(n, false)]).0.len());
            let Some(part) = widest else { return };
            self.stored[part.index()] = true;
            self.place_pointwise(part);
        }
    }

    /// Whether a value is recomputed where it is used.
    fn is_open(&self, id: NodeId) -> bool {
        let op = &self.graph.node(id).op;
        self.made_in[id.index()].is_none() && !is_anchor(op) && !matches!(op, Op::Input(_))
    }

    fn read(&mut self, kernel: KernelId, roots: &[(NodeId, bool)]) {
        let (new, _) = reach::reads(self.graph, &self.made_in, kernel, roots);
        for read in new {
            let last = &mut self.last_read[read.value.index()];
            *last = (*last).max(Some(kernel));
            reach::add(&mut self.list[kernel.index()].reads, read);
        }
    }

    /// Stores the anchors' own results where another kernel, or the program's caller, reads
    /// them. Returns those that leave their kernel with too many buffers.
    pub fn store_raw_values(&mut self) -> Vec<NodeId> {
        let mut wanted: Vec<NodeId> =
            self.list.iter().flat_map(|k| k.reads.iter().map(|r| r.value)).collect();
        wanted.extend(self.program.roots());
        let mut crowded = Vec::new();
        for node in wanted.into_iter().filter(|&n| is_anchor(&self.graph.node(n).op)) {
            let Some(made) = self.made_in[node.index()] else { continue };
            let store = KernelStore { value: node, into: None, at: Moment::Epilogue };
            let stores = &mut self.list[made.index()].stores;
            if stores.contains(&store) {
                continue;
            }
            stores.push(store);
            let kernel = &self.list[made.index()];
            let stores = kernel.stores.iter().map(|s| s.value);
            let columns = kernel.columns.len().min(1);
            if self.buffers(kernel, &kernel.reads, stores, columns) > MOST_BUFFERS {
                crowded.push(node);
            }
        }
        crowded
    }
}

fn old_state(program: &Program) -> HashMap<NodeId, Vec<NodeId>> {
    let mut nodes: HashMap<InputId, Vec<NodeId>> = HashMap::new();
    for id in program.graph.ids() {
        if let Op::Input(input) = program.graph.node(id).op {
            nodes.entry(input).or_default().push(id);
        }
    }
    let mut old: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    for (input, node) in &program.updates {
        old.entry(*node).or_default().extend(nodes.get(input).into_iter().flatten());
    }
    old
}
