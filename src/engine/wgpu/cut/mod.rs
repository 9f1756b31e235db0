//! How the domain of each kernel is cut into workgroups: data, known from shapes and from what a
//! device can do, before any text is written and without a device.
//!
//! `tile` is the cut of one kernel, `sums` of one that adds up what another leaves. A contraction's depends on the [`Target`]: on its [`Style`], on
//! the [`Blocking`] that tuning chose, and on the [`Capabilities`] that subgroups bring; then
//! `matrices` shares a tile among subgroups, or a `window` slides over rows of pixels in registers.

use std::collections::HashSet;

use crate::engine::wgpu::kernel::{KernelId, Kernels};
use crate::graph::{Graph, NodeId, Program};

mod blocking;
mod capabilities;
mod contraction;
mod matrices;
mod style;
mod sums;
mod target;
#[cfg(test)]
mod tests;
mod tile;
mod window;
mod workgroup;

pub use blocking::Blocking;
pub use capabilities::{Capabilities, Matrices};
pub use contraction::{Contraction, ContractionKind};
pub use matrices::MatrixShare;
pub use style::Style;
pub use sums::Parts;
pub use target::Target;
pub use tile::{Multiply, TileCut};
pub use window::{Window, WindowReach};
pub use workgroup::{DEPTH_STEP, THREADS, TOTAL_THREADS, dispatch};

/// The contractions that do nothing else, since they slide: what they read is stored, and their
/// results are. To be known before kernels are formed.
pub fn bare(graph: &Graph, style: Style) -> HashSet<NodeId> {
    graph.ids().filter(|&id| style.window(graph, id).is_some()).collect()
}

/// The cut of every kernel. `blocking` says how each contraction through workgroup memory is cut.
pub fn cut(
    program: &Program,
    kernels: &Kernels,
    target: Target,
    blocking: &dyn Fn(KernelId) -> Blocking,
) -> Vec<TileCut> {
    let mut cuts: Vec<TileCut> = Vec::with_capacity(kernels.list.len());
    for (at, kernel) in kernels.list.iter().enumerate() {
        let target = Target { blocking: blocking(KernelId(at as u32)), ..target };
        let source = kernel.source().map(|of| &cuts[of.index()]);
        let cut = match source {
            Some(source) => TileCut::of_sums(&program.graph, kernel, target, source),
            None => TileCut::of(&program.graph, kernel, target),
        };
        cuts.push(cut);
    }
    cuts
}
