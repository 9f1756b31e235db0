//! What an exported model says of itself: names with texts, all but words in JSON.

use serde::Serialize;

use super::onnx::Notes;
use crate::network::{Chw, Network};

/// What is known of a network's weights.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Names of the classes, by number.
    pub classes: Option<&'a [String]>,
    /// Mean of each channel, or of each channel of each pixel, row by row; and the deviation of
    /// each channel.
    pub standardisation: Option<[&'a [f64]; 2]>,
    /// What the shorter side of a picture becomes before its middle is taken.
    pub resize: Option<usize>,
}

/// The notes of a model: `classes`, `mean` and `std` where they are known, `input_size`,
/// `input_layout`, `channels`, `input_range`, `resize`.
///
/// `mean` and `std` broadcast over rows × columns × channels.
pub fn of(network: &Network, known: Known) -> Notes {
    let Chw { c, h, w } = network.value(network.input).shape;
    let mut notes = Notes::new();
    let mut note = |name: &str, text: String| notes.push((name.to_owned(), text));
    if let Some(classes) = known.classes {
        note("classes", json(&classes));
    }
    if let Some([mean, std]) = known.standardisation {
        // A mean of each pixel has its rows and columns as the pictures have them.
        let rows: Vec<Vec<&[f64]>> =
            mean.chunks(w * c).map(|row| row.chunks(c).collect()).collect();
        note("mean", if mean.len() == std.len() { json(&mean) } else { json(&rows) });
        note("std", json(&std));
    }
    note("input_size", json(&[c, h, w]));
    note("input_layout", "NCHW".into());
    note("channels", if c == 3 { "RGB" } else { "grey" }.into());
    note("input_range", json(&[0, 255]));
    note("resize", resize(known.resize));
    notes
}

fn resize(side: Option<usize>) -> String {
    match side {
        Some(side) => format!(
            "shorter side to {side}, triangle filter (Pillow's BILINEAR), then the middle of the size \
             (torchvision's Resize({side}), CenterCrop)"
        ),
        None => "stretched to the size, triangle filter (Pillow's BILINEAR)".to_owned(),
    }
}

/// Strings, numbers and lists of them cannot fail to be JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn classes_keep_their_commas_and_pixels_their_places() {
        let text = "net n { input(1, 2, 3) -> linear(2) }";
        let network = crate::sema::compile(&Source::new("n", text), &[]).unwrap().network;
        let classes = ["golden retriever", "green, \"frog\""].map(String::from);
        let mean = [1.0, 2.5, 3.0, 4.0, 5.0, 6.0];
        let standardisation = Some([&mean[..], &[7.0]]);
        let notes =
            of(&network, Known { classes: Some(&classes), standardisation, resize: Some(256) });
        let text = |name| notes.iter().find(|(known, _)| known == name).map(|(_, text)| &text[..]);
        assert_eq!(text("classes"), Some(r#"["golden retriever","green, \"frog\""]"#));
        assert_eq!(text("mean"), Some("[[[1.0],[2.5],[3.0]],[[4.0],[5.0],[6.0]]]"));
        assert_eq!(text("std"), Some("[7.0]"));
        assert_eq!(text("input_size"), Some("[1,2,3]"));
        assert_eq!(text("channels"), Some("grey"));
        assert_eq!(of(&network, Known::default()).len(), 5);
    }
}
