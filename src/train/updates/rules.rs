//! Which of a recipe's optimisers trains a parameter.

use std::collections::{BTreeMap, BTreeSet};

use super::hidden::hidden;
use crate::lower::Updates;
use crate::network::{ModuleId, Network, Tensor, TensorId, TensorKind};
use crate::nn::optimiser::Update;
use crate::train::TrainError;
use crate::train::recipe::groups::Group;
use crate::train::recipe::{Kind, Otherwise, Recipe};

/// The optimisers of a recipe on a network.
pub(super) struct Rules<'a> {
    recipe: &'a Recipe,
    /// What Muon leaves to another, and the layers whose weights it trains.
    shared: Option<(&'a Otherwise, BTreeSet<ModuleId>)>,
}

impl<'a> Rules<'a> {
    pub fn new(recipe: &'a Recipe, network: &Network) -> Self {
        let otherwise = recipe.optimiser.otherwise.as_ref();
        Self { recipe, shared: otherwise.map(|otherwise| (otherwise, hidden(network))) }
    }

    /// How a parameter is updated, but for what its group says of rate and decay.
    pub fn update(&self, updates: &Updates, tensor: &Tensor, group: Option<&Group>) -> Update {
        let common = updates.common(tensor.kind);
        match &self.shared {
            Some((otherwise, hidden)) if !self.is_main(hidden, tensor, group) => {
                let decays = updates.decays(tensor.kind);
                Update {
                    rule: otherwise.rule(),
                    weight_decay: if decays { otherwise.weight_decay } else { 0.0 },
                    rate: otherwise.share(self.recipe.schedule.lr),
                    until: None,
                }
            }
            Some(_) | None => common,
        }
    }

    /// Whether the recipe's own optimiser trains a parameter: a matrix, unless it was told otherwise.
    fn is_main(&self, hidden: &BTreeSet<ModuleId>, tensor: &Tensor, group: Option<&Group>) -> bool {
        if tensor.kind == TensorKind::Vector {
            return false;
        }
        match group.and_then(|group| group.optimiser) {
            Some(kind) => kind == self.recipe.optimiser.kind,
            None => hidden.contains(&tensor.id.module),
        }
    }

    /// Refuses what gives Muon no matrix: a net without hidden layers, a group of vectors alone. `groups` has
    /// those of tensors that one has.
    pub fn check(
        &self,
        updates: &Updates,
        network: &Network,
        groups: &BTreeMap<TensorId, &'a Group>,
    ) -> Result<(), TrainError> {
        if self.shared.is_none() {
            return Ok(());
        }
        let trained = network.tensors().filter(|tensor| tensor.id.part.is_trained());
        let is_main = |tensor: &Tensor| match updates.own.get(&tensor.id) {
            None => true,
            Some(own) => own.is_some_and(|own| own.rule == updates.rule),
        };
        let main: Vec<Tensor> = trained.filter(is_main).collect();
        let given: Vec<&Group> =
            main.iter().filter_map(|tensor| groups.get(&tensor.id).copied()).collect();
        for group in self.recipe.groups.iter().filter(|group| group.optimiser == Some(Kind::Muon)) {
            if !given.iter().any(|of| std::ptr::eq(*of, group)) {
                let pattern = group.matches.0.join(", ");
                return Err(TrainError::NoMatrix { pattern, net: network.name.clone() });
            }
        }
        if main.is_empty() {
            return Err(TrainError::NoHidden { net: network.name.clone() });
        }
        Ok(())
    }
}
