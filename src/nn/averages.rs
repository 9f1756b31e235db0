//! Averages of weights along training: Lookahead's slow weights, and a moving average.
//!
//! What is averaged is all that a step moves, running statistics too, as timm's `ModelEmaV3` and
//! airbench94 do. The last average has the name of what it averages, in files as in the graph, so that
//! whoever asks for a network's weights has the average; what the optimiser moves is [`fast_name`] then.

use super::mix::mixed;
use crate::graph::builder::Builder;
use crate::graph::{Average, NodeId, Unary};

/// Which averages a step keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Averages {
    /// Slow weights, to which the others return now and then.
    pub lookahead: bool,
    /// A moving average, of which training knows nothing.
    pub ema: bool,
}

/// Name of what the optimiser moves, where an average has the tensor's own name.
pub fn fast_name(tensor: &str) -> String {
    format!("{tensor}.fast")
}

/// Name of an average that is not the last, in files and listings.
pub fn average_name(tensor: &str, average: Average) -> String {
    format!("{tensor}.{}", average.name())
}

/// Lookahead (Zhang et al. 2019, algorithm 1): the slow weights take over `share`, the paper's α, of the
/// fast ones, which go on from there. With a share of 0 both stay as they are. Returns slow, then fast.
pub fn lookahead(b: &mut Builder, share: NodeId, slow: NodeId, fast: NodeId) -> (NodeId, NodeId) {
    let due = b.unary(Unary::Step, share);
    let slow = mixed(b, share, fast, slow);
    (slow, mixed(b, due, slow, fast))
}

/// decay·average + (1 − decay)·new.
pub fn ema(b: &mut Builder, decay: NodeId, average: NodeId, new: NodeId) -> NodeId {
    mixed(b, decay, average, new)
}
