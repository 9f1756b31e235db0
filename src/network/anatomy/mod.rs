//! What stands where in a unit: its shortcut, its residual function, its gates, and what deleting
//! it means. One definition, by structure and never by name, for whoever asks.
//!
//! A unit computes y = h(x) + F(x), then f(y) (He et al. 2016, equations 1 and 2).
//!
//! # Definition
//! - **Terms.** y is a sum. Its *terms* are found by opening additions, subtractions, and
//!   multiples of those by a number; each has a factor, −1 behind a minus. x is one term even
//!   where it is a sum itself. What does not depend on x is no term. Activations, normalisation,
//!   learned factors and summands, and dropout of a sum with a shortcut, `y = relu(h(x) + F(x))`, are f,
//!   and y is the sum. Any other y that is no sum is one term, added to nothing.
//! - **Ways.** Of the ways from x to a value, *the* way has the fewest weights, counted as kernel
//!   areas; among those the fewest sigmoids and tanhs; among those the fewest layers. So the way
//!   through a product enters by the factor that is x, and the other factor is a gate.
//! - **Shortcut.** A term *carries* x if its way has at most one weight, a 1×1 convolution's. The
//!   shortcut h is those carrying terms over which the fewest weights stand in all, factors of a
//!   product counted together. The other terms are *branches*: together they are F's contribution.
//! - **Steps.** What the layers on the shortcut's way do to x, in order ([`Step`]).
//! - **Gates.** A value that multiplies x on its way is a gate. On a branch, a factor is a gate if
//!   it is one on the shortcut too, or ends in a sigmoid or a hard one. Written 1 − g, the gate is g.
//! - **Place.** A module stands on the shortcut if its layer is on the shortcut's way and no
//!   branch needs it; all others of a unit stand in F.
//! - **Deletion.** Deleting a unit drops F's contribution and keeps h with all that is on it.
//!   Where the shortcut has 1 − g and a branch g, g is set to 0, as Srivastava et al. (2015)
//!   lesion highways: what remains is h(x) as it is. Without shortcut or without F, a unit becomes
//!   the identity, where its shape allows.
//! - **Sizes.** ‖F‖/‖x‖ compares F's *contribution*, as it is added to y in evaluation, with all
//!   that scales it, to the unit's input x, before whatever the shortcut does to it. That is what
//!   equation 4, x_L = x_l + ΣF, adds up. In evaluation, so what training drops at random is
//!   multiplied by its probability.
//!
//! # Cases
//! | unit | shortcut | branches |
//! |---|---|---|
//! | `y = x + F(x)` | x, no steps | F(x) |
//! | `y = relu(x + F(x))`, as `f = relu` | x, no steps | F(x); f is the ReLU |
//! | option A, `y = h(x) + F(x)` | subsampled, padded | F(x) |
//! | projected, `h = conv(1x1, w)` | convolved | F(x) |
//! | scaled, `y = 0.5 * x + 0.5 * F(x)` | scaled by 0.5 | 0.5·F(x), so that ‖F‖ is halved too |
//! | exclusive gate, `(1 - g(x)) * h(x) + g(x) * F(x)` | gated by 1 − g | g·F, gated by g |
//! | shortcut-only gate, `(1 - g(x)) * h(x) + F(x)` | gated by 1 − g | F(x); deleting keeps 1 − g |
//! | highway, `H(x) * t(x) + x * (1 - t(x))` | gated by 1 − t | H·t, gated by t |
//! | dropped, `h = dropout(0.5)` | dropped | F(x) |
//! | learned factor, `y = x + scalar(0) * F(x)` | x | the product; the factor is no gate |
//! | stochastic depth | x | drop_path(F(x)) |
//! | shared pre-activation, `a = (bn -> relu)(x)`, `y = h(a) + F(a)` | normalised, rectified, then h; bn stands in F | F(a) |
//! | `y = x - F(x)` | x | F(x), factor −1 |
//! | `y = 2 * (x + F(x))` | x, scaled by 2 | F(x), factor 2 |
//! | nested, `inner = u -> u`, `y = x + inner(x)`, u `x + F(x)` | x, twice: y is 2x + F(x) + F(x + F(x)) | the inner units' F |
//! | nested behind a ReLU, u with `f = relu` | x | the inner unit, whole |
//! | `y = x + x`, `y = 2 * x`, squeeze `y = s(x) * x` | [`Body::Carried`]: there is no F | none |
//! | reversible, `y = x + concat(F(b), G(a + F(b)))`, a and b the halves of x | x | the channels that are joined |
//! | plain, `y = F(x)` | [`Body::Chain`]: there is no shortcut | none |
//! | dense, `y = concat(x, F(x))` | [`Body::Chain`]: x stands beside F(x), and nothing is added to it | none |
//! | `y = F(x) + G(x)`, both 3×3 | [`Body::Chain`] | none |
//!
//! In a net without units, each convolution with the normalisation and activation behind it is a
//! [`Site`] too, a chain.

