//! Parameter-free shortcuts: option A of He et al. 2015.

use crate::graph::builder::Builder;
use crate::graph::{AxisMap, NodeId, Remap};

/// Every `stride`-th pixel from the first.
pub fn subsample(b: &mut Builder, x: NodeId, stride: usize) -> NodeId {
    let mut axes = b.ty(x).shape.0.map(AxisMap::identity);
    for axis in &mut axes[1..3] {
        *axis = AxisMap { len: axis.len.div_ceil(stride), mul: stride, offset: 0, div: 1 };
    }
    b.remap(Remap { axes }, x)
}

/// Zero channels until there are `channels`: `before` of them in front, the others behind.
pub fn pad_channels(b: &mut Builder, x: NodeId, channels: usize, before: usize) -> NodeId {
    let mut axes = b.ty(x).shape.0.map(AxisMap::identity);
    axes[3].len = channels;
    axes[3].offset = -(before as isize);
    b.remap(Remap { axes }, x)
}
