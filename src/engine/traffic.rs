//! Tensors moved between memory and kernels, whichever engine's.

use crate::graph::{Graph, NodeId, Op, RegionId};

/// What one kernel or phase moves.
#[derive(Clone, Copy, Debug)]
pub struct Traffic<'a> {
    /// The region that it works for.
    pub region: Option<RegionId>,
    /// Tensors read from memory.
    pub reads: &'a [NodeId],
    /// Tensors written to memory.
    pub writes: &'a [NodeId],
}

impl Traffic<'_> {
    /// Elements of the batched tensors read and written.
    pub fn elements(&self, graph: &Graph) -> usize {
        let moved = self.reads.iter().chain(self.writes).map(|&n| graph.node(n));
        moved.filter(|node| node.ty.batched).map(|node| node.ty.shape.len()).sum()
    }
}

/// Batched tensors read and written for one region, in sizes of its narrowest convolution's
/// output; `None` where the region has no convolution.
pub fn passes<'a>(
    graph: &Graph,
    region: RegionId,
    all: impl IntoIterator<Item = Traffic<'a>>,
) -> Option<f64> {
    let own = graph.nodes.iter().filter(|node| node.origin.region == Some(region));
    let convolutions = own.filter(|node| matches!(node.op, Op::Conv(_)));
    let narrowest = convolutions.map(|node| node.ty.shape.len()).min()?;
    let own = all.into_iter().filter(|traffic| traffic.region == Some(region));
    let moved: usize = own.map(|traffic| traffic.elements(graph)).sum();
    Some(moved as f64 / narrowest as f64)
}
