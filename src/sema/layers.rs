//! The layers and option words of the language, with what each layer takes.

use crate::network::Activation;

/// A built-in layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LayerName {
    /// The pictures.
    Input,
    /// Convolution.
    Conv,
    /// Fully connected.
    Linear,
    /// Batch normalisation.
    Bn,
    /// Normalisation of groups of channels.
    GroupNorm,
    /// Normalisation of an image, or of each of its pixels.
    LayerNorm,
    /// Normalisation of each channel of an image.
    InstanceNorm,
    /// Learned factors.
    Scale,
    /// Learned summands.
    Shift,
    /// A learned number, a value.
    Scalar,
    /// An activation function of each element.
    Activation(Activation),
    /// Dropout of elements.
    Dropout,
    /// Dropout of whole branches.
    DropPath,
    /// A uniform draw, a value.
    Random,
    /// A coin, a value.
    Bernoulli,
    /// No gradient.
    Detach,
    /// Mean over rows and columns.
    GlobalAvgPool,
    /// Maximum over channels.
    ChannelMax,
    /// Mean over channels.
    ChannelMean,
    /// Window maximum.
    MaxPool,
    /// Window mean.
    AvgPool,
    /// Blur, then every n-th pixel.
    BlurPool,
    /// More rows and columns.
    Upsample,
    /// Every n-th pixel.
    Subsample,
    /// Zero rows and columns added.
    PadPixels,
    /// Zero channels added.
    PadChannels,
    /// Identity, option A or option B.
    Shortcut,
    /// Nothing.
    Identity,
}

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
const KINDS: &[Word] = &[Word::Pad, Word::Project];

/// How pictures are made larger.
const RESIZES: &[Word] = &[Word::Nearest, Word::Bilinear];

/// Yes or no.
const FLAG: &[Word] = &[Word::True, Word::False];

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
const DRAWN: &[Word] = &[Word::Image, Word::Batch];

/// How weights start.
const DRAWS: &[Word] = &[Word::FanOut, Word::FanIn, Word::Uniform, Word::Zero, Word::Dirac];

/// Over what an image is normalised.
const OVER: &[Word] = &[Word::Channels, Word::Image];

/// Whether a normalisation learns anything.
const AFFINE: Slot = option("affine", FLAG);

const fn learned(name: &'static str) -> Slot {
    option(name, &[Word::None])
}

/// One number a channel, or one in all.
const EACH: &[Word] = &[Word::Channel, Word::Tensor];

const fn padding() -> Slot {
    option("padding", &[Word::Same])
}

const fn bias() -> Slot {
    option("bias", &[Word::None])
}

impl LayerName {
    /// All of them.
    pub fn all() -> impl Iterator<Item = LayerName> {
        let activations = Activation::ALL.into_iter().map(LayerName::Activation);
        let layers = [
            LayerName::Dropout,
            LayerName::DropPath,
            LayerName::Random,
            LayerName::Bernoulli,
            LayerName::Detach,
            LayerName::GlobalAvgPool,
            LayerName::ChannelMax,
            LayerName::ChannelMean,
            LayerName::MaxPool,
            LayerName::AvgPool,
            LayerName::BlurPool,
            LayerName::Upsample,
            LayerName::Subsample,
            LayerName::PadPixels,
            LayerName::PadChannels,
            LayerName::Shortcut,
            LayerName::Identity,
        ];
        let weighted = [
            LayerName::Input,
            LayerName::Conv,
            LayerName::Linear,
            LayerName::Bn,
            LayerName::GroupNorm,
            LayerName::LayerNorm,
            LayerName::InstanceNorm,
            LayerName::Scale,
            LayerName::Shift,
            LayerName::Scalar,
        ];
        weighted.into_iter().chain(activations).chain(layers)
    }

