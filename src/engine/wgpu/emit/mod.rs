//! From kernels to WGSL.

use std::collections::{BTreeSet, HashSet};

use crate::engine::EngineError;
use crate::engine::wgpu::kernel::{Body, KernelId, Kernels, Location, Memory, is_anchor};
use crate::graph::{Graph, NodeId, Program};

use super::compiled::Layout;

mod bindings;
mod columns;
mod contract;
mod epilogue;
mod fold;
mod map;
mod matrices;
mod merge;
mod scalar;
mod slide;
mod slide_weights;
mod staged;
mod template;
mod tile;
mod window;
mod writer;

use window::Window;

pub use bindings::{Binding, Buffer};
pub use matrices::Matrices;
pub use tile::Blocking;
pub(super) use tile::Tile;

/// A kernel ready to be compiled and dispatched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// A complete WGSL module with the entry point `main`. Equal work has equal text.
    pub wgsl: String,
    /// Buffers in binding order.
    pub bindings: Vec<Binding>,
    /// Where the vectors that it uses start, for [`Buffer::Starts`].
    pub starts: Vec<u32>,
    /// Workgroups to dispatch.
    pub workgroups: [u32; 3],
}

/// How contractions get their operands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Through workgroup memory, inner loops written out, for GPUs.
    #[default]
    Staged,
    /// Where the shape allows, from memory into registers, each thread for a few neighbouring
    /// pixels, for software adapters: they read memory of any kind an element at a time, so that
    /// what counts is how often a number is used once it is there. Else through workgroup memory,
    /// in loops, which they compile three times as fast.
    Sliding,
}

impl Style {
    /// What suits an adapter.
    pub fn suited(software: bool) -> Self {
        if software { Style::Sliding } else { Style::Staged }
    }

    /// How a contraction slides, if it does.
    fn window(self, graph: &Graph, node: NodeId) -> Option<Window> {
        match self {
            Style::Staged => None,
            Style::Sliding => Window::of(graph, node),
        }
    }

    /// Whether a contraction does nothing else: it reads tensors as they are, and stores its
    /// result. A sliding one loads a number several times, in text that is written out, and would
    /// compute it as often; and so most have the same text, which is compiled once.
    pub(super) fn is_bare(self, graph: &Graph, node: NodeId) -> bool {
        self.window(graph, node).is_some()
    }
}

/// What kernels may use beyond WebGPU's core, where a device has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Threads of a subgroup add up their sums without workgroup memory.
    pub subgroups: bool,
    /// Contractions in half precision as products of matrices that subgroups hold together.
    pub matrices: Option<Matrices>,
}

/// All that is decided before text is written.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub program: &'a Program,
    pub kernels: &'a Kernels,
    pub memory: &'a Memory,
    /// How the domain of each kernel is cut.
    pub tiles: &'a [Tile],
    pub layout: Layout,
}

/// Writes one kernel.
pub(super) fn emit(given: Given, id: KernelId) -> Result<Code, EngineError> {
    let kernel = &given.kernels.list[id.index()];
    let mut writer = writer::Writer::new(given, id);
    let partial = given.memory.partials[id.index()].map(Location::Slot);
    let (text, groups) = match kernel.body {
        Body::Map | Body::Fold(_) | Body::Gather(_) => map::map(&mut writer, partial),
        Body::Contract(node) | Body::Weights(node) => {
            contract::contract(&mut writer, node, partial)
        }
        Body::Merge { .. } => merge::merge(&mut writer),
    };
    if let Some(fault) = writer.fault() {
        return Err(EngineError::Internal(fault));
    }
    let bindings = writer.bindings.declare(&text);
    let library = template::library(&(text.clone() + &bindings));
    let declarations = bindings + &library;
    let wgsl = template::finish(&text, declarations);
    let (bindings, starts) = writer.bindings.finish();
    Ok(Code { wgsl, bindings, starts, workgroups: tile::dispatch(groups) })
}

/// A name for each kernel that tells what it does, unique by its number: `k12_conv`.
pub(super) fn name(program: &Program, kernels: &Kernels, id: KernelId) -> String {
    let kernel = &kernels.list[id.index()];
    let what = match kernel.body {
        Body::Map => "map",
        Body::Contract(node) | Body::Weights(node) | Body::Fold(node) => {
            program.graph.node(node).op.name()
        }
        Body::Gather(_) => "gather",
        Body::Merge { .. } => "merge",
    };
    format!("{id}_{what}")
}

/// Every node that each kernel evaluates, inlined ones included.
pub(super) fn fused(program: &Program, kernels: &Kernels, id: KernelId) -> Vec<NodeId> {
    let kernel = &kernels.list[id.index()];
    let reads: HashSet<NodeId> = kernel.reads.iter().map(|r| r.value).collect();
    let mut stack: Vec<NodeId> = match kernel.body {
        Body::Gather(_) => Vec::new(),
        Body::Merge { ref results, .. } => results.clone(),
        Body::Map | Body::Contract(_) | Body::Fold(_) | Body::Weights(_) => {
            kernel.anchors(&kernels.list)
        }
    };
    stack.extend(kernel.stores.iter().map(|s| s.value));
    stack.extend(columns::summed(kernel));
    let mut found = BTreeSet::new();
    let merged = matches!(kernel.body, Body::Gather(_) | Body::Merge { .. });
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
