//! Views of pictures that are classified.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::data::views::Views;

impl ValueEnum for Views {
    fn value_variants<'a>() -> &'a [Self] {
        &Views::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Views::One => "The picture as it is",
            Views::Flip => "The picture and its mirror image",
            Views::Translate => "Both, also moved by a pixel up and left, and down and right",
            Views::TenCrop => {
                "The middle and the corners in the border of training, and their mirror images"
            }
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}
