//! The state of a network as files and engines see it.

use std::collections::BTreeMap;

use super::layout::Kind;
use crate::graph::{Role, Shape};
use crate::network::{Init, Network};
use crate::nn::loss_scaling::STATE;
use crate::nn::optimiser::momentum_name;
use crate::nn::parameters::StateTensor;

/// Values by tensor name, in the graph's order.
pub type Values = BTreeMap<String, Vec<f32>>;

/// One tensor of the state.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name, role, graph shape and first value.
    pub state: StateTensor,
    /// How it is laid out.
    pub kind: Kind,
}

impl Tensor {
    /// The name of its momentum, if it is a parameter.
    pub fn momentum(&self) -> Option<String> {
        (self.state.role == Role::Parameter).then(|| momentum_name(&self.state.name))
    }
}

/// Every state tensor of a network, in the modules' order.
pub fn of(network: &Network) -> Vec<Tensor> {
    let tensor =
        |t: crate::network::Tensor| Tensor { state: StateTensor::of(network, &t), kind: t.kind };
    network.tensors().map(tensor).collect()
}

/// The state of dynamic loss scaling, which belongs to a run and to no network.
pub fn of_loss_scaling() -> impl Iterator<Item = Tensor> {
    STATE.into_iter().map(|(name, role, value)| {
        let init = Init::Constant(f64::from(value));
        let state = StateTensor { name: name.to_owned(), role, shape: Shape::SCALAR, init };
        Tensor { state, kind: Kind::Vector }
    })
}
