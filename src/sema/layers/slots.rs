//! What each layer takes.

use super::{LayerName, Word};
use crate::network::Activation;

/// An argument that a layer takes.
#[derive(Debug)]
pub struct Slot {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// The option words that it takes.
    pub words: &'static [Word],
}

/// Options A and B.
pub(super) const KINDS: &[Word] = &[Word::Pad, Word::Project];

/// How pictures are made larger.
pub(super) const RESIZES: &[Word] = &[Word::Nearest, Word::Bilinear];

/// Yes or no.
pub(super) const FLAG: &[Word] = &[Word::True, Word::False];

const fn must(name: &'static str) -> Slot {
    Slot { name, required: true, words: &[] }
}

const fn may(name: &'static str) -> Slot {
    option(name, &[])
}

const fn option(name: &'static str, words: &'static [Word]) -> Slot {
    Slot { name, required: false, words }
}

/// How often a number is drawn.
pub(super) const DRAWN: &[Word] = &[Word::Image, Word::Batch];

/// How weights start.
pub(super) const DRAWS: &[Word] =
    &[Word::FanOut, Word::FanIn, Word::Uniform, Word::Zero, Word::Dirac, Word::Whiten];

/// The same of a layer that reads no patches of pictures.
const DRAWS_ANYWHERE: &[Word] =
    &[Word::FanOut, Word::FanIn, Word::Uniform, Word::Zero, Word::Dirac];

/// Over what an image is normalised.
pub(super) const OVER: &[Word] = &[Word::Channels, Word::Image];

/// Whether a normalisation learns anything.
const AFFINE: Slot = option("affine", FLAG);

const fn learned(name: &'static str) -> Slot {
    option(name, &[Word::None])
}

/// One number a channel, or one in all.
pub(super) const EACH: &[Word] = &[Word::Channel, Word::Tensor];

const fn padding() -> Slot {
    option("padding", &[Word::Same])
}

const fn bias() -> Slot {
    option("bias", &[Word::None])
}

impl LayerName {
    /// The arguments, in the order in which they may be given without names.
    pub fn slots(self) -> &'static [Slot] {
        match self {
            LayerName::Input => const { &[must("channels"), must("rows"), must("columns")] },
            LayerName::Conv => {
                const {
                    &[
                        must("kernel"),
                        must("width"),
                        may("stride"),
                        padding(),
                        bias(),
                        may("groups"),
                        may("dilation"),
                        option("init", DRAWS),
                        may("gain"),
                    ]
                }
            }
            LayerName::Linear => {
                const { &[must("classes"), bias(), option("init", DRAWS_ANYWHERE), may("gain")] }
            }
            LayerName::Bn => {
                const {
                    &[
                        may("eps"),
                        may("momentum"),
                        learned("gamma"),
                        learned("beta"),
                        AFFINE,
                        option("ghost", &[Word::None]),
                    ]
                }
            }
            LayerName::GroupNorm => {
                const { &[must("groups"), may("eps"), learned("gamma"), learned("beta"), AFFINE] }
            }
            LayerName::LayerNorm => {
                const {
                    &[
                        Slot { name: "over", required: true, words: OVER },
                        may("eps"),
                        learned("gamma"),
                        learned("beta"),
                        AFFINE,
                    ]
                }
            }
            LayerName::InstanceNorm => {
                const { &[may("eps"), learned("gamma"), learned("beta"), AFFINE] }
            }
            LayerName::Scale | LayerName::Shift => const { &[must("init"), option("per", EACH)] },
            LayerName::Scalar => const { &[must("init")] },
            LayerName::Dropout => const { &[must("p"), option("inverted", FLAG)] },
            LayerName::DropPath => {
                const { &[must("p"), option("per", DRAWN), option("inverted", FLAG)] }
            }
            LayerName::Random => {
                const { &[must("low"), must("high"), option("per", DRAWN), may("evaluation")] }
            }
            LayerName::Bernoulli => const { &[must("p"), option("per", DRAWN), may("evaluation")] },
            LayerName::MaxPool => {
                const { &[must("window"), may("stride"), padding(), option("ceil", FLAG)] }
            }
            LayerName::AvgPool => {
                const {
                    &[
                        must("window"),
                        may("stride"),
                        padding(),
                        option("ceil", FLAG),
                        option("count_padding", FLAG),
                    ]
                }
            }
            LayerName::BlurPool => const { &[must("stride"), may("size")] },
            LayerName::Upsample => const { &[must("factor"), option("kind", RESIZES)] },
            LayerName::PadPixels => {
                const { &[may("top"), may("bottom"), may("left"), may("right")] }
            }
            LayerName::Subsample => const { &[must("stride")] },
            LayerName::PadChannels => const { &[must("channels"), may("before")] },
            LayerName::SliceChannels => const { &[must("start"), may("end")] },
            LayerName::Shortcut => {
                const {
                    &[
                        must("width"),
                        may("stride"),
                        option("kind", KINDS),
                        option("bn", FLAG),
                        may("before"),
                    ]
                }
            }
            LayerName::Activation(function) => activation_slots(function),
            LayerName::GlobalAvgPool
            | LayerName::GlobalMaxPool
            | LayerName::Detach
            | LayerName::ChannelMax
            | LayerName::ChannelMean
            | LayerName::Identity => &[],
        }
    }
}

fn activation_slots(function: Activation) -> &'static [Slot] {
    match function {
        Activation::Gelu { .. } => const { &[option("approximate", FLAG)] },
        Activation::LeakyRelu { .. } => const { &[may("slope")] },
        Activation::Elu { .. } => const { &[may("alpha")] },
        Activation::Relu
        | Activation::Sigmoid
        | Activation::Tanh
        | Activation::Silu
        | Activation::Softplus
        | Activation::HardSwish
        | Activation::HardSigmoid
        | Activation::Relu6
        | Activation::Exp
        | Activation::Log
        | Activation::Sqrt
        | Activation::Abs
        | Activation::Square => &[],
    }
}
