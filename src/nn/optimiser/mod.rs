//! Optimisers: what a step makes of a parameter and its gradient.
//!
//! Each is PyTorch's form of it, or its authors', so that rates and curves compare one to one. What
//! an optimiser keeps of a parameter stands in [`Slot`]s, as many inputs of the graph.

mod adamw;
mod clip;
mod lion;
mod muon;
mod newton_schulz;
mod sgd;

use crate::graph::builder::Builder;
use crate::graph::{EndId, NodeId, Role, Slot, Unary};
use crate::nn::mix;

pub use adamw::AdamW;
pub use clip::Clip;
pub use lion::Lion;
pub use muon::{Adjust, Muon};
pub use newton_schulz::{COEFFICIENTS, orthogonalised};
pub use sgd::{Sgd, sgd};

/// Name of what is kept of a parameter, in files and listings.
pub fn slot_name(parameter: &str, slot: Slot) -> String {
    format!("{parameter}.{}", slot.name())
}

/// Inputs that hold how much of the moments is filled, 1 − βᵗ after t steps: names, roles, and how
/// they start. A moment begins at zero and is divided by it (Kingma and Ba 2015, §3). As a moving
/// average of ones it is rounded as the moments are, and a step that is left out does not count.
pub const FILLED: [(&str, Role, f32); 2] = [
    ("optimiser.first_moment.filled", Role::Filled(Slot::FirstMoment), 0.0),
    ("optimiser.second_moment.filled", Role::Filled(Slot::SecondMoment), 0.0),
];

/// An optimiser, without its weight decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Stochastic gradient descent.
    Sgd {
        /// Momentum, 0 ≤ μ < 1.
        momentum: f64,
        /// Nesterov's form.
        nesterov: bool,
    },
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
    /// The sign of a momentum.
    Lion(Lion),
    /// A momentum made orthogonal; for matrices.
    Muon(Muon),
}

impl Rule {
    /// What it keeps of a parameter.
    pub fn slots(self) -> &'static [Slot] {
        match self {
            Rule::Sgd { .. } | Rule::Lion(_) | Rule::Muon(_) => &[Slot::Momentum],
            Rule::AdamW(_) => &[Slot::FirstMoment, Slot::SecondMoment],
        }
    }

    /// β₁ and β₂, where it divides by how much of its moments is filled.
    pub fn filling(self) -> Option<[f64; 2]> {
        match self {
            Rule::AdamW(AdamW { betas, .. }) => Some(betas),
            Rule::Sgd { .. } | Rule::Lion(_) | Rule::Muon(_) => None,
        }
    }
}

/// How one parameter is updated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// By which optimiser.
    pub rule: Rule,
    /// Weight decay λ.
    pub weight_decay: f64,
    /// What the learning rate is multiplied by.
    pub rate: f64,
    /// Where its training ends, before the run does.
    pub until: Option<EndId>,
}

/// A parameter in a step.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Learning rate, a scalar.
    pub lr: NodeId,
    /// The parameter.
    pub w: NodeId,
    /// Its gradient.
    pub g: NodeId,
    /// What is kept of it, in the order of [`Rule::slots`].
    pub kept: &'a [NodeId],
    /// How much of the moments is filled after this step, where [`Rule::filling`] says so.
    pub filled: Option<[NodeId; 2]>,
    /// 1 while it is trained, 0 after; none where it is to the end.
    pub open: Option<NodeId>,
}

impl Update {
    /// The new parameter, and what is kept of it now, in the order of [`Rule::slots`].
    ///
    /// # Panics
    /// The step lacks what the rule asks for.
    pub fn apply(&self, b: &mut Builder, step: Step) -> (NodeId, Vec<NodeId>) {
        let Update { rule, weight_decay, rate, until: _ } = *self;
        let lr = b.scale(step.lr, rate);
        let step = Step { lr, ..step };
        let (new, keeps) = match rule {
            Rule::Sgd { momentum, nesterov } => {
                let settings = Sgd { momentum, weight_decay, decay_vectors: true, nesterov };
                let (w, m) = sgd(b, &settings, lr, step.w, step.kept[0], step.g);
                (w, vec![m])
            }
            Rule::AdamW(adamw) => adamw.apply(b, weight_decay, step),
            Rule::Lion(lion) => lion.apply(b, weight_decay, step),
            Rule::Muon(muon) => muon.apply(b, weight_decay, step),
        };
        let Some(open) = step.open else { return (new, keeps) };
        let pairs = keeps.iter().zip(step.kept);
        let kept = pairs.map(|(&new, &old)| mix::mixed(b, open, new, old)).collect();
        (mix::mixed(b, open, new, step.w), kept)
    }
}

/// m ← μ·m + g, and where it leads: m or, in Nesterov's form, g + μ·m.
fn with_momentum(
    b: &mut Builder,
    momentum: f64,
    nesterov: bool,
    m: NodeId,
    g: NodeId,
) -> (NodeId, NodeId) {
    let kept = b.scale(m, momentum);
    let m = b.add(kept, g);
    if !nesterov {
        return (m, m);
    }
    let ahead = b.scale(m, momentum);
    (b.add(g, ahead), m)
}

/// β·old + (1 − β)·new.
fn mixed(b: &mut Builder, beta: f64, old: NodeId, new: NodeId) -> NodeId {
    let (old, new) = (b.scale(old, beta), b.scale(new, 1.0 - beta));
    b.add(old, new)
}

/// How much of a moment is filled after one more step.
pub fn filled(b: &mut Builder, beta: f64, before: NodeId) -> NodeId {
    let one = b.constant(1.0);
    mixed(b, beta, before, one)
}

/// w without lr·λ of it: decay that no moment sees.
fn decayed(b: &mut Builder, weight_decay: f64, lr: NodeId, w: NodeId) -> NodeId {
    if weight_decay == 0.0 {
        return w;
    }
    let share = b.scale(lr, weight_decay);
    let share = b.mul(w, share);
    b.sub(w, share)
}

/// w − lr·direction.
fn moved(b: &mut Builder, lr: NodeId, w: NodeId, direction: NodeId) -> NodeId {
    let step = b.mul(direction, lr);
    let back = b.unary(Unary::Neg, step);
    b.add(w, back)
}
