//! Random erasing (Zhong et al. 2017): a rectangle of zeros, after standardisation, which are the
//! mean colour. Drawn as torchvision's `RandomErasing` does.

use serde::{Deserialize, Serialize};

use super::super::Extent;
use super::super::random::Draws;
use crate::pixels::Hole;

/// How large, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasing {
    /// Of how many pictures.
    #[serde(default = "half")]
    pub probability: f64,
    /// The least and the largest share of a picture.
    #[serde(default = "area")]
    pub area: [f64; 2],
    /// The least and the largest height over width.
    #[serde(default = "ratio")]
    pub ratio: [f64; 2],
}

// The values of the paper, section 4.

fn half() -> f64 {
    0.5
}

fn area() -> [f64; 2] {
    [0.02, 0.4]
}

fn ratio() -> [f64; 2] {
    [0.3, 1.0 / 0.3]
}

/// How often a rectangle that does not fit is drawn anew.
const TRIES: usize = 10;

impl Erasing {
    /// The rectangle of a picture, which may be none.
    pub fn draw(&self, extent: Extent, draws: &mut Draws) -> Hole {
        if f64::from(draws.uniform()) >= self.probability {
            return Hole::default();
        }
        for _ in 0..TRIES {
            let between = |[low, high]: [f64; 2], at: f32| low + (high - low) * f64::from(at);
            let share = between(self.area, draws.uniform());
            let ratio = between(self.ratio.map(f64::ln), draws.uniform()).exp();
            let [rows, columns] = sides(extent, share, ratio);
            if rows < extent.rows && columns < extent.columns {
                let mut span = |side: usize, len: usize| {
                    let first = draws.below(side - len + 1);
                    [first as u32, (first + len) as u32]
                };
                return Hole {
                    rows: span(extent.rows, rows),
                    columns: span(extent.columns, columns),
                };
            }
        }
        Hole::default()
    }
}

/// Rows and columns of a rectangle that has a share of a picture, and a ratio of height and width.
pub fn sides(extent: Extent, share: f64, ratio: f64) -> [usize; 2] {
    let area = share * (extent.rows * extent.columns) as f64;
    // Python rounds halves to even.
    [(area * ratio).sqrt(), (area / ratio).sqrt()].map(|side| side.round_ties_even() as usize)
}
