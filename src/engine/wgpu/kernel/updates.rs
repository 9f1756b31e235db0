//! State updates: in place where that is safe, else by copies at the end of the step.

use std::collections::HashSet;

use crate::graph::{InputId, NodeId, Op, Program};

use super::types::{Body, Kernel, KernelRead, KernelStore, Kernels, Moment};

/// The kernels, with the updates that are made in place, and copies for the others.
pub(super) fn placed(program: &Program, mut kernels: Kernels) -> Kernels {
    let graph = &program.graph;
    let readers = Readers::of(program, &kernels);
    let mut copies: Vec<(InputId, NodeId)> = Vec::new();
    let mut placed = HashSet::new();
    for &(input, node) in &program.updates {
        let free = !matches!(graph.node(node).op, Op::Input(_)) && !placed.contains(&node);
        if free && readers.may_overwrite(program, &kernels, input, node) {
            placed.insert(node);
            kernels.in_place.push((input, node));
        } else {
            copies.push((input, node));
        }
    }
    // State that is copied from other state is read before that is overwritten.
    copies.sort_by_key(|&(_, n)| !matches!(graph.node(n).op, Op::Input(_)));
    kernels.list.extend(copies.into_iter().map(|(input, node)| Kernel {
        body: Body::Map,
        domain: graph.node(node).ty,
        stores: vec![KernelStore { value: node, into: Some(input), at: Moment::Epilogue }],
        columns: Vec::new(),
        reads: vec![KernelRead { value: node, pointwise: true }],
    }));
    kernels
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
