//! The tensors that modules hold: a network's state.

use super::{Module, ModuleId, ModuleKind, Network, Start};

/// What a tensor is to its module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Weights of a convolution or linear layer; γ of a batch norm.
    Weight,
    /// Bias; β of a batch norm.
    Bias,
    /// Running mean of a batch norm.
    RunningMean,
    /// Running variance of a batch norm.
    RunningVariance,
    /// All that a module holds: it has the module's name, as an `nn.Parameter` has its own.
    Whole,
}

impl Part {
    /// PyTorch's word for it, with which names of tensors end; none for a whole module.
    pub fn suffix(self) -> Option<&'static str> {
        match self {
            Part::Weight => Some("weight"),
            Part::Bias => Some("bias"),
            Part::RunningMean => Some("running_mean"),
            Part::RunningVariance => Some("running_var"),
            Part::Whole => None,
        }
    }

    /// The name of a module's tensor: `units.3.F.conv1.weight`; a module without a name has only words.
    pub fn of(self, module: &str) -> String {
        match (module, self.suffix()) {
            (module, None) => module.to_owned(),
            ("", Some(suffix)) => suffix.to_owned(),
            (module, Some(suffix)) => format!("{module}.{suffix}"),
        }
    }

    /// Whether gradients train it; the others are statistics, which a training step moves on.
    pub fn is_trained(self) -> bool {
        match self {
            Part::Weight | Part::Bias | Part::Whole => true,
            Part::RunningMean | Part::RunningVariance => false,
        }
    }
}

/// One tensor of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId {
    /// Whose.
    pub module: ModuleId,
    /// Which of its tensors.
    pub part: Part,
}

/// What a tensor's axes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorKind {
    /// A convolution's weights: kernel rows × kernel columns × channels read (by one group) ×
    /// channels written (by all).
    Convolution,
    /// A linear layer's weights: rows × columns × channels of what it reads × features written.
    Linear,
    /// One number a channel, 1 × 1 × 1 × C: biases, γ, β, statistics.
    Vector,
}

/// How a tensor starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Every element the same.
    Constant(f64),
    /// Normal with mean 0 and this standard deviation (He initialisation, fan-out:
    /// √(2 / (kh·kw·outputs)), all groups' outputs counted, as PyTorch's `kaiming_normal_`, He's
    /// and Xie's code do; some code divides the fan by the groups).
    Normal {
        /// Standard deviation.
        std: f64,
    },
    /// Uniform in ±bound (linear layers: 1/√inputs, as PyTorch starts them).
    Uniform {
        /// Largest magnitude.
        bound: f64,
    },
    /// Identity kernels: an output channel has `gain` in the middle of the kernel that reads the input
    /// channel of its place in its group; where a group writes more channels than it reads, the others
    /// are uniform in ±bound.
    Dirac {
        /// In the middle.
        gain: f64,
        /// Of the others.
        bound: f64,
        /// Groups of channels.
        groups: usize,
    },
    /// Filters that whiten the patches of the pictures that are trained on, times `gain`; where there
    /// are no pictures, uniform in ±bound.
    Whiten {
        /// Standard deviation of what a filter makes of the pictures.
        gain: f64,
        /// Without pictures.
        bound: f64,
    },
}

/// A tensor of a network's state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tensor {
    /// Which.
    pub id: TensorId,
    /// What its axes mean.
    pub kind: TensorKind,
    /// Its extents, as `kind` orders them.
    pub shape: [usize; 4],
    /// First value.
    pub init: Init,
}

impl Network {
    /// Every tensor of the state, in the modules' order.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor> + '_ {
        (0..self.modules.len()).flat_map(|at| self.tensors_of(ModuleId(at as u32)))
    }

    /// The tensors of a module.
    pub fn tensors_of(&self, module: ModuleId) -> impl Iterator<Item = Tensor> + use<> {
        of_module(module, self.module(module)).into_iter()
    }

    /// A tensor's name at the border: in files, in messages, as a graph's input;
    /// `units.3.F.conv1.weight`.
    pub fn tensor_name(&self, id: TensorId) -> String {
        id.part.of(&self.module(id.module).name)
    }
}

fn of_module(id: ModuleId, module: &Module) -> Vec<Tensor> {
    let tensor =
        |part, kind, shape, init| Tensor { id: TensorId { module: id, part }, kind, shape, init };
    let vector = |part, c, init| tensor(part, TensorKind::Vector, [1, 1, 1, c], init);
    match module.kind {
        ModuleKind::Conv { kernel: [kh, kw], inputs, outputs, groups, bias, init } => {
            let area = kh * kw;
            let init = init.init(area * (inputs / groups), area * outputs, groups);
            let shape = [kh, kw, inputs / groups, outputs];
            let mut all = vec![tensor(Part::Weight, TensorKind::Convolution, shape, init)];
            all.extend(bias.map(|b| vector(Part::Bias, outputs, Init::Constant(b))));
            all
        }
        ModuleKind::BatchNorm { channels, affine } | ModuleKind::Norm { channels, affine } => {
            let running = match module.kind {
                ModuleKind::BatchNorm { .. } => [Some(0.0), Some(1.0)],
                _ => [None; 2],
            };
            let parts = [Part::Weight, Part::Bias, Part::RunningMean, Part::RunningVariance];
            let starts = [affine.gamma, affine.beta].into_iter().chain(running);
            let all = parts.into_iter().zip(starts);
            all.filter_map(|(part, start)| Some(vector(part, channels, Init::Constant(start?))))
                .collect()
        }
        ModuleKind::Vector { channels, init } => {
            vec![vector(Part::Whole, channels, Init::Constant(init))]
        }
        ModuleKind::Linear { inputs, outputs, bias, rows_columns: [h, w], init } => {
            let usual = Start::LINEAR.init(inputs, outputs, 1);
            let init = init.init(inputs, outputs, 1);
            let shape = [h, w, inputs / (h * w), outputs];
            let mut all = vec![tensor(Part::Weight, TensorKind::Linear, shape, init)];
            let given = |b: Option<f64>| b.map_or(usual, Init::Constant);
            all.extend(bias.map(|b| vector(Part::Bias, outputs, given(b))));
            all
        }
    }
}
