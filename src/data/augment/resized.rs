//! Random resized crops (Szegedy et al. 2015): an area of a picture, stretched to the picture's size.
//! Drawn as torchvision's `RandomResizedCrop` does.

use serde::{Deserialize, Serialize};

use super::super::Extent;
use super::super::random::{Draws, Purpose};
use super::rectangle;
use crate::pixels::Area;

/// Which areas there are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResizedCrop {
    /// The least and the largest share of a picture.
    #[serde(default = "scale")]
    pub scale: [f64; 2],
    /// The least and the largest width over height.
    #[serde(default = "ratio")]
    pub ratio: [f64; 2],
}

// The values of torchvision.

fn scale() -> [f64; 2] {
    [0.08, 1.0]
}

fn ratio() -> [f64; 2] {
    [3.0 / 4.0, 4.0 / 3.0]
}

impl ResizedCrop {
    /// The area of a picture in an epoch.
    pub fn draw(&self, extent: Extent, key: (u32, u32, usize)) -> Area {
        let mut draws = Draws::of_picture(Purpose::Area, key);
        let shape = |[columns, rows]: [usize; 2]| {
            let fits = (1..=extent.rows).contains(&rows) && (1..=extent.columns).contains(&columns);
            fits.then_some([rows, columns])
        };
        let drawn = rectangle::draw(extent, [self.scale, self.ratio], &mut draws, shape);
        drawn.unwrap_or_else(|| self.middle(extent))
    }

    /// The largest area in the middle whose ratio is not out of range.
    pub fn middle(&self, Extent { rows, columns, .. }: Extent) -> Area {
        let [low, high] = self.ratio;
        let of = columns as f64 / rows as f64;
        let rounded = |side: f64| (side.round_ties_even() as usize).max(1);
        let (wide, tall) = match of {
            of if of < low => (columns, rounded(columns as f64 / low).min(rows)),
            of if of > high => (rounded(rows as f64 * high).min(columns), rows),
            _ => (columns, rows),
        };
        let (top, left) = ((rows - tall) / 2, (columns - wide) / 2);
        Area { rows: top..top + tall, columns: left..left + wide }
    }
}
