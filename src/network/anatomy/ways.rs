//! The ways of x through a unit.

use super::gate::{Gate, gate};
use super::{Shortcut, Term};
use crate::network::{Activation, BinaryOp, Edge, Layer, ModuleId, ModuleKind, Network, ValueId};

/// What one layer on the shortcut does to x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Multiplies by a number.
    Scaled(f64),
    /// Multiplies (or divides) by a value.
    Gated(Gate),
    /// Multiplies by learned numbers.
    Learned(ModuleId),
    /// A 1×1 convolution.
    Convolved(ModuleId),
    /// Normalisation, with the module of what it learns and keeps.
    Normalised(Option<ModuleId>),
    /// Dropout, of elements or of the whole; a factor that is drawn.
    Dropped,
    /// Passed on without a gradient.
    Detached,
    /// A ReLU.
    Rectified,
    /// A sigmoid or tanh.
    Squashed,
    /// Another activation function.
    Activated(Activation),
    /// Means or maxima of windows, or of the whole.
    Pooled,
    /// The larger or smaller of x and another value.
    Compared,
    /// Channels of other values beside those of x.
    Joined,
    /// Pictures made larger.
    Upsampled,
    /// Every n-th pixel (option A).
    Subsampled,
    /// Zero channels added (option A), or zero pixels.
    Padded,
    /// Some of the channels, without the others.
    Sliced,
    /// Pixels at the border cut off.
    Cropped,
    /// Pixels cut off at some sides, and zeros put at others.
    Reframed,
}

impl Step {
    /// Whether x is still there as it was, up to factors and places.
    pub fn keeps(&self) -> bool {
        match self {
            Step::Scaled(_)
            | Step::Gated(_)
            | Step::Learned(_)
            | Step::Detached
            | Step::Subsampled
            | Step::Padded
            | Step::Sliced
            | Step::Cropped
            | Step::Reframed => true,
            Step::Convolved(_)
            | Step::Normalised(_)
            | Step::Dropped
            | Step::Rectified
            | Step::Squashed
            | Step::Activated(_)
            | Step::Compared
            | Step::Joined
            | Step::Pooled
            | Step::Upsampled => false,
        }
    }
}

/// How x reaches a value.
#[derive(Clone, Copy, Debug)]
struct Reach {
    /// Of the way: weights as kernel areas, sigmoids and tanhs, layers.
    cost: [usize; 3],
    /// Weights over all ways, factors of a product added up.
    all: usize,
    /// The argument by which the way comes.
    slot: usize,
}

/// The ways from one value to those after it, up to a last one.
pub struct Ways<'a> {
    pub network: &'a Network,
    pub x: ValueId,
    reached: Vec<Option<Reach>>,
}

impl<'a> Ways<'a> {
    /// Finds them all.
    pub fn new(network: &'a Network, x: ValueId, last: ValueId) -> Self {
        let start = Reach { cost: [0; 3], all: 0, slot: 0 };
        let mut ways = Self { network, x, reached: vec![Some(start)] };
        for index in x.0 + 1..=last.0 {
            ways.reached.push(ways.reach(ValueId(index)));
        }
        ways
    }

    fn reach(&self, id: ValueId) -> Option<Reach> {
        let value = self.network.value(id);
        let args: Vec<(usize, Reach)> = (value.args.iter().enumerate())
            .filter_map(|(slot, &arg)| Some((slot, self.at(arg)?)))
            .collect();
        let product = matches!(value.layer, Layer::Binary(BinaryOp::Mul | BinaryOp::Div));
        let all = args.iter().map(|(_, arg)| arg.all);
        let all = if product { all.fold(0, usize::saturating_add) } else { all.max()? };
        let own = weights(self.network, &value.layer);
        let squashes = usize::from(squashes(&value.layer));
        let cost = |slot: usize, [weights, squashed, layers]: [usize; 3]| {
            // A denominator carries nothing.
            let denominator = value.layer == Layer::Binary(BinaryOp::Div) && slot == 1;
            let weights = weights.saturating_add(own).saturating_add(2 * usize::from(denominator));
            [weights, squashed + squashes, layers + 1]
        };
        let found = args.iter().map(|&(slot, arg)| (cost(slot, arg.cost), slot)).min();
        found.map(|(cost, slot)| Reach { cost, all: all.saturating_add(own), slot })
    }

    fn at(&self, value: ValueId) -> Option<Reach> {
        let index = value.index().checked_sub(self.x.index())?;
        self.reached.get(index).copied().flatten()
    }

    /// Whether x reaches a value at all.
    pub fn reaches(&self, value: ValueId) -> bool {
        self.at(value).is_some()
    }

    /// Whether a value carries x.
    pub fn carries(&self, value: ValueId) -> bool {
        self.at(value).is_some_and(|reach| reach.cost[0] <= 1)
    }

    /// Weights over all ways to a value.
    pub fn all(&self, value: ValueId) -> usize {
        self.at(value).map_or(usize::MAX, |reach| reach.all)
    }

    /// The way to a value: x not counted, the value counted; nothing if x does not reach it.
    pub fn to(&self, value: ValueId) -> Vec<ValueId> {
        self.union(&[value], false)
    }

