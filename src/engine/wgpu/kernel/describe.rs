//! What a kernel is called, and what it evaluates, for whoever looks at it.

use std::collections::{BTreeSet, HashSet};

use crate::graph::{NodeId, Program};

use super::rules::is_anchor;
use super::types::{Body, Kernel, KernelId, Kernels};

/// A name for each kernel that tells what it does, unique by its number: `k12_conv`.
pub fn name(program: &Program, kernels: &Kernels, id: KernelId) -> String {
    format!("{id}_{}", kind(program, &kernels.list[id.index()]))
}

/// What a kernel does, in a word.
pub fn kind(program: &Program, kernel: &Kernel) -> &'static str {
    match kernel.body {
        Body::Map => "map",
        Body::Contract(node) | Body::Weights(node) => program.graph.node(node).op.name(),
        Body::Fold(ref nodes) => program.graph.node(nodes[0]).op.name(),
        Body::Gather(_) => "gather",
        Body::Merge { .. } => "merge",
        Body::Total { .. } => "total",
        Body::Ranks(_) => "ranks",
    }
}

/// Every node that each kernel evaluates, inlined ones included.
pub fn fused(program: &Program, kernels: &Kernels, id: KernelId) -> Vec<NodeId> {
    let kernel = &kernels.list[id.index()];
    let reads: HashSet<NodeId> = kernel.reads.iter().map(|r| r.value).collect();
    let mut stack: Vec<NodeId> = match kernel.body {
        Body::Gather(_) => Vec::new(),
        Body::Merge { ref results, .. } => results.clone(),
        Body::Total { node, .. } => vec![node],
        Body::Map | Body::Contract(_) | Body::Fold(_) | Body::Weights(_) | Body::Ranks(_) => {
            kernel.anchors(&kernels.list)
        }
    };
    stack.extend(kernel.stores.iter().map(|s| s.value));
    stack.extend(kernel.summed());
    let mut found = BTreeSet::new();
    let merged = matches!(kernel.body, Body::Gather(_) | Body::Merge { .. } | Body::Total { .. });
    while let Some(node) = stack.pop() {
        if reads.contains(&node) || !found.insert(node) {
            continue;
        }
        // What a merging kernel adds up was computed by another.
        let anchor = is_anchor(&program.graph.node(node).op);
        if !(merged && anchor) {
            stack.extend(&program.graph.node(node).args);
        }
    }
    found.into_iter().collect()
}
