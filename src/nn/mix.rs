//! Two values by shares.

use crate::graph::NodeId;
use crate::graph::builder::Builder;

/// share·x + (1 − share)·y: with a share of 1 or 0, the one or the other to the bit (but that −0 may
/// become 0), as long as both are finite.
pub fn mixed(b: &mut Builder, share: NodeId, x: NodeId, y: NodeId) -> NodeId {
    let one = b.constant(1.0);
    let rest = b.sub(one, share);
    let (x, y) = (b.mul(x, share), b.mul(y, rest));
    b.add(x, y)
}
