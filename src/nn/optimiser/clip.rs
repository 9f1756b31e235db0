//! Limits on gradients.

use crate::graph::builder::Builder;
use crate::graph::{Axes, Binary, NodeId, ReduceKind, Unary};
use crate::nn::activation::smaller;

/// How gradients are limited before an update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// All of them together to an L² norm (Pascanu et al. 2013, algorithm 1).
    Norm(f64),
    /// Each element to −v … v.
    Value(f64),
}

/// PyTorch's, in `clip_grad_norm_`.
const EPS: f64 = 1e-6;

impl Clip {
    /// The gradients as an update takes them: `clip_grad_norm_` and `clip_grad_value_` of PyTorch.
    pub fn apply(self, b: &mut Builder, gradients: &[NodeId]) -> Vec<NodeId> {
        match self {
            Clip::Norm(most) => {
                let factor = shrunk(b, most, gradients);
                gradients.iter().map(|&g| b.mul(g, factor)).collect()
            }
            Clip::Value(most) => gradients.iter().map(|&g| between(b, g, most)).collect(),
        }
    }
}

/// The smaller of 1 and most / (‖g‖ + ε).
fn shrunk(b: &mut Builder, most: f64, gradients: &[NodeId]) -> NodeId {
    let mut total = b.constant(0.0);
    for &gradient in gradients {
        let square = b.mul(gradient, gradient);
        let sum = b.reduce(ReduceKind::Sum, Axes::ALL, square);
        total = b.add(total, sum);
    }
    let norm = b.unary(Unary::Sqrt, total);
    let eps = b.constant(EPS);
    let norm = b.add(norm, eps);
    let most = b.constant(most);
    let share = b.binary(Binary::Div, most, norm);
    let one = b.constant(1.0);
    smaller(b, share, one)
}

fn between(b: &mut Builder, x: NodeId, most: f64) -> NodeId {
    let (low, high) = (b.constant(-most), b.constant(most));
    let x = b.binary(Binary::Max, x, low);
    smaller(b, x, high)
}
