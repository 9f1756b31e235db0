//! Programs for studies of trained networks: parts of an inference pass with probes, and forward
//! and backward passes with running statistics.

use super::probes::{Part, Pass, Probes};
use super::{Lowering, Mode};
use crate::graph::autodiff::{gradient, gradient_along};
use crate::graph::builder::Builder;
use crate::graph::{Axes, NodeId, OutputKind, Program, QuantityId, ReduceKind};
use crate::network::anatomy::Sum;
use crate::network::{Network, ValueId};
use crate::passes;

/// A part of an inference pass. Inputs: `Images` or `Cut`, and the probes. Output: `Logits`,
/// or `Cut` where the part ends earlier.
pub fn part(network: &Network, batch: usize, part: Part, probes: &Probes) -> Program {
    let mut lowering = Lowering::probed(network, batch, Mode::Infer, part, probes);
    let node = lowering.forward();
    let kind = if part.to.is_some() { OutputKind::Cut } else { OutputKind::Logits };
    passes::run(passes::Mode::Inference, &lowering.finish(vec![kind.of(node)]))
}

/// What [`forward_and_backward`] is asked for; each is an output of the number that stands with it.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Sums of values.
    pub sums: Vec<(QuantityId, Sum)>,
    /// Gradients of the mean cross-entropy E with respect to values.
    pub gradients: Vec<(QuantityId, ValueId)>,
    /// Jᵀ·∂E/∂y with J the Jacobian of the sum of some values (first) with respect to a value
    /// (second), and y a third one.
    pub products: Vec<(QuantityId, Sum, ValueId, ValueId)>,
}

/// Forward and backward pass with running statistics, so that no image sees another: E's
/// gradient with respect to an image is 1/N of what the image has alone. Inputs as for training,
/// and the probes. Outputs: `Loss`, `Logits` and what is wanted, each a batched tensor.
pub fn forward_and_backward(
    network: &Network,
    batch: usize,
    probes: &Probes,
    wanted: &Wanted,
) -> Program {
    let mut lowering = Lowering::probed(network, batch, Mode::Infer, Part::WHOLE, probes);
    let logits = lowering.forward();
    let loss = lowering.loss(logits);
    let mut outputs = vec![OutputKind::Loss.of(loss), OutputKind::Logits.of(logits)];
    for (id, values) in &wanted.sums {
        outputs.push(OutputKind::Quantity(*id).of(lowering.sum(values)));
    }
    let mut wrt: Vec<NodeId> = wanted.gradients.iter().map(|(_, v)| lowering.node(*v)).collect();
    wrt.extend(wanted.products.iter().map(|(_, _, _, y)| lowering.node(*y)));
    let found = gradient_along(&mut lowering.b, loss, &wrt, &lowering.factors);
    let (gradients, upstream) = found.split_at(wanted.gradients.len());
    for ((id, _), &node) in wanted.gradients.iter().zip(gradients) {
        outputs.push(OutputKind::Quantity(*id).of(node));
    }
    for ((id, of, wrt, _), &upstream) in wanted.products.iter().zip(upstream) {
        let node = lowering.product(of, *wrt, upstream);
        outputs.push(OutputKind::Quantity(*id).of(node));
    }
    passes::run(passes::Mode::Training, &lowering.finish(outputs))
}

impl Lowering<'_> {
    /// The arguments of a value, with the factors of the forward pass; those of the backward
    /// pass are noted.
    pub(super) fn tapped(&mut self, user: ValueId, plain: &[NodeId]) -> Vec<NodeId> {
        let mut args = plain.to_vec();
        if self.probes.pass == Pass::Forward {
            for tap in self.probes.taps.iter().filter(|tap| tap.edge.user == user) {
                let slot = tap.edge.slot;
                args[slot] = self.b.mul(args[slot], self.masks[&tap.probe]);
            }
        }
        args
    }

    /// The value, or what stands in for it; and the backward pass's factors on its arguments.
    pub(super) fn bypassed(&mut self, id: ValueId, node: NodeId) -> NodeId {
        if self.probes.pass == Pass::Backward {
            for tap in self.probes.taps.iter().filter(|tap| tap.edge.user == id) {
                let arg = self.node(self.network.value(id).args[tap.edge.slot]);
                debug_assert!(self.b.graph().node(node).args.contains(&arg));
                self.factors.insert((node, arg), self.masks[&tap.probe]);
            }
        }
        match self.probes.bypasses.iter().find(|bypass| bypass.value == id) {
            Some(bypass) => {
                let (mask, other) = (self.masks[&bypass.probe], self.node(bypass.instead));
                choose(&mut self.b, mask, node, other)
            }
            None => node,
        }
    }

    /// The node of a sum.
    pub(super) fn sum(&mut self, values: &[(f64, ValueId)]) -> NodeId {
        let terms: Vec<NodeId> =
            values.iter().map(|&(factor, value)| self.b.scale(self.node(value), factor)).collect();
        let sum = terms.into_iter().reduce(|sum, term| self.b.add(sum, term));
        sum.unwrap_or_else(|| self.b.constant(0.0))
    }

    /// Jᵀ·upstream, J = ∂(Σ of)/∂wrt: the gradient of ⟨Σ of, upstream⟩ with upstream held fixed.
    fn product(&mut self, of: &[(f64, ValueId)], wrt: ValueId, upstream: NodeId) -> NodeId {
        let (sum, wrt) = (self.sum(of), self.node(wrt));
        let fixed = self.b.detach(upstream);
        let product = self.b.mul(sum, fixed);
        let scalar = self.b.reduce(ReduceKind::Sum, Axes::ALL, product);
        gradient(&mut self.b, scalar, &[wrt])[0]
    }
}

/// mask·a + (1 − mask)·b
fn choose(b: &mut Builder, mask: NodeId, first: NodeId, second: NodeId) -> NodeId {
    let one = b.constant(1.0);
    let rest = b.sub(one, mask);
    let (first, second) = (b.mul(first, mask), b.mul(second, rest));
    b.add(first, second)
}
