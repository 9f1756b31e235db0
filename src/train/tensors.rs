//! The state of a run as files and engines see it.

use std::collections::BTreeMap;

use crate::graph::Shape;
pub use crate::lower::state::{StateTensor as Tensor, state as of};
use crate::network::{Init, TensorKind};
use crate::nn::loss_scaling::STATE;
use crate::nn::optimiser::FILLED;

/// Values by tensor name.
pub type Values = BTreeMap<String, Vec<f32>>;

/// The scalars that belong to a run and to no network: the state of dynamic loss scaling, and how
/// much of an optimiser's moments is filled. A run has those that its program has inputs for.
pub fn of_run() -> impl Iterator<Item = Tensor> {
    STATE.into_iter().chain(FILLED).map(|(name, role, value)| {
        let (init, kind) = (Init::Constant(f64::from(value)), TensorKind::Vector);
        Tensor { name: name.to_owned(), role, shape: Shape::SCALAR, kind, init }
    })
}
