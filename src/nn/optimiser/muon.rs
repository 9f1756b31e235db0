//! Momentum whose steps are orthogonal matrices.

use serde::{Deserialize, Serialize};

use super::newton_schulz::{COEFFICIENTS, norm, orthogonalised, rows};
use super::{Step, decayed, moved, with_momentum};
use crate::graph::builder::Builder;
use crate::graph::{Binary, NodeId, Shape};

/// Muon (Jordan 2024; PyTorch's `torch.optim.Muon`): SGD with momentum, whose direction is made orthogonal
/// by Newton–Schulz. A filter Kh×Kw×Ci×Co is the matrix of Co outputs by Kh·Kw·Ci inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Muon {
    /// Momentum, 0 ≤ μ < 1.
    pub momentum: f64,
    /// Nesterov's form.
    pub nesterov: bool,
    /// Iterations of Newton–Schulz.
    pub steps: u32,
    /// a, b and c of its polynomial.
    pub coefficients: [f64; 3],
    /// ε, from [`Muon::LEAST_EPS`] on, added to the norm that the direction is divided by.
    pub eps: f64,
    /// What the rate is multiplied by.
    pub adjust: Adjust,
    /// Whether a weight is brought to the norm √Co before each step, as in airbench94_muon.
    pub normalise_weights: bool,
}

/// How the rate follows the shape of a matrix of m outputs by n inputs; written in PyTorch's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjust {
    /// √max(1, m/n) (Jordan 2024).
    Original,
    /// 0.2·√max(m, n): elements move as far as AdamW's (Liu et al. 2025).
    #[serde(rename = "match_rms_adamw")]
    MatchRmsAdamW,
    /// √(m/n) (Bernstein 2025).
    SpectralUnclamped,
    /// 1
    None,
}

impl Adjust {
    /// Of weights of this shape.
    fn factor(self, weight: Shape) -> f64 {
        let [outputs, inputs] = [weight.0[3], rows(weight)].map(|n| n as f64);
        match self {
            Adjust::Original => (outputs / inputs).max(1.0).sqrt(),
            Adjust::MatchRmsAdamW => 0.2 * outputs.max(inputs).sqrt(),
            Adjust::SpectralUnclamped => (outputs / inputs).sqrt(),
            Adjust::None => 1.0,
        }
    }
}

impl Muon {
    /// Jordan's, as PyTorch's class has them where they are left away.
    pub const JORDAN: Muon = Muon {
        momentum: 0.95,
        nesterov: true,
        steps: 5,
        coefficients: COEFFICIENTS,
        eps: 1e-7,
        adjust: Adjust::Original,
        normalise_weights: false,
    };

    /// Least ε. In f32 squares of elements below 1e-19 are 0, and so is the norm of what has no others, which
    /// ε alone must then bring below 1.
    pub const LEAST_EPS: f64 = 1e-15;

    /// m ← μ·m + g; O ← the orthogonal of m (Nesterov: of g + μ·m); w ← w − lr·λ·w − lr·factor·O.
    pub(super) fn apply(
        self,
        b: &mut Builder,
        weight_decay: f64,
        step: Step,
    ) -> (NodeId, Vec<NodeId>) {
        let Self { momentum, nesterov, steps, coefficients, eps, adjust, normalise_weights } = self;
        let shape = b.ty(step.w).shape;
        let (direction, m) = with_momentum(b, momentum, nesterov, step.kept[0], step.g);
        let direction = orthogonalised(b, direction, steps, coefficients, eps);
        let w = if normalise_weights { normalised(b, step.w) } else { step.w };
        let w = decayed(b, weight_decay, step.lr, w);
        let lr = b.scale(step.lr, adjust.factor(shape));
        (moved(b, lr, w, direction), vec![m])
    }
}

/// Norms below this are not brought up: f32 has the square of it, and divides by it.
const LEAST_NORM: f64 = 1e-15;

/// w with the norm √Co; a weight of zeros stays.
fn normalised(b: &mut Builder, w: NodeId) -> NodeId {
    let root = (b.ty(w).shape.0[3] as f64).sqrt();
    let (norm, least) = (norm(b, w), b.constant(LEAST_NORM));
    let size = b.binary(Binary::Max, norm, least);
    let root = b.constant(root);
    let factor = b.binary(Binary::Div, root, size);
    b.mul(w, factor)
}
