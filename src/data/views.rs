//! Several views of each picture that is classified; the scores of its classes are their mean.

use serde::{Deserialize, Serialize};

use crate::pixels::{Border, Crop, Extent};

/// Which views there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Views {
    /// The picture as it is.
    #[default]
    #[serde(rename = "none")]
    One,
    /// The picture and its mirror image.
    #[serde(rename = "flip")]
    Flip,
    /// The same with half of the weight, and both moved by a pixel up and left, and down and right,
    /// with the other half; what comes in is mirrored (Jordan 2024, `infer_mirror_translate`).
    #[serde(rename = "translate")]
    Translate,
    /// The middle and the four corners of the picture in its border, and their mirror images
    /// (Krizhevsky et al. 2012, section 4.1, for pictures that are padded instead of larger).
    #[serde(rename = "10-crop")]
    TenCrop,
}

/// A view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// What of the picture is seen.
    pub crop: Crop,
    /// How much it counts; all together count 1.
    pub weight: f64,
}

impl View {
    /// The picture as it is.
    pub const PLAIN: View = View { crop: Crop::WHOLE, weight: 1.0 };
}

impl Views {
    /// All of them.
    pub const ALL: [Views; 4] = [Views::One, Views::Flip, Views::Translate, Views::TenCrop];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Views::One => "none",
            Views::Flip => "flip",
            Views::Translate => "translate",
            Views::TenCrop => "10-crop",
        }
    }

    /// Whether there is one only.
    pub fn is_one(&self) -> bool {
        *self == Views::One
    }

    /// Whether all of them would be the middle of a picture, padded by so much in training.
    pub fn lack_border(self, pad: usize) -> bool {
        self == Views::TenCrop && pad == 0
    }

    /// The views, where pictures are padded so in training.
    pub fn of(self, (pad, border): (usize, Border)) -> Vec<View> {
        let at = |[down, right]: [i32; 2], border, weight| {
            [false, true].map(|flip| View {
                crop: Crop { down, right, border, flip, ..Crop::WHOLE },
                weight,
            })
        };
        let far = i32::try_from(pad).unwrap_or(i32::MAX);
        match self {
            Views::One => vec![View::PLAIN],
            Views::Flip => at([0, 0], Border::Zeros, 0.5).to_vec(),
            Views::Translate => [([0, 0], 0.25), ([-1, -1], 0.125), ([1, 1], 0.125)]
                .map(|(offset, weight)| at(offset, Border::Reflect, weight))
                .concat(),
            Views::TenCrop => [[0, 0], [-far, -far], [-far, far], [far, -far], [far, far]]
                .map(|offset| at(offset, border, 0.1))
                .concat(),
        }
    }
}

/// What pictures are padded by where nothing says it: an eighth of their shorter side, as 4 of 32.
pub fn usual_pad(extent: Extent) -> (usize, Border) {
    (extent.rows.min(extent.columns) / 8, Border::Zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_half_of_the_views_are_mirrored() {
        for (views, count) in Views::ALL.into_iter().zip([1, 2, 6, 10]) {
            let all = views.of((4, Border::Reflect));
            assert_eq!(all.len(), count);
            let sum: f64 = all.iter().map(|view| view.weight).sum();
            assert!((sum - 1.0).abs() < 1e-12);
            assert_eq!(all.iter().filter(|view| view.crop.flip).count(), count / 2);
            let text = serde_yaml::to_string(&views).unwrap();
            assert_eq!(text.trim().trim_matches('\''), views.name());
        }
        let corners = Views::TenCrop.of((4, Border::Zeros));
        let offsets: Vec<_> =
            corners.iter().map(|view| (view.crop.down, view.crop.right)).collect();
        assert!(offsets.contains(&(-4, 4)) && offsets.contains(&(4, 4)));
    }
}
