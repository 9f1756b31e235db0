//! The state of a network as a graph's inputs.

use crate::graph::{Average, Role, Shape, Slot};
use crate::network::{Init, Network, Tensor, TensorKind};
use crate::nn::averages::{average_name, fast_name};
use crate::nn::optimiser::slot_name;

/// One tensor of a network's state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateTensor {
    /// Stable name, `units.3.F.conv1.weight`; also the graph input's name.
    pub name: String,
    /// Parameter or statistic.
    pub role: Role,
    /// Graph shape: convolution weights Kh×Kw×Ci×Co, linear weights H×W×C×classes over the
    /// rows, columns and channels of what they read, vectors 1×1×1×C.
    pub shape: Shape,
    /// What its axes mean.
    pub kind: TensorKind,
    /// First value.
    pub init: Init,
}

impl StateTensor {
    /// A network's tensor.
    pub fn of(network: &Network, tensor: &Tensor) -> Self {
        let role = if tensor.id.part.is_trained() { Role::Parameter } else { Role::Statistic };
        let (name, shape) = (network.tensor_name(tensor.id), Shape(tensor.shape));
        Self { name, role, shape, kind: tensor.kind, init: tensor.init }
    }

    /// Whether it goes by this name, or does where an average has its own.
    pub fn is_called(&self, name: &str) -> bool {
        name == self.name || name == fast_name(&self.name)
    }

    /// The names of all that any training may keep of it.
    pub fn kept(&self) -> impl Iterator<Item = String> {
        let slots = if self.role == Role::Parameter { Slot::ALL } else { &[] };
        let slots = slots.iter().map(|&slot| slot_name(&self.name, slot));
        slots.chain([fast_name(&self.name), average_name(&self.name, Average::Slow)])
    }
}

/// Every state tensor of a network, in the modules' order.
pub fn state(network: &Network) -> Vec<StateTensor> {
    network.tensors().map(|tensor| StateTensor::of(network, &tensor)).collect()
}
