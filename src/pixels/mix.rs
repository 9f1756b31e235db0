//! Pictures of a batch mixed with each other.

use super::{Extent, Hole};

/// How each picture of a batch is mixed with the one before it; the first with the last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Mix {
    /// Not at all.
    #[default]
    None,
    /// Of each value so much, and the rest of the other picture's (mixup; Zhang et al. 2018).
    Blend {
        /// The picture's own share, 0 to 1.
        share: f32,
    },
    /// A rectangle of each picture shows the other one (CutMix; Yun et al. 2019).
    Patch(Hole),
}

impl Mix {
    /// A picture's own share in what it becomes.
    pub fn share(self, extent: Extent) -> f64 {
        match self {
            Mix::None => 1.0,
            Mix::Blend { share } => f64::from(share),
            Mix::Patch(hole) => 1.0 - hole.area() as f64 / (extent.rows * extent.columns) as f64,
        }
    }

    /// Mixes the numbers of a batch of pictures.
    pub fn apply(self, extent: Extent, numbers: &mut [f32]) {
        if self == Mix::None {
            return;
        }
        let len = extent.bytes();
        let Some(last) = numbers.len().checked_sub(len) else { return };
        let wrapped = numbers[last..].to_vec();
        for at in (0..numbers.len() / len).rev() {
            let (before, rest) = numbers.split_at_mut(at * len);
            let other = before.rchunks(len).next().unwrap_or(&wrapped);
            self.one(extent, &mut rest[..len], other);
        }
    }

    fn one(self, extent: Extent, own: &mut [f32], other: &[f32]) {
        match self {
            Mix::None => {}
            Mix::Blend { share } => {
                for (own, other) in own.iter_mut().zip(other) {
                    *own = share * *own + (1.0 - share) * other;
                }
            }
            Mix::Patch(hole) => {
                for place in hole.places(extent) {
                    own[place.clone()].copy_from_slice(&other[place]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent { rows: 2, columns: 2, channels: 1 };

    fn mixed(mix: Mix) -> Vec<f32> {
        let mut numbers: Vec<f32> = (1..=12).map(|n| n as f32).collect();
        mix.apply(EXTENT, &mut numbers);
        numbers
    }

    #[test]
    fn each_picture_meets_the_one_before_it_as_it_was() {
        assert_eq!(mixed(Mix::Blend { share: 1.0 }), mixed(Mix::None));
        let other = [9., 10., 11., 12., 1., 2., 3., 4., 5., 6., 7., 8.];
        assert_eq!(mixed(Mix::Blend { share: 0.0 }), other);
        let quarter = mixed(Mix::Blend { share: 0.25 });
        assert_eq!((quarter[0], quarter[4], quarter[11]), (7.0, 2.0, 9.0));
    }

    #[test]
    fn a_blend_is_that_of_torchvision() {
        let golden = include_str!("../../tests/goldens/augment.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let numbers = |name: &str| -> Vec<f32> {
            let list = golden["mixup"][name].as_array().unwrap().iter();
            list.map(|number| number.as_f64().unwrap() as f32).collect()
        };
        let mut found = numbers("pictures");
        let share = golden["mixup"]["share"].as_f64().unwrap() as f32;
        Mix::Blend { share }.apply(Extent { channels: 2, ..EXTENT }, &mut found);
        for (found, expected) in found.iter().zip(numbers("mixed")) {
            // Two products and a sum, each rounded.
            assert!((found - expected).abs() <= 3.0 * f32::EPSILON * 111.0, "{found}, {expected}");
        }
    }

    #[test]
    fn a_patch_shows_the_other_picture() {
        let patch = Mix::Patch(Hole { rows: [0, 1], columns: [1, 2] });
        assert_eq!(mixed(patch), [1., 10., 3., 4., 5., 2., 7., 8., 9., 6., 11., 12.]);
        assert_eq!(patch.share(EXTENT), 0.75);
        assert_eq!(Mix::Patch(Hole::default()).share(EXTENT), 1.0);
    }
}
