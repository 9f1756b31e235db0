//! Why a network is none of a family.

use crate::network::{Network, UnitId};

/// What a family's networks have otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    /// The end.
    #[error(
        "it does not end with a unit, global_avg_pool and a linear layer with a bias (before them, where \
         units begin with a batch norm, a last one with a ReLU)"
    )]
    Head,
    /// The beginning.
    #[error(
        "its stem is not convolutions with batch norms (eps 1e-5, with γ and β) and ReLUs, then max_pool(3, \
         stride: 2, padding: 1)"
    )]
    Stem,
    /// Convolutions of the stem.
    #[error("the convolutions of its stem are not {0}")]
    StemConvs(&'static str),
    /// Units that begin with a batch norm.
    #[error("its units begin with batch norm, and there are none such; timm has them")]
    Preact,
    /// What a unit computes.
    #[error(
        "{0} is not F, convolutions with a batch norm each (eps 1e-5, with γ and β) and ReLUs between them, \
         beside the identity or a projection"
    )]
    Order(String),
    /// Kernels, strides, zeros, groups or biases of a unit.
    #[error("the convolutions of {0} are not {1}")]
    Convs(String, &'static str),
    /// How wide F is inside.
    #[error(
        "{unit} is {found} channels wide inside, which is none of its widths for {outputs} outside"
    )]
    Inner {
        /// The unit.
        unit: String,
        /// Its width.
        found: usize,
        /// Channels that it writes.
        outputs: usize,
    },
    /// A shortcut.
    #[error("the shortcut of {0} is not {1}")]
    Shortcut(String, &'static str),
    /// Pooling on shortcuts.
    #[error(
        "its projections read means of pixels, and those of torchvision every second one; timm has both"
    )]
    Averaged,
    /// Another number of convolutions than the first unit has.
    #[error("{0} has another number of convolutions than the first unit")]
    Mixed(String),
    /// Stages.
    #[error(
        "it has {0} stages (the first unit and each that halves the picture begin one), and they are four"
    )]
    Stages(usize),
    /// How wide stages are.
    #[error("its stages write {found} channels, and those of the family {wanted}")]
    Widths {
        /// The net's.
        found: String,
        /// The family's.
        wanted: String,
    },
    /// Colours.
    #[error("it reads {0} channels, and they are three")]
    Colours(usize),
}

impl Stranger {
    /// A unit of another order.
    pub fn unit(network: &Network, unit: Option<UnitId>) -> Self {
        Stranger::Order(name(network, unit))
    }
}

/// A unit as people know it.
pub fn name(network: &Network, unit: Option<UnitId>) -> String {
    match unit {
        Some(id) => {
            let unit = &network.units[id.index()];
            format!("unit {} ({})", unit.index, unit.definition)
        }
        None => "a sum outside all units".into(),
    }
}
