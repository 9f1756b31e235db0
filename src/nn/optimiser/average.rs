//! Moving averages of weights.

use super::mixed;
use crate::graph::NodeId;
use crate::graph::builder::Builder;

/// An exponential moving average after one more step (Polyak and Juditsky 1992 in the form that
/// Tarvainen and Valpola 2017, eq. 1, gave it): d·average + (1 − d)·w.
pub fn moved(b: &mut Builder, decay: f64, average: NodeId, w: NodeId) -> NodeId {
    mixed(b, decay, average, w)
}
