//! Random rectangles of pictures, as torchvision draws them.

use super::super::Extent;
use super::super::random::Draws;
use crate::pixels::Area;

/// How often a rectangle that does not fit is drawn anew.
const TRIES: usize = 10;

/// A rectangle whose share of a picture, and whose ratio of sides, lie between two numbers each. `shape`
/// is given [`sides`], and says which are its rows and columns; nothing where they do not fit.
pub fn draw(
    extent: Extent,
    [share, ratio]: [[f64; 2]; 2],
    draws: &mut Draws,
    shape: impl Fn([usize; 2]) -> Option<[usize; 2]>,
) -> Option<Area> {
    let between = |[low, high]: [f64; 2], at: f32| low + (high - low) * f64::from(at);
    for _ in 0..TRIES {
        let share = between(share, draws.uniform());
        // As likely below 1 as above.
        let ratio = between(ratio.map(f64::ln), draws.uniform()).exp();
        let Some([rows, columns]) = shape(sides(extent, share, ratio)) else { continue };
        return Some(anywhere(extent, [rows, columns], draws));
    }
    None
}

/// A rectangle of so many rows and columns, each place as likely; it must fit.
pub fn anywhere(extent: Extent, [rows, columns]: [usize; 2], draws: &mut Draws) -> Area {
    let mut span = |side: usize, len: usize| {
        let first = draws.below(side - len + 1);
        first..first + len
    };
    Area { rows: span(extent.rows, rows), columns: span(extent.columns, columns) }
}

/// Sides of a rectangle that has a share of a picture: the first is the ratio times the second.
pub fn sides(extent: Extent, share: f64, ratio: f64) -> [usize; 2] {
    let area = share * (extent.rows * extent.columns) as f64;
    // Python rounds halves to even.
    [(area * ratio).sqrt(), (area / ratio).sqrt()].map(|side| side.round_ties_even() as usize)
}
