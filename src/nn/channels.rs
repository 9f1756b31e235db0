//! What joins channels, takes some of them, and makes one of all.

use super::option_a::pad_channels;
use crate::graph::autodiff::mean;
use crate::graph::builder::Builder;
use crate::graph::placement::is_anchor;
use crate::graph::{Axes, AxisMap, NodeId, ReduceKind, Remap};

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

/// So many channels from one on.
pub fn slice(b: &mut Builder, x: NodeId, start: usize, channels: usize) -> NodeId {
    let mut axes = b.ty(x).shape.0.map(AxisMap::identity);
    axes[3] = AxisMap { len: channels, offset: start as isize, ..axes[3] };
    b.remap(Remap { axes }, x)
}

/// Mean over channels.
pub fn channel_mean(b: &mut Builder, x: NodeId) -> NodeId {
    mean(b, Axes::CHANNELS, x)
}

/// Maximum over channels; equals share the gradient.
pub fn channel_max(b: &mut Builder, x: NodeId) -> NodeId {
    maximum(b, Axes::CHANNELS, x)
}

/// Maximum over rows and columns; equals share the gradient.
pub fn global_max(b: &mut Builder, x: NodeId) -> NodeId {
    maximum(b, Axes::SPACE, x)
}

/// The gradient goes to the elements that are the maximum to the bit. Engines compute pointwise values
/// again where they read them, and not always to the bit: a move writes them once for both. What an
/// anchor makes is written already.
fn maximum(b: &mut Builder, axes: Axes, x: NodeId) -> NodeId {
    let written = if is_anchor(b.graph(), x) {
        x
    } else {
        let axes = b.ty(x).shape.0.map(AxisMap::identity);
        b.remap(Remap { axes }, x)
    };
    b.reduce(ReduceKind::Max, axes, written)
}
