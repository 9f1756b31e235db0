//! What was paired with what, why, and what is doubtful about it.

use crate::network::Part;

/// What decided a pair; later ones are weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Whoever imports said so.
    Told,
    /// The names are rnetc's.
    SameName,
    /// No other module has its shapes, or no other in its block.
    Shape,
    /// Numbers in names, and the order in which the net computes.
    Numbers,
    /// A convolution and a batch norm of one number or word.
    Neighbour,
    /// Words in names.
    Words,
    /// The order in which the file has them.
    FileOrder,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Why::Told => "as told",
            Why::SameName => "same name",
            Why::Shape => "the only one of its shape",
            Why::Numbers => "numbers in names",
            Why::Neighbour => "named as its convolution",
            Why::Words => "words in names",
            Why::FileOrder => "the file's order",
        })
    }
}

/// A module of the net and the one of the file that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The net's name.
    pub own: String,
    /// The file's.
    pub theirs: String,
    /// Its shapes, in words.
    pub shape: String,
    /// How its unit was found, where it stands in one that is a block of the file.
    pub block: Option<Why>,
    /// What decided it there.
    pub why: Why,
    /// Names of its tensors in the file.
    pub tensors: Vec<(Part, String)>,
}

/// Every module of a net with the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// In the net's order.
    pub pairs: Vec<Pair>,
    /// What whoever imports should look at.
    pub doubts: Vec<Doubt>,
}

/// What fits by its shapes and looks like another net.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The file begins a block with a convolution where the net has a batch norm, or the reverse.
    #[error(
        "the file has {block} as {theirs}, and the net computes {unit} as {own}: is the spec's order \
         of layers the file's?"
    )]
    Order {
        /// The file's block.
        block: String,
        /// Its layers in the file's order.
        theirs: String,
        /// The net's unit.
        unit: String,
        /// Its layers.
        own: String,
    },
    /// Numbers in the file's names run against the order in which the net computes.
    #[error(
        "{first} is {own_first} and {second} is {own_second} here, by their shapes, and the net computes \
         them the other way round: is the spec's order of layers the file's?"
    )]
    Numbers {
        /// A module of the file.
        first: String,
        /// One with a higher number.
        second: String,
        /// What the first is in the net.
        own_first: String,
        /// What the second is.
        own_second: String,
    },
    /// A batch norm that is named as the first convolution, and stands behind all units.
    #[error(
        "{norm} is named as {beside}, which is {stem}, and is {own} here: a net that normalises \
         behind its convolutions has the same shapes as one that does before them"
    )]
    FarFromStem {
        /// The file's batch norm.
        norm: String,
        /// The file's convolution.
        beside: String,
        /// The net's convolution.
        stem: String,
        /// The net's batch norm.
        own: String,
    },
    /// A block has modules that the net has outside the unit.
    #[error(
        "{block} of the file is {unit} here, but for {module}, which is {own}: outside the unit, it \
         may act on the shortcut too"
    )]
    Outside {
        /// The file's block.
        block: String,
        /// The net's unit.
        unit: String,
        /// The file's module.
        module: String,
        /// The net's.
        own: String,
    },
    /// Means of pixels before a projection, in one net and not in the other.
    #[error(
        "{theirs} is {place} of its list, so that {has} before it, as in ResNet-D of timm (resnet50d), and \
         {own} {ours}",
        place = if *pooled { "the first" } else { "not the first" },
        has = if *pooled { "nothing is pooled" } else { "means of 2×2 pixels are taken" },
        ours = if *pooled { "reads means of pixels here" } else { "has a stride here" }
    )]
    Averaged {
        /// The file's convolution.
        theirs: String,
        /// The net's.
        own: String,
        /// Whether the net pools.
        pooled: bool,
    },
    /// A layer that evaluation scales here.
    #[error(
        "{0} of this net multiplies by the probability of being kept in evaluation; what PyTorch's programs \
         call so divides in training and does nothing in evaluation: for their weights, set its p to 0, or say \
         inverted: true (timm's drop_path has per: image too)"
    )]
    Scaled(&'static str),
    /// A block's modules were spread over units, as told.
    #[error("{0}; it is as told")]
    Spread(Box<Spread>),
}

/// A block of the file whose modules would stand in several units.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the shapes fit only if {block} ({theirs}) is spread over the net's units: {module} would be \
     {own}, and {other} {others}, where {unit} computes {order}"
)]
pub struct Spread {
    /// The file's block.
    pub block: String,
    /// Its layers.
    pub theirs: String,
    /// A module of it.
    pub module: String,
    /// What that would be.
    pub own: String,
    /// Another.
    pub other: String,
    /// What that would be.
    pub others: String,
    /// The unit of the first.
    pub unit: String,
    /// Its layers in order.
    pub order: String,
}