    /// The values on the ways to some values, each once, in order; with `joined` the ways of all parts
    /// of what is joined that carry x.
    fn union(&self, ends: &[ValueId], joined: bool) -> Vec<ValueId> {
        let mut on = vec![false; self.reached.len()];
        on[0] = true;
        let mut ends = ends.to_vec();
        while let Some(mut at) = ends.pop() {
            while let Some(reach) = self.at(at) {
                let seen = &mut on[at.index() - self.x.index()];
                if std::mem::replace(seen, true) {
                    break;
                }
                let value = self.network.value(at);
                if joined && value.layer == Layer::Concat {
                    ends.extend(value.args.iter().filter(|&&arg| self.carries(arg)));
                }
                at = value.args[reach.slot];
            }
        }
        let marked = (1..on.len()).filter(|&at| on[at]);
        marked.map(|at| ValueId(self.x.0 + at as u32)).collect()
    }

    /// The shortcut of some terms, `ends` their values.
    pub fn shortcut(&self, terms: Vec<Term>, ends: &[ValueId]) -> Shortcut {
        let way = self.union(ends, true);
        let made = way.iter().filter_map(|&value| Some((self.step(value)?, value)));
        let factors = terms.iter().filter(|term| term.factor != 1.0);
        let factors = factors.map(|term| (Step::Scaled(term.factor), term.value));
        let (steps, at): (Vec<_>, Vec<_>) = made.chain(factors).unzip();
        let plain = |term: &Term| term.value == self.x && term.factor == 1.0;
        let is_identity = terms.iter().any(plain) || steps.is_empty();
        Shortcut { terms, is_identity, way, steps, at }
    }

    /// What a value does to x that comes by its way.
    fn step(&self, id: ValueId) -> Option<Step> {
        let (value, slot) = (self.network.value(id), self.at(id)?.slot);
        let other = || Edge { user: id, slot: 1 - slot };
        let number = || match self.network.value(value.args[1 - slot]).layer {
            Layer::Const(number) => Some(number),
            _ => None,
        };
        match value.layer {
            Layer::Conv { module, .. } | Layer::Linear { module } => Some(Step::Convolved(module)),
            Layer::BatchNorm { module, .. } => Some(Step::Normalised(Some(module))),
            Layer::Norm { module, .. } => Some(Step::Normalised(module)),
            Layer::Scale { module } => Some(Step::Learned(module)),
            Layer::Activation(Activation::Relu) => Some(Step::Rectified),
            Layer::Activation(function) if function.squashes() => Some(Step::Squashed),
            Layer::Activation(function) => Some(Step::Activated(function)),
            Layer::Dropout { .. } | Layer::DropPath { .. } | Layer::Live { .. } => {
                Some(Step::Dropped)
            }
            Layer::Binary(op @ (BinaryOp::Mul | BinaryOp::Div)) => match (op, number()) {
                // It is x still, but not below a line.
                (_, Some(1.0)) if op == BinaryOp::Mul || slot == 0 => None,
                (BinaryOp::Div, Some(number)) => Some(Step::Scaled(1.0 / number)),
                (_, Some(number)) => Some(Step::Scaled(number)),
                (_, None) => Some(self.factor(other())),
            },
            Layer::Binary(BinaryOp::Sub) => (slot == 1).then_some(Step::Scaled(-1.0)),
            Layer::Binary(BinaryOp::Max | BinaryOp::Min) => Some(Step::Compared),
            Layer::Concat => Some(Step::Joined),
            Layer::GlobalPool(_)
            | Layer::ChannelPool(_)
            | Layer::Pool { .. }
            | Layer::BlurPool { .. } => Some(Step::Pooled),
            Layer::Upsample { .. } => Some(Step::Upsampled),
            Layer::Subsample { .. } => Some(Step::Subsampled),
            Layer::PadPixels { padding } => {
                let any = |is: fn(&isize) -> bool| padding.as_flattened().iter().any(is);
                match (any(|side| *side < 0), any(|side| *side > 0)) {
                    (true, true) => Some(Step::Reframed),
                    (true, false) => Some(Step::Cropped),
                    (false, _) => Some(Step::Padded),
                }
            }
            Layer::PadChannels { .. } => Some(Step::Padded),
            Layer::SliceChannels { .. } => Some(Step::Sliced),
            // What is added to x is no part of it.
            Layer::Binary(BinaryOp::Add)
            | Layer::Shift { .. }
            | Layer::Input
            | Layer::Const(_)
            | Layer::Scalar { .. }
            | Layer::Random { .. } => None,
            Layer::Detach => Some(Step::Detached),
        }
    }

    /// A factor that is no number.
    fn factor(&self, edge: Edge) -> Step {
        match self.network.value(self.network.value(edge.user).args[edge.slot]).layer {
            Layer::Scalar { module } => Step::Learned(module),
            Layer::Random { .. } => Step::Dropped,
            _ => Step::Gated(gate(self.network, edge)),
        }
    }
}

/// Whether a layer maps to a bounded range, as gates do.
fn squashes(layer: &Layer) -> bool {
    matches!(layer, Layer::Activation(activation) if activation.squashes())
}

fn weights(network: &Network, layer: &Layer) -> usize {
    match layer.module().map(|id| &network.module(id).kind) {
        Some(ModuleKind::Conv { kernel: [rows, columns], .. }) => rows * columns,
        // Reads more than a pixel.
        Some(ModuleKind::Linear { rows_columns: [rows, columns], .. }) => rows * columns + 1,
        Some(
            ModuleKind::BatchNorm { .. } | ModuleKind::Norm { .. } | ModuleKind::Vector { .. },
        )
        | None => 0,
    }
}
