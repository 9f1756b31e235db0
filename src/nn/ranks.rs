//! What several ranks come to together, each with a batch of its own.

use crate::graph::NodeId;
use crate::graph::builder::Builder;

/// The mean over so many ranks: the gradient of a mean loss over all their images, from each rank's own.
pub fn mean(b: &mut Builder, x: NodeId, ranks: usize) -> NodeId {
    let total = b.total(x);
    b.scale(total, 1.0 / ranks as f64)
}
