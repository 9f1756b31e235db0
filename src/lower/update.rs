//! What a training step does with gradients.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lowering, Parameter};
use crate::graph::autodiff::{Factors, gradient_from};
use crate::graph::{EndId, InputId, NodeId, Origin, Role, Slot};
use crate::network::{ModuleId, TensorId, TensorKind};
use crate::nn::averages::Averages;
use crate::nn::loss_scaling::{self, Scaling};
use crate::nn::optimiser::{self, Clip, FILLED, Rule, Sgd, Step, Update};
use crate::nn::ranks;

/// How the parameters of a network are updated.
#[derive(Clone, Debug, PartialEq)]
pub struct Updates {
    /// The optimiser of parameters without an update of their own.
    pub rule: Rule,
    /// Weight decay.
    pub weight_decay: f64,
    /// Whether γ, β and biases are decayed too, or weights of convolutions and linear layers only.
    pub decay_vectors: bool,
    /// Parameters with an update of their own, or none: frozen ones stay as they are.
    pub own: BTreeMap<TensorId, Option<Update>>,
    /// Batch norms that normalise by their running statistics, which stay as they are.
    pub still: BTreeSet<ModuleId>,
    /// How gradients are limited before.
    pub clip: Option<Clip>,
    /// Averages of weights that are kept beside.
    pub averages: Averages,
}

impl Updates {
    /// What both papers train with.
    pub const PAPER: &Updates = &Updates::of(Sgd::PAPER);

    /// One form of SGD for all parameters.
    pub const fn of(sgd: Sgd) -> Self {
        let Sgd { momentum, weight_decay, decay_vectors, nesterov } = sgd;
        Self {
            rule: Rule::Sgd { momentum, nesterov },
            weight_decay,
            decay_vectors,
            own: BTreeMap::new(),
            still: BTreeSet::new(),
            clip: None,
            averages: Averages { lookahead: false, ema: false },
        }
    }

    /// Whether parameters of a kind are decayed.
    pub fn decays(&self, kind: TensorKind) -> bool {
        self.decay_vectors || kind != TensorKind::Vector
    }

    /// That of a parameter, unless it has one of its own.
    pub fn common(&self, kind: TensorKind) -> Update {
        let weight_decay = if self.decays(kind) { self.weight_decay } else { 0.0 };
        Update { rule: self.rule, weight_decay, rate: 1.0, until: None }
    }

    /// That of a parameter; none where it is frozen.
    fn of_parameter(&self, parameter: &Parameter) -> Option<Update> {
        let own = self.own.get(&parameter.tensor.id).copied();
        own.unwrap_or_else(|| Some(self.common(parameter.tensor.kind)))
    }
}

/// A parameter that moves.
pub(super) struct Trained {
    parameter: Parameter,
    update: Update,
}

