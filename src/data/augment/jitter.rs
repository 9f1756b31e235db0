//! Colour jitter: brightness, contrast, saturation and hue, each changed by a random factor, in random
//! order. Drawn as torchvision's `ColorJitter` does.

use serde::{Deserialize, Serialize};

use super::super::random::{Draws, Purpose};
use crate::pixels::Operation;

/// How far each is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jitter {
    /// Factors from 1 − this, or 0, to 1 + this; so below.
    pub brightness: f64,
    /// Of the distance from the mean grey.
    pub contrast: f64,
    /// Of the distance from each pixel's grey.
    pub saturation: f64,
    /// Turns of the colour wheel from −this to this.
    pub hue: f64,
}

impl Jitter {
    /// What is done to a picture in an epoch, in order.
    pub fn draw(self, key: (u32, u32, usize)) -> impl Iterator<Item = Operation> {
        let mut draws = Draws::of_picture(Purpose::Jitter, key);
        let mut between = |low: f64, high: f64| low + (high - low) * f64::from(draws.uniform());
        let mut factor = |by: f64| (by > 0.0).then(|| between((1.0 - by).max(0.0), 1.0 + by));
        let [brightness, contrast, saturation] =
            [self.brightness, self.contrast, self.saturation].map(&mut factor);
        let hue = (self.hue > 0.0).then(|| between(-self.hue, self.hue));
        let mut all = [
            brightness.map(Operation::Brightness),
            contrast.map(Operation::Contrast),
            saturation.map(Operation::Saturation),
            // A part of a 255th is cut off.
            hue.map(|turn| Operation::Hue((turn * 255.0) as i32)),
        ];
        for last in (1..all.len()).rev() {
            all.swap(last, draws.below(last + 1));
        }
        all.into_iter().flatten()
    }
}
