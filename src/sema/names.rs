//! Which names are taken by the language.

use super::layers::{LayerName, Word};

/// What a name means everywhere, so that no definition may take it.
pub fn reserved(name: &str) -> Option<&'static str> {
    if LayerName::find(name).is_some() {
        return Some("a built-in layer");
    }
    if Word::find(name).is_some() {
        return Some("the value of an option");
    }
    match name {
        "x" => Some("a unit's input"),
        "index" => Some("a unit's position in the net"),
        "count" => Some("the number of units in the net"),
        _ => None,
    }
}

/// What a name of another framework is called here.
pub fn foreign(name: &str) -> Option<&'static str> {
    let plain: String = name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
    Some(match plain.as_str() {
        "batchnorm" | "batchnorm2d" | "batchnormalization" | "norm" => "bn",
        "conv2d" | "convolution" => "conv",
        "fc" | "dense" | "fullyconnected" | "affine" => "linear",
        "maxpool" | "maxpool2d" | "maxpooling2d" => "max_pool",
        "avgpool" | "avgpool2d" | "averagepool" | "averagepooling2d" => "avg_pool",
        "gap" | "globalpool" | "globalavgpool" | "globalaveragepooling2d" => "global_avg_pool",
        "droppath" | "stochasticdepth" => "drop_path",
        "skip" | "downsample" => "shortcut",
        _ => return None,
    })
}