mod branches;
mod gate;
mod layers;
mod place;
mod terms;
mod text;
mod ways;

pub use gate::Gate;
pub use place::{Place, places};
pub use ways::Step;

use super::{BinaryOp, Chw, Edge, Layer, Network, UnitId, UnitInstance, ValueId};
use ways::Ways;

/// A unit, or in a net without units a layer, that can be deleted, moved or followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// `preact`, or `conv3` for a layer.
    pub name: String,
    /// The unit; none for a layer.
    pub unit: Option<UnitId>,
    /// x. Everything after it depends on this value and nothing before it.
    pub input: ValueId,
    /// y, before f; see the definition of terms for what is f.
    pub sum: ValueId,
    /// f(y).
    pub output: ValueId,
    /// Shapes of `input` and `output`.
    pub shapes: [Chw; 2],
    /// How y is made.
    pub body: Body,
    /// The way of x to y: x not counted, y counted. The first shortcut's, if there is one.
    pub way: Vec<ValueId>,
    /// f: the way of y to the output, y not counted; empty where f is the identity.
    pub after: Vec<ValueId>,
}

/// How a unit's y is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A shortcut and F's contribution added up.
    Residual(Residual),
    /// A shortcut alone.
    Carried(Shortcut),
    /// No shortcut.
    Chain,
}

/// y = h + F.
#[derive(Clone, Debug, PartialEq)]
pub struct Residual {
    /// h.
    pub shortcut: Shortcut,
    /// F's contribution.
    pub branches: Vec<Branch>,
    /// What a factor of 0 on these arguments deletes.
    pub deletion: Vec<Edge>,
}

/// The terms of y that carry x.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortcut {
    /// The terms; none if y is no sum.
    pub terms: Vec<Term>,
    /// Whether one of them is x as it is.
    pub is_identity: bool,
    /// The values on their ways, in order, x not counted.
    pub way: Vec<ValueId>,
    /// What is done to x on them, in order; factors of terms come last.
    pub steps: Vec<Step>,
    /// The values that do so, one a step; of a factor its term's.
    pub at: Vec<ValueId>,
}

impl Shortcut {
    /// The gates on it.
    pub fn gates(&self) -> impl Iterator<Item = Gate> + '_ {
        self.steps.iter().filter_map(|step| match step {
            Step::Gated(gate) => Some(*gate),
            _ => None,
        })
    }
}

/// One term of a sum: where it is read, what is added, and how often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// As the argument of an addition, a subtraction, or a sum's multiplication.
    pub edge: Edge,
    /// What is added.
    pub value: ValueId,
    /// By what it is multiplied after `edge`: 1, −1 behind a minus, or a multiple's number.
    pub factor: f64,
}

/// A term of F's contribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// The term.
    pub term: Term,
    /// What scales it.
    pub gates: Vec<Gate>,
}

/// A sum of values with factors.
pub type Sum = Vec<(f64, ValueId)>;

impl Residual {
    /// What h adds to y.
    pub fn carried(&self) -> Sum {
        self.shortcut.terms.iter().map(|term| (term.factor, term.value)).collect()
    }

