//! Random erasing (Zhong et al. 2017): a rectangle of zeros, after standardisation, which are the
//! mean colour. Drawn as torchvision's `RandomErasing` does.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::super::Extent;
use super::super::random::Draws;
use super::rectangle;
use crate::pixels::{Area, Hole};

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

impl Erasing {
    /// The rectangle of a picture, which may be none.
    pub fn draw(&self, extent: Extent, draws: &mut Draws) -> Hole {
        if f64::from(draws.uniform()) >= self.probability {
            return Hole::default();
        }
        let shape = |[rows, columns]: [usize; 2]| {
            (rows < extent.rows && columns < extent.columns).then_some([rows, columns])
        };
        let drawn = rectangle::draw(extent, [self.area, self.ratio], draws, shape);
        let ends = |span: Range<usize>| [span.start as u32, span.end as u32];
        drawn.map_or(Hole::default(), |Area { rows, columns }| Hole {
            rows: ends(rows),
            columns: ends(columns),
        })
    }
}