    /// As written in a spec.
    pub fn text(self) -> &'static str {
        match self {
            LayerName::Input => "input",
            LayerName::Conv => "conv",
            LayerName::Linear => "linear",
            LayerName::Bn => "bn",
            LayerName::GroupNorm => "group_norm",
            LayerName::LayerNorm => "layer_norm",
            LayerName::InstanceNorm => "instance_norm",
            LayerName::Scale => "scale",
            LayerName::Shift => "shift",
            LayerName::Scalar => "scalar",
            LayerName::Activation(activation) => activation.word(),
            LayerName::Dropout => "dropout",
            LayerName::DropPath => "drop_path",
            LayerName::Random => "random",
            LayerName::Bernoulli => "bernoulli",
            LayerName::Detach => "detach",
            LayerName::GlobalAvgPool => "global_avg_pool",
            LayerName::ChannelMax => "channel_max",
            LayerName::ChannelMean => "channel_mean",
            LayerName::MaxPool => "max_pool",
            LayerName::AvgPool => "avg_pool",
            LayerName::BlurPool => "blur_pool",
            LayerName::Upsample => "upsample",
            LayerName::Subsample => "subsample",
            LayerName::PadPixels => "pad_pixels",
            LayerName::PadChannels => "pad_channels",
            LayerName::Shortcut => "shortcut",
            LayerName::Identity => "identity",
        }
    }

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
                const { &[must("classes"), bias(), option("init", DRAWS), may("gain")] }
            }
            LayerName::Bn => {
                const { &[may("eps"), may("momentum"), learned("gamma"), learned("beta"), AFFINE] }
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
            | LayerName::Detach
            | LayerName::ChannelMax
            | LayerName::ChannelMean
            | LayerName::Identity => &[],
        }
    }

    /// What it does, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            LayerName::Input => "The pictures. It stands once, at the start of the net.",
            LayerName::Conv => {
                "Convolution. `padding` is half the kernel unless given; with `bias` there is a \
                 bias that starts at that value. With `groups` the channels are so many equal parts, \
                 each convolved by itself; as many groups as channels are a depthwise convolution. \
                 `stride`, `padding` and `dilation` may differ for rows and columns: `2x1`; \
                 `padding: same` has a window for every stride. `init` says how weights start, and \
                 `gain` by what that is multiplied."
            }
            LayerName::Linear => {
                "Fully connected over all elements. The bias starts as PyTorch's does, or at \
                 `bias`; `none` leaves it out. `init` says how weights start, and `gain` by what that is \
                 multiplied."
            }
            LayerName::Bn => {
                "Batch normalisation with a learned scale, which starts at `gamma`, and shift, at `beta`; \
                 `none` leaves one out, `affine: false` both. `eps` is added to the variance, `momentum` is \
                 the weight of the newest batch in the running statistics."
            }
            LayerName::GroupNorm => {
                "Normalises each image by itself, in `groups` groups of channels over rows and columns \
                 (Wu & He 2018); what is learned is as for bn."
            }
            LayerName::LayerNorm => {
                "Normalises `over: channels` each pixel by itself, as ConvNeXt does, or `over: image` all of \
                 an image, which is group_norm(1); what is learned is as for bn."
            }
            LayerName::InstanceNorm => {
                "Normalises each channel of each image by itself; what is learned is as for bn."
            }
            LayerName::Scale => {
                "Multiplies each channel by a learned factor that starts at `init`; with `per: tensor` all \
                 by one."
            }
            LayerName::Shift => {
                "Adds a learned number that starts at `init` to each channel; with `per: tensor` one to all."
            }
            LayerName::Scalar => {
                "A learned number that starts at `init`: a value, as in y = x + scalar(0) * F(x)."
            }
            LayerName::Activation(activation) => activation.about(),
            LayerName::Dropout => {
                "Zeroes elements with probability `p` in training and divides the others by 1 - p; \
                 with `inverted: false` evaluation multiplies by 1 - p instead."
            }
            LayerName::DropPath => {
                "Drops the whole value with probability `p`, one draw a mini-batch (stochastic depth) or, \
                 with `per: image`, an image; evaluation multiplies by 1 - p, or with `inverted: true` \
                 training divides by it."
            }
            LayerName::Random => {
                "A number drawn from `low` to `high`, one an image or, with `per: batch`, a mini-batch: a \
                 value. In evaluation it is its mean, or `evaluation`."
            }
            LayerName::Bernoulli => {
                "1 with probability `p` and else 0, drawn for each image or, with `per: batch`, \
                 mini-batch: a value. In evaluation it is p, or `evaluation`."
            }
            LayerName::Detach => "What it reads, through which no gradient passes back.",
            LayerName::GlobalAvgPool => "Mean over rows and columns.",
            LayerName::ChannelMax => "Largest of all channels, pixel by pixel.",
            LayerName::ChannelMean => "Mean of all channels, pixel by pixel.",
            LayerName::MaxPool => {
                "Largest of each window; the step is the window unless given. With `ceil: true` a \
                 last window may end outside."
            }
            LayerName::AvgPool => {
                "Mean of each window, padding counted unless `count_padding: false`; the step is \
                 the window unless given. With `ceil: true` a last window may end outside."
            }
            LayerName::BlurPool => {
                "Every n-th pixel after a binomial blur of `size` × `size` (3 unless given), so \
                 that the result moves with the picture."
            }
            LayerName::Upsample => {
                "`factor` times as many rows and columns: each pixel again (`kind: nearest`, the \
                 default), or what lies between (`kind: bilinear`)."
            }
            LayerName::PadPixels => "Zero rows above and below, and zero columns left and right.",
            LayerName::Subsample => "Every n-th pixel, from the first.",
            LayerName::PadChannels => {
                "Zero channels until there are `channels`, `before` of them in front and the others \
                 behind; all behind unless given."
            }
            LayerName::Shortcut => {
                "The identity where the shape is kept. Elsewhere option A (`kind: pad`, the \
                 default): every n-th pixel and zero channels, `before` of them in front; or option B (`kind: project`): a \
                 1×1 convolution, with BN behind it if `bn: true`."
            }
            LayerName::Identity => "Nothing.",
        }
    }

    /// Whether it is a value, which is applied to nothing.
    pub fn is_value(self) -> bool {
        matches!(self, LayerName::Scalar | LayerName::Random | LayerName::Bernoulli)
    }

    /// Whether it has parameters of its own, or may have.
    pub fn has_weights(self) -> bool {
        match self {
            LayerName::Conv
            | LayerName::Linear
            | LayerName::Bn
            | LayerName::GroupNorm
            | LayerName::LayerNorm
            | LayerName::InstanceNorm
            | LayerName::Scale
            | LayerName::Shift
            | LayerName::Scalar
            | LayerName::Shortcut => true,
            LayerName::Input
            | LayerName::Activation(_)
            | LayerName::Dropout
            | LayerName::DropPath
            | LayerName::Random
            | LayerName::Bernoulli
            | LayerName::Detach
            | LayerName::GlobalAvgPool
            | LayerName::ChannelMax
            | LayerName::ChannelMean
            | LayerName::MaxPool
            | LayerName::AvgPool
            | LayerName::BlurPool
            | LayerName::Upsample
            | LayerName::PadPixels
            | LayerName::Subsample
            | LayerName::PadChannels
            | LayerName::Identity => false,
        }
    }

    /// Whether a definition may take its word: specs that did were written before it was one.
    pub fn may_be_defined(self) -> bool {
        match self {
            LayerName::GroupNorm
            | LayerName::LayerNorm
            | LayerName::InstanceNorm
            | LayerName::Scale
            | LayerName::Shift
            | LayerName::Scalar
            | LayerName::Random
            | LayerName::Bernoulli
            | LayerName::Detach
            | LayerName::ChannelMax
            | LayerName::ChannelMean
            | LayerName::BlurPool
            | LayerName::Upsample
            | LayerName::PadPixels => true,
            LayerName::Activation(function) => {
                !matches!(function, Activation::Relu | Activation::Sigmoid | Activation::Tanh)
            }
            LayerName::Input
            | LayerName::Conv
            | LayerName::Linear
            | LayerName::Bn
            | LayerName::Dropout
            | LayerName::DropPath
            | LayerName::GlobalAvgPool
            | LayerName::MaxPool
            | LayerName::AvgPool
            | LayerName::Subsample
            | LayerName::PadChannels
            | LayerName::Shortcut
            | LayerName::Identity => false,
        }
    }

    /// The layer of this name.
    pub fn find(text: &str) -> Option<Self> {
        Self::all().find(|layer| layer.text() == text)
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

/// A word that stands for an option's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Option A.
    Pad,
    /// Option B.
    Project,
    /// Without.
    None,
    /// Yes.
    True,
    /// No.
    False,
    /// As much padding as keeps the size.
    Same,
    /// The nearest pixel.
    Nearest,
    /// Between pixels.
    Bilinear,
    /// Normal by fan-out.
    FanOut,
    /// Normal by fan-in.
    FanIn,
    /// Uniform by fan-in.
    Uniform,
    /// Zeros.
    Zero,
    /// Identity kernels.
    Dirac,
    /// The channels of each pixel.
    Channels,
    /// One draw an image; all of an image.
    Image,
    /// One draw a mini-batch.
    Batch,
    /// One number a channel.
    Channel,
    /// One number in all.
    Tensor,
}

