//! From which dispatch to which each stored value is needed.

use crate::graph::{NodeId, Op, Program};

use crate::engine::wgpu::dispatch::Dispatch;
use crate::engine::wgpu::kernel::{Body, KernelId, Kernels};

/// A value's first and last dispatch, by their places in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveRange {
    /// Which writes it.
    pub from: usize,
    /// Which reads it last; none for what lives on after the step.
    pub until: Option<usize>,
}

/// Of everything that kernels store. Inputs have none: they live throughout.
pub struct LiveRanges {
    /// For each node.
    pub nodes: Vec<Option<LiveRange>>,
    /// For each kernel, of its partial sums, which another adds up.
    pub partials: Vec<Option<LiveRange>>,
}

/// What is read for the last time.
#[derive(Clone, Default)]
pub(super) struct Dying {
    pub nodes: Vec<NodeId>,
    pub partials: Vec<KernelId>,
}

impl LiveRanges {
    /// Of a program's kernels, copies for updates included.
    pub fn of(program: &Program, kernels: &Kernels, dispatches: &[Dispatch]) -> Self {
        let mut nodes: Vec<Option<LiveRange>> = vec![None; program.graph.nodes.len()];
        let mut partials: Vec<Option<LiveRange>> = vec![None; kernels.list.len()];
        let range = |from, until| Some(LiveRange { from, until: Some(until) });
        let dispatches = dispatches.iter().enumerate();
        let each = dispatches.flat_map(|(at, all)| all.kernels().iter().map(move |id| (at, id)));
        for (at, id) in each {
            let kernel = &kernels.list[id.index()];
            let read = kernel.reads.iter().map(|read| read.value);
            for value in kernel.stores.iter().map(|store| store.value).chain(read) {
                let from = nodes[value.index()].map_or(at, |known| known.from);
                nodes[value.index()] = range(from, at);
            }
            if !kernel.columns.is_empty() || matches!(kernel.body, Body::Weights(_)) {
                partials[id.index()] = range(at, at);
            }
            for source in kernel.sources() {
                partials[source.index()].iter_mut().for_each(|range| range.until = Some(at));
            }
        }
        for id in program.graph.ids() {
            if matches!(program.graph.node(id).op, Op::Input(_)) {
                nodes[id.index()] = None;
            }
        }
        for root in program.roots() {
            nodes[root.index()].iter_mut().for_each(|range| range.until = None);
        }
        Self { nodes, partials }
    }

    /// What nobody reads after each dispatch.
    pub(super) fn dying(&self, dispatches: usize) -> Vec<Dying> {
        let mut dying = vec![Dying::default(); dispatches];
        let last = |range: &Option<LiveRange>| range.and_then(|range| range.until);
        for (at, until) in self.nodes.iter().map(last).enumerate() {
            if let Some(until) = until {
                dying[until].nodes.push(NodeId(at as u32));
            }
        }
        for (at, until) in self.partials.iter().map(last).enumerate() {
            if let Some(until) = until {
                dying[until].partials.push(KernelId(at as u32));
            }
        }
        dying
    }
}
