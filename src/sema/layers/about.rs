//! What each layer does, in a sentence.

use super::LayerName;

impl LayerName {
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
                 the weight of the newest batch in the running statistics. In training each `ghost` pictures \
                 of a batch are normalised by themselves (Hoffer et al. 2017)."
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
            LayerName::GlobalMaxPool => "Largest of all rows and columns, channel by channel.",
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
            LayerName::PadPixels => {
                "Zero rows above and below, and zero columns left and right; -1 cuts one off."
            }
            LayerName::Subsample => "Every n-th pixel, from the first.",
            LayerName::PadChannels => {
                "Zero channels until there are `channels`, `before` of them in front and the others \
                 behind; all behind unless given."
            }
            LayerName::SliceChannels => {
                "The channels from `start`, counted from 0, up to `end` and without it; to the last unless \
                 given. PyTorch's x[:, start:end]."
            }
            LayerName::Shortcut => {
                "The identity where the shape is kept. Elsewhere option A (`kind: pad`, the \
                 default): every n-th pixel and zero channels, `before` of them in front; or option B (`kind: project`): a \
                 1×1 convolution, with BN behind it if `bn: true`."
            }
            LayerName::Identity => "Nothing.",
        }
    }
}
