//! RandAugment (Cubuk et al. 2019): operations drawn evenly from a list, all of one magnitude. The list and
//! what a magnitude means are torchvision's, as are signs.

use serde::{Deserialize, Serialize};

use super::super::Extent;
use super::super::random::{Draws, Purpose};
use crate::pixels::{Matrix, Operation};

/// How many, and how strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandAugment {
    /// Operations on each picture, one after the other.
    #[serde(default = "operations")]
    pub operations: usize,
    /// Of 30.
    #[serde(default = "magnitude")]
    pub magnitude: usize,
}

// The values of torchvision.

fn operations() -> usize {
    2
}

fn magnitude() -> usize {
    9
}

/// The largest magnitude.
pub const MOST: usize = 30;

/// An operation whose strength is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Identity,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Brightness,
    Color,
    Contrast,
    Sharpness,
    Posterize,
    Solarize,
    AutoContrast,
    Equalize,
}

impl Kind {
    /// In torchvision's order.
    pub const ALL: [Kind; 14] = [
        Kind::Identity,
        Kind::ShearX,
        Kind::ShearY,
        Kind::TranslateX,
        Kind::TranslateY,
        Kind::Rotate,
        Kind::Brightness,
        Kind::Color,
        Kind::Contrast,
        Kind::Sharpness,
        Kind::Posterize,
        Kind::Solarize,
        Kind::AutoContrast,
        Kind::Equalize,
    ];

    /// Whether it has two directions.
    fn is_signed(self) -> bool {
        match self {
            Kind::ShearX
            | Kind::ShearY
            | Kind::TranslateX
            | Kind::TranslateY
            | Kind::Rotate
            | Kind::Brightness
            | Kind::Color
            | Kind::Contrast
            | Kind::Sharpness => true,
            Kind::Identity
            | Kind::Posterize
            | Kind::Solarize
            | Kind::AutoContrast
            | Kind::Equalize => false,
        }
    }

    /// With a magnitude, on pictures of a size; nothing where it changes nothing.
    pub fn of(self, magnitude: usize, is_negative: bool, extent: Extent) -> Option<Operation> {
        let share = magnitude as f64 / MOST as f64;
        let up_to = |most: f64| if is_negative { -most * share } else { most * share };
        // Pixels are whole, and torchvision cuts off.
        let pixels = |side: usize| up_to(150.0 / 331.0 * side as f64) as i32;
        Some(match self {
            Kind::Identity => return None,
            Kind::ShearX => Operation::Affine(Matrix::sheared(up_to(0.3), 0.0)),
            Kind::ShearY => Operation::Affine(Matrix::sheared(0.0, up_to(0.3))),
            Kind::TranslateX => Operation::Affine(Matrix::moved(pixels(extent.columns), 0)),
            Kind::TranslateY => Operation::Affine(Matrix::moved(0, pixels(extent.rows))),
            Kind::Rotate => Operation::Affine(Matrix::turned(up_to(30.0), extent)),
            Kind::Brightness => Operation::Brightness(1.0 + up_to(0.9)),
            Kind::Color => Operation::Saturation(1.0 + up_to(0.9)),
            Kind::Contrast => Operation::Contrast(1.0 + up_to(0.9)),
            Kind::Sharpness => Operation::Sharpness(1.0 + up_to(0.9)),
            Kind::Posterize => Operation::Posterize(8 - (4.0 * share).round_ties_even() as u32),
            Kind::Solarize => Operation::Solarize(255.0 * (1.0 - share)),
            Kind::AutoContrast => Operation::AutoContrast,
            Kind::Equalize => Operation::Equalize,
        })
    }
}

impl RandAugment {
    /// What is done to a picture of this size in an epoch, in order.
    pub fn draw(self, extent: Extent, key: (u32, u32, usize)) -> impl Iterator<Item = Operation> {
        let mut draws = Draws::of_picture(Purpose::RandAugment, key);
        (0..self.operations).filter_map(move |_| {
            let kind = Kind::ALL[draws.below(Kind::ALL.len())];
            let is_negative = kind.is_signed() && draws.coin();
            kind.of(self.magnitude, is_negative, extent)
        })
    }
}
