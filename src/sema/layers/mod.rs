//! The layers and option words of the language, with what each layer takes.

use crate::network::Activation;

mod about;
mod slots;
mod word;

pub use slots::Slot;
pub use word::Word;

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
    /// Maximum over rows and columns.
    GlobalMaxPool,
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
    /// Some of the channels.
    SliceChannels,
    /// Identity, option A or option B.
    Shortcut,
    /// Nothing.
    Identity,
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
            LayerName::GlobalMaxPool,
            LayerName::ChannelMax,
            LayerName::ChannelMean,
            LayerName::MaxPool,
            LayerName::AvgPool,
            LayerName::BlurPool,
            LayerName::Upsample,
            LayerName::Subsample,
            LayerName::PadPixels,
            LayerName::PadChannels,
            LayerName::SliceChannels,
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
            LayerName::GlobalMaxPool => "global_max_pool",
            LayerName::ChannelMax => "channel_max",
            LayerName::ChannelMean => "channel_mean",
            LayerName::MaxPool => "max_pool",
            LayerName::AvgPool => "avg_pool",
            LayerName::BlurPool => "blur_pool",
            LayerName::Upsample => "upsample",
            LayerName::Subsample => "subsample",
            LayerName::PadPixels => "pad_pixels",
            LayerName::PadChannels => "pad_channels",
            LayerName::SliceChannels => "slice_channels",
            LayerName::Shortcut => "shortcut",
            LayerName::Identity => "identity",
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
            | LayerName::GlobalMaxPool
            | LayerName::ChannelMax
            | LayerName::ChannelMean
            | LayerName::MaxPool
            | LayerName::AvgPool
            | LayerName::BlurPool
            | LayerName::Upsample
            | LayerName::PadPixels
            | LayerName::Subsample
            | LayerName::PadChannels
            | LayerName::SliceChannels
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
            | LayerName::GlobalMaxPool
            | LayerName::ChannelMax
            | LayerName::ChannelMean
            | LayerName::BlurPool
            | LayerName::Upsample
            | LayerName::PadPixels
            | LayerName::SliceChannels => true,
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