impl Word {
    /// All of them.
    pub const ALL: [Word; 18] = [
        Word::Pad,
        Word::Project,
        Word::None,
        Word::True,
        Word::False,
        Word::Same,
        Word::Nearest,
        Word::Bilinear,
        Word::FanOut,
        Word::FanIn,
        Word::Uniform,
        Word::Zero,
        Word::Dirac,
        Word::Channels,
        Word::Image,
        Word::Batch,
        Word::Channel,
        Word::Tensor,
    ];

    /// As written in a spec.
    pub fn text(self) -> &'static str {
        match self {
            Word::Pad => "pad",
            Word::Project => "project",
            Word::None => "none",
            Word::True => "true",
            Word::False => "false",
            Word::Same => "same",
            Word::Nearest => "nearest",
            Word::Bilinear => "bilinear",
            Word::FanOut => "fan_out",
            Word::FanIn => "fan_in",
            Word::Uniform => "uniform",
            Word::Zero => "zero",
            Word::Dirac => "dirac",
            Word::Channels => "channels",
            Word::Image => "image",
            Word::Batch => "batch",
            Word::Channel => "channel",
            Word::Tensor => "tensor",
        }
    }

    /// Whether a definition may take it: specs that did were written before it was a word.
    pub fn may_be_defined(self) -> bool {
        match self {
            Word::Pad | Word::Project | Word::None | Word::True | Word::False => false,
            Word::FanOut
            | Word::FanIn
            | Word::Uniform
            | Word::Zero
            | Word::Dirac
            | Word::Channels
            | Word::Image
            | Word::Batch
            | Word::Same
            | Word::Nearest
            | Word::Bilinear
            | Word::Channel
            | Word::Tensor => true,
        }
    }

    /// The words that may stand where this one does.
    pub fn beside(self) -> &'static [Word] {
        match self {
            Word::Pad | Word::Project => KINDS,
            Word::True | Word::False => FLAG,
            Word::None => &[Word::None],
            Word::Same => &[Word::Same],
            Word::Nearest | Word::Bilinear => RESIZES,
            Word::FanOut | Word::FanIn | Word::Uniform | Word::Zero | Word::Dirac => DRAWS,
            Word::Channels => OVER,
            Word::Image | Word::Batch => DRAWN,
            Word::Channel | Word::Tensor => EACH,
        }
    }

    /// The word written so.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.text() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    /// A net in which a layer is given a word for one of its arguments, and what else it must have.
    fn net(layer: LayerName, slot: &Slot, word: Word) -> String {
        let own = |s: &&Slot| s.required && s.name != slot.name;
        let rest = layer.slots().iter().filter(own).map(|s| match s.name {
            "kernel" => "kernel: 3x3, ".to_owned(),
            "p" => "p: 0.5, ".to_owned(),
            "high" => "high: 5, ".to_owned(),
            name => match s.words.first() {
                Some(word) => format!("{name}: {}, ", word.text()),
                None => format!("{name}: 4, "),
            },
        });
        let call =
            format!("{}({}{}: {})", layer.text(), rest.collect::<String>(), slot.name, word.text());
        match layer {
            LayerName::Input => format!("net n {{ {call} -> linear(4) }}"),
            value if value.is_value() => {
                format!("unit u {{ y = x * {call} }} net n {{ input(4, 8, 8) -> u -> linear(4) }}")
            }
            _ => format!("net n {{ input(4, 8, 8) -> {call} -> linear(4) }}"),
        }
    }

    /// What an editor offers for an argument is what the compiler takes.
    #[test]
    fn arguments_take_the_words_that_they_list() {
        for layer in LayerName::all() {
            for slot in layer.slots() {
                for word in Word::ALL {
                    let text = net(layer, slot, word);
                    let taken = crate::sema::compile(&Source::new("w", text.clone()), &[]).is_ok();
                    assert_eq!(taken, slot.words.contains(&word), "{text}");
                }
            }
        }
    }
}
