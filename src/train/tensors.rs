//! The state of a run as files and engines see it.

use std::collections::BTreeMap;

use crate::graph::Shape;
pub use crate::lower::state::{StateTensor as Tensor, state as of};
use crate::network::{Init, TensorKind};
use crate::nn::loss_scaling::STATE;

/// Values by tensor name.
pub type Values = BTreeMap<String, Vec<f32>>;

/// The state of dynamic loss scaling, which belongs to a run and to no network.
pub fn of_loss_scaling() -> impl Iterator<Item = Tensor> {
    STATE.into_iter().map(|(name, role, value)| {
        let (init, kind) = (Init::Constant(f64::from(value)), TensorKind::Vector);
        Tensor { name: name.to_owned(), role, shape: Shape::SCALAR, kind, init }
    })
}