impl Lowering<'_> {
    /// The parameters that move.
    pub(super) fn trained(&self, updates: &Updates) -> Vec<Trained> {
        let trained = |parameter: &Parameter| {
            let update = updates.of_parameter(parameter)?;
            Some(Trained { parameter: *parameter, update })
        };
        self.parameters.iter().filter_map(trained).collect()
    }

    /// The loss, and the gradient of its scaled value with respect to every parameter that moves.
    pub(super) fn backward(
        &mut self,
        logits: NodeId,
        scaling: Option<Scaling>,
        trained: &[Trained],
    ) -> (NodeId, Vec<NodeId>) {
        let loss = self.loss(logits);
        let wrt: Vec<NodeId> = trained.iter().map(|t| t.parameter.node).collect();
        let seed = scaling.map_or_else(|| self.b.constant(1.0), |scaling| scaling.scale);
        (loss, gradient_from(&mut self.b, (loss, seed), &wrt, &Factors::new()))
    }

    /// The loss of all ranks; gradients become theirs, and so do running statistics.
    pub(super) fn over_ranks(
        &mut self,
        loss: NodeId,
        gradients: &mut [NodeId],
        count: usize,
    ) -> NodeId {
        let b = &mut self.b;
        b.set_origin(Origin::default());
        let statistics = self.updates.iter_mut().map(|(_, new)| new);
        statistics.chain(gradients).for_each(|value| *value = ranks::mean(b, *value, count));
        ranks::mean(b, loss, count)
    }

    /// Updates of parameters and of all that is kept of them, from gradients of the scaled loss.
    pub(super) fn update(
        &mut self,
        updates: &Updates,
        trained: &[Trained],
        scaled: &[NodeId],
        scaling: Option<Scaling>,
    ) {
        let gradients = match scaling {
            Some(scaling) => scaling.unscaled(&mut self.b, scaled),
            None => scaled.to_vec(),
        };
        self.b.set_origin(Origin::default());
        let gradients = match updates.clip {
            Some(clip) => clip.apply(&mut self.b, &gradients),
            None => gradients,
        };
        let lr = self.scalar("lr", Role::LearningRate);
        let filled = self.filled(trained);
        let open = self.open(trained);
        for (Trained { parameter, update }, &g) in trained.iter().zip(&gradients) {
            let Parameter { tensor, input, node: w } = *parameter;
            let slots = update.rule.slots();
            let kept: Vec<(InputId, NodeId)> =
                slots.iter().map(|&slot| self.slot(tensor.id, input, slot)).collect();
            let (inputs, kept): (Vec<InputId>, Vec<NodeId>) = kept.into_iter().unzip();
            let open = update.until.map(|end| open[&end]);
            let step = Step { lr, w, g, kept: &kept, filled, open };
            let (new, keeps) = update.apply(&mut self.b, step);
            self.updates.push((input, new));
            self.updates.extend(inputs.into_iter().zip(keeps));
        }
    }

    /// Inputs that say whether parameters are trained still, by where their training ends.
    fn open(&mut self, trained: &[Trained]) -> BTreeMap<EndId, NodeId> {
        let ends: BTreeSet<EndId> = trained.iter().filter_map(|one| one.update.until).collect();
        let input = |end: EndId| (end, self.scalar(&format!("open {end}"), Role::Open(end)));
        ends.into_iter().map(input).collect()
    }

    /// An input for what is kept of a tensor.
    fn slot(&mut self, tensor: TensorId, of: InputId, slot: Slot) -> (InputId, NodeId) {
        let name = optimiser::slot_name(&self.network.tensor_name(tensor), slot);
        let ty = self.b.graph().input(of).ty;
        let node = self.b.input(name, Role::Slot(slot, of), ty);
        (self.input_id(node), node)
    }

    /// How much of an optimiser's moments is filled after this step; of all parameters' optimisers, one has
    /// moments.
    fn filled(&mut self, trained: &[Trained]) -> Option<[NodeId; 2]> {
        let mut all = trained.iter().filter_map(|one| one.update.rule.filling());
        let betas = all.next()?;
        debug_assert!(all.all(|other| other == betas), "two optimisers with moments");
        let now = FILLED.map(|(name, role, _)| self.scalar(name, role));
        let next = [0, 1].map(|k| optimiser::filled(&mut self.b, betas[k], now[k]));
        for (before, after) in now.into_iter().zip(next) {
            let input = self.input_id(before);
            self.updates.push((input, after));
        }
        Some(next)
    }

    /// Has every update wait for finite gradients; returns whether they are.
    pub(super) fn keep_where_good(&mut self, scaling: Scaling, gradients: &[NodeId]) -> NodeId {
        let b = &mut self.b;
        b.set_origin(Origin::default());
        let good = loss_scaling::all_finite(b, gradients);
        for (input, new) in &mut self.updates {
            let old = b.input_node(*input);
            *new = loss_scaling::kept(b, good, *new, old);
        }
        let next = scaling.next(b, good);
        for (old, new) in [(scaling.scale, next.scale), (scaling.streak, next.streak)] {
            let input = self.input_id(old);
            self.updates.push((input, new));
        }
        good
    }
}