    /// What F adds to y.
    pub fn contribution(&self) -> Sum {
        self.branches.iter().map(|branch| (branch.term.factor, branch.term.value)).collect()
    }
}

impl Site {
    /// Its shortcut and F, if it has both.
    pub fn residual(&self) -> Option<&Residual> {
        match &self.body {
            Body::Residual(residual) => Some(residual),
            Body::Carried(_) | Body::Chain => None,
        }
    }

    /// Whether it can be deleted: it has an F to drop, or may become the identity.
    pub fn deletable(&self, network: &Network) -> bool {
        match self.body {
            Body::Residual(_) => true,
            Body::Carried(_) | Body::Chain => {
                let shape = |value| network.value(value).shape;
                self.sum != self.input && shape(self.input) == shape(self.sum)
            }
        }
    }
}

/// The sites of a network in order: its units; without units, its convolutions with what follows
/// them.
pub fn sites(network: &Network) -> Vec<Site> {
    match network.units.as_slice() {
        [] => layers::sites(network),
        units => units.iter().map(|unit| site(network, unit)).collect(),
    }
}

/// The sum of which y is an activation, a normalisation, or both.
fn summed(network: &Network, input: ValueId, y: ValueId) -> Option<ValueId> {
    let mut at = y;
    while at > input {
        let value = network.value(at);
        match value.layer {
            Layer::Binary(BinaryOp::Add | BinaryOp::Sub) => return (at != y).then_some(at),
            Layer::Activation(_)
            | Layer::BatchNorm { .. }
            | Layer::Norm { .. }
            | Layer::Scale { .. }
            | Layer::Shift { .. }
            | Layer::Dropout { .. } => {
                at = *value.args.first()?;
            }
            _ => return None,
        }
    }
    None
}

/// One unit.
pub fn site(network: &Network, unit: &UnitInstance) -> Site {
    let UnitInstance { input, sum: y, output, .. } = *unit;
    let made = |sum| {
        let (body, way) = body(network, &Ways::new(network, input, sum), sum);
        (sum, body, way)
    };
    let inner = summed(network, input, y).map(made);
    let inner = inner.filter(|(_, body, _)| matches!(body, Body::Residual(_)));
    let (sum, body, way) = inner.unwrap_or_else(|| made(y));
    Site {
        name: unit.definition.clone(),
        unit: Some(unit.id()),
        input,
        sum,
        output,
        shapes: [input, output].map(|v| network.value(v).shape),
        body,
        way,
        after: Ways::new(network, sum, output).to(output),
    }
}

fn body(network: &Network, ways: &Ways, sum: ValueId) -> (Body, Vec<ValueId>) {
    let opened = terms::terms(ways, sum);
    let Some(opened) = opened else {
        let shortcut = ways.shortcut(Vec::new(), &[sum]);
        let kept = ways.carries(sum) && shortcut.steps.iter().all(Step::keeps);
        return (if kept { Body::Carried(shortcut) } else { Body::Chain }, ways.to(sum));
    };
    let carrying = opened.terms.iter().filter(|term| ways.carries(term.value));
    let fewest = carrying.map(|term| ways.all(term.value)).min();
    let is_shortcut =
        |term: &Term| ways.carries(term.value) && Some(ways.all(term.value)) == fewest;
    let (carried, rest): (Vec<Term>, Vec<Term>) =
        opened.terms.iter().copied().partition(is_shortcut);
    let Some(first) = carried.first() else { return (Body::Chain, ways.to(sum)) };
    let way = [ways.to(first.value), opened.additions(first)].concat();
    let values: Vec<ValueId> = carried.iter().map(|term| term.value).collect();
    let shortcut = ways.shortcut(carried, &values);
    if rest.is_empty() {
        return (Body::Carried(shortcut), way);
    }
    let branches = branches::branches(network, &shortcut, rest);
    let deletion = branches::deletion(&shortcut, &branches);
    (Body::Residual(Residual { shortcut, branches, deletion }), way)
}
