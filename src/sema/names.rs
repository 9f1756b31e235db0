//! Which names are taken by the language, and which name a wrong one may have been meant for.

use strsim::osa_distance;

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

/// The candidate nearest to `name`, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let limit = (name.chars().count() / 3).max(1);
    let folded = name.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST && *candidate != name)
        .map(|candidate| (osa_distance(&folded, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= limit && distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_is_near() {
        assert_eq!(nearest("widht", ["width", "stride"]), Some("width"));
        assert_eq!(nearest("Relu", ["relu", "conv"]), Some("relu"));
        assert_eq!(nearest("banana", ["width", "stride"]), None);
        assert_eq!(nearest("q", ["x", "y"]), None);
    }
}
