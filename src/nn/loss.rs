//! Softmax cross-entropy.

use crate::graph::autodiff::mean;
use crate::graph::builder::Builder;
use crate::graph::{Axes, NodeId, ReduceKind, Unary};

/// Mean over the batch of −Σ t · log softmax(z); `logits` and `targets` are N×1×1×K, and a row of
/// `targets` sums to 1, or to what its picture counts. A scalar.
pub fn cross_entropy(b: &mut Builder, logits: NodeId, targets: NodeId) -> NodeId {
    let largest = b.reduce(ReduceKind::Max, Axes::CHANNELS, logits);
    // The shift cancels, in the value and in the gradient.
    let shift = b.detach(largest);
    let shifted = b.sub(logits, shift);
    let exponentials = b.unary(Unary::Exp, shifted);
    let total = b.reduce(ReduceKind::Sum, Axes::CHANNELS, exponentials);
    let log_total = b.unary(Unary::Log, total);
    let log_softmax = b.sub(shifted, log_total);
    let picked = b.mul(targets, log_softmax);
    let likelihood = b.reduce(ReduceKind::Sum, Axes::CHANNELS, picked);
    let mean = mean(b, Axes::ALL, likelihood);
    b.unary(Unary::Neg, mean)
}
