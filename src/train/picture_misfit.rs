//! Why pictures cannot come to what a net reads as a recipe, or weights, have it.

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureMisfit {
    /// Crops are taken out of a larger picture, and out of a border.
    #[error(
        "recipe: with resize: {resize} training crops are taken out of more than the net reads, and need \
         no border; write pad: 0"
    )]
    Pad {
        /// The shorter side.
        resize: usize,
    },
    /// The pictures came to their size in another way.
    #[error(
        "{data}: the pictures {}, and {}{}", way(*.found, *.in_files), wish(*.wanted),
        if *.in_files { "" } else { "; leave resize away" }
    )]
    Otherwise {
        /// The data set.
        data: String,
        /// What the shorter side was to become.
        wanted: Option<usize>,
        /// What it became.
        found: Option<usize>,
        /// Whether they are in files of their own.
        in_files: bool,
    },
    /// The numbers of ImageNet are of three channels.
    #[error(
        "recipe: normalise: imagenet is of colours, and the net reads pictures of {channels} \
         channels; write per_channel"
    )]
    Colourless {
        /// What the net reads.
        channels: usize,
    },
    /// Operations of photographs, on what is none.
    #[error(
        "recipe: augmentation.{key} is of pictures in colour or grey, and the net reads {channels} \
         channels; leave it away"
    )]
    NoPhotograph {
        /// Which.
        key: &'static str,
        /// What the net reads.
        channels: usize,
    },
    /// All views of a picture would be its middle.
    #[error(
        "views: 10-crop takes corners of the border of training, and there was none (pad: 0), so that it \
         would be flip five times; say flip"
    )]
    NoBorder,
}

fn way(resize: Option<usize>, in_files: bool) -> String {
    match (resize, in_files) {
        (Some(side), _) => format!("were resized to {side} by their shorter side"),
        (None, true) => "were stretched to what the net reads".to_owned(),
        (None, false) => "come in a size of their own".to_owned(),
    }
}

fn wish(resize: Option<usize>) -> String {
    match resize {
        Some(side) => format!("resize is {side}"),
        None => "no resize is asked for".to_owned(),
    }
}
