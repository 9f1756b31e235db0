//! The state a network carries: parameters and running statistics, with names, shapes and
//! initial values.

use crate::graph::{Role, Shape};
use crate::network::{Module, ModuleKind, Network};

/// How a tensor starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Every element the same.
    Constant(f64),
    /// Normal with mean 0 and this standard deviation (He initialisation, fan-out:
    /// √(2 / (kh·kw·outputs))).
    Normal {
        /// Standard deviation.
        std: f64,
    },
    /// Uniform in ±bound (linear layers: 1/√inputs, as PyTorch starts them).
    Uniform {
        /// Largest magnitude.
        bound: f64,
    },
}

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
    /// First value.
    pub init: Init,
}

/// Every state tensor of a network, in the modules' order.
pub fn state(network: &Network) -> Vec<StateTensor> {
    network.modules.iter().flat_map(of_module).collect()
}

/// Whether a parameter is the weight of a convolution or a linear layer, not γ, β or a bias.
pub fn is_weight(network: &Network, name: &str) -> bool {
    let module = |module: &&Module| name.strip_suffix(".weight") == Some(module.name.as_str());
    network.modules.iter().find(module).is_some_and(|module| match module.kind {
        ModuleKind::Conv { .. } | ModuleKind::Linear { .. } => true,
        ModuleKind::BatchNorm { .. } => false,
    })
}

fn of_module(module: &Module) -> Vec<StateTensor> {
    let tensor = |suffix: &str, role, shape, init| StateTensor {
        name: format!("{}.{suffix}", module.name),
        role,
        shape,
        init,
    };
    let vector =
        |suffix, role, c, value| tensor(suffix, role, Shape::channels(c), Init::Constant(value));
    match module.kind {
        ModuleKind::Conv { kernel: [kh, kw], inputs, outputs, bias } => {
            let std = (2.0 / (kh * kw * outputs) as f64).sqrt();
            let shape = Shape([kh, kw, inputs, outputs]);
            let mut all = vec![tensor("weight", Role::Parameter, shape, Init::Normal { std })];
            all.extend(bias.map(|b| vector("bias", Role::Parameter, outputs, b)));
            all
        }
        ModuleKind::BatchNorm { channels } => vec![
            vector("weight", Role::Parameter, channels, 1.0),
            vector("bias", Role::Parameter, channels, 0.0),
            vector("running_mean", Role::Statistic, channels, 0.0),
            vector("running_var", Role::Statistic, channels, 1.0),
        ],
        ModuleKind::Linear { inputs, outputs, bias, rows_columns: [h, w] } => {
            let bound = 1.0 / (inputs as f64).sqrt();
            let shape = Shape([h, w, inputs / (h * w), outputs]);
            let mut all = vec![tensor("weight", Role::Parameter, shape, Init::Uniform { bound })];
            all.extend(bias.map(|b| match b {
                Some(value) => vector("bias", Role::Parameter, outputs, value),
                None => tensor(
                    "bias",
                    Role::Parameter,
                    Shape::channels(outputs),
                    Init::Uniform { bound },
                ),
            }));
            all
        }
    }
}
