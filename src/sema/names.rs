//! Which names are taken by the language, and which name a wrong one may have been meant for.

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
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST && *candidate != name)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= limit && distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits between two words: insertions, deletions, replacements, and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let fold = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (a, b) = (fold(a), fold(b));
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (a, b, edits) in
            [("relu", "relu", 0), ("relu", "rleu", 1), ("relu", "rel", 1), ("", "bn", 2)]
        {
            assert_eq!(distance(a, b), edits, "{a} → {b}");
            assert_eq!(distance(b, a), edits, "{b} → {a}");
        }
    }

    #[test]
    fn nearest_is_near() {
        assert_eq!(nearest("widht", ["width", "stride"]), Some("width"));
        assert_eq!(nearest("Relu", ["relu", "conv"]), Some("relu"));
        assert_eq!(nearest("banana", ["width", "stride"]), None);
        assert_eq!(nearest("q", ["x", "y"]), None);
    }
}
