//! What joins channels, and what makes one of all.

use super::option_a::pad_channels;
use crate::graph::autodiff::mean;
use crate::graph::builder::Builder;
use crate::graph::{Axes, NodeId, ReduceKind};

/// Channels of all, one behind the other: each between zeros, and added up, so that the adjoints
/// are slices.
pub fn concat(b: &mut Builder, all: &[NodeId]) -> NodeId {
    let widths: Vec<usize> = all.iter().map(|&x| b.ty(x).shape.0[3]).collect();
    let channels = widths.iter().sum();
    let mut before = 0;
    let mut sum = None;
    for (&x, width) in all.iter().zip(widths) {
        let part = pad_channels(b, x, channels, before);
        before += width;
        sum = Some(sum.map_or(part, |sum| b.add(sum, part)));
    }
    sum.expect("there is one at least")
}

/// Mean over channels.
pub fn channel_mean(b: &mut Builder, x: NodeId) -> NodeId {
    mean(b, Axes::CHANNELS, x)
}

/// Maximum over channels; equals share the gradient.
pub fn channel_max(b: &mut Builder, x: NodeId) -> NodeId {
    b.reduce(ReduceKind::Max, Axes::CHANNELS, x)
}
