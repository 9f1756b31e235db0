//! How the domain of each kernel is cut into workgroups: data, known from shapes and from what a
//! device can do, before any text is written and without a device.
//!
//! `tile` is the cut of one kernel, `sums` of one that adds up what another leaves. A contraction's depends
//! on the [`Target`]: on its [`Style`], on the [`Blocking`] that tuning chose of its `candidates`, and on
//! the [`Capabilities`] of the device; then a `strip` says which pixels are staged, by what each axis
//! `sight`s, and `weights` with what sums they meet there, `matrices` shares a tile among subgroups, or
//! a `window` slides over rows of pixels in registers. Groups of one channel are `depthwise`.

use std::collections::{HashMap, HashSet};

use crate::engine::wgpu::kernel::{Body, Kernel, KernelId, Kernels};
use crate::graph::{Graph, NodeId, Program};

mod blocking;
mod candidates;
mod capabilities;
mod contraction;
mod depthwise;
mod matrices;
mod sight;
mod strip;
mod style;
mod sums;
mod target;
#[cfg(test)]
mod tests;
mod tile;
mod weight_candidates;
mod weights;
mod window;
mod workgroup;

pub use blocking::{Blocking, TileBlocking};
pub use candidates::MOST;
pub use capabilities::{Capabilities, Matrices};
pub use contraction::{Contraction, ContractionKind};
pub use depthwise::{Depthwise, DepthwiseBlocking};
pub use matrices::MatrixShare;
pub use sight::{Sight, Tap};
pub use strip::{Share, Staged, Strip, StripBlocking};
pub use style::Style;
pub use sums::Parts;
pub use target::Target;
pub use tile::{Multiply, TileCut};
pub use weights::{Unit, WeightBlocking, Weights};
pub use window::{Window, WindowReach};
pub use workgroup::{DEPTH_STEP, THREADS, TOTAL_THREADS, dispatch};

/// The contractions that do nothing else, since they slide: what they read is stored, and their
/// results are. To be known before kernels are formed.
pub fn bare(graph: &Graph, style: Style) -> HashSet<NodeId> {
    graph.ids().filter(|&id| style.window(graph, id).is_some()).collect()
}

/// The cut of every kernel. `blocking` says how contractions through workgroup memory are cut, where
/// it is not the target's choice.
pub fn cut(
    program: &Program,
    kernels: &Kernels,
    target: Target,
    blocking: &dyn Fn(KernelId) -> Option<Blocking>,
) -> Vec<TileCut> {
    // Nets have few distinct contractions, and ranking their candidates takes a while.
    let mut known: HashMap<_, TileCut> = HashMap::new();
    let mut cuts: Vec<TileCut> = Vec::with_capacity(kernels.list.len());
    for (at, kernel) in kernels.list.iter().enumerate() {
        let blocking = blocking(KernelId(at as u32));
        let new = || TileCut::of(&program.graph, kernel, target, blocking);
        let cut = match (kernel.source(), contraction(&program.graph, kernel)) {
            (Some(of), _) => TileCut::of_sums(&program.graph, kernel, target, &cuts[of.index()]),
            (None, Some(it)) => {
                let key = (it.shape(), kernel.columns.len(), blocking);
                *known.entry(key).or_insert_with(new)
            }
            (None, None) => new(),
        };
        cuts.push(cut);
    }
    cuts
}

/// The contraction that a kernel computes, if it does.
fn contraction(graph: &Graph, kernel: &Kernel) -> Option<Contraction> {
    match kernel.body {
        Body::Contract(node) | Body::Weights(node) => Contraction::of(graph, node),
        Body::Map
        | Body::Fold(_)
        | Body::Gather(_)
        | Body::Merge { .. }
        | Body::Total { .. }
        | Body::Ranks(_) => None,
    }
}
