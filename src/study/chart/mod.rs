//! Figures as papers print them, in SVG: a few panels side by side, linear or logarithmic axes,
//! lines, dots and boxes.
//!
//! Written by hand rather than with a plotting crate: three marks and an axis are all that the
//! studies draw, and text stays text.

mod axis;
mod svg;

pub use axis::{Axis, Scale};
pub use svg::svg;

use super::quantiles::Five;

/// A panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Above it.
    pub title: String,
    /// Along the bottom.
    pub x: Axis,
    /// Along the left side.
    pub y: Axis,
    /// What is drawn, in order.
    pub marks: Vec<Mark>,
}

/// Something drawn in a panel. Points that are not finite, or not positive on a logarithmic
/// axis, are left out.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// Points joined by a line.
    Line {
        /// x and y.
        points: Vec<[f64; 2]>,
        /// How it looks.
        stroke: Stroke,
        /// In the legend, unless empty.
        label: String,
    },
    /// Points.
    Dots {
        /// x and y.
        points: Vec<[f64; 2]>,
        /// Which colour.
        colour: usize,
        /// In the legend, unless empty.
        label: String,
    },
    /// A box plot: quartiles as the box, the median in it, whiskers to the extremes.
    Box {
        /// Where.
        x: f64,
        /// Width, in units of x.
        width: f64,
        /// The sample.
        five: Five,
    },
    /// A dashed line across the panel.
    Level {
        /// Where.
        y: f64,
        /// In the legend.
        label: String,
    },
}

/// A line's look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// Which colour.
    pub colour: usize,
    /// Whether it is dashed.
    pub dashed: bool,
}

impl Stroke {
    /// An unbroken line.
    pub fn solid(colour: usize) -> Self {
        Self { colour, dashed: false }
    }

    /// A dashed line.
    pub fn dashed(colour: usize) -> Self {
        Self { colour, dashed: true }
    }
}

impl Mark {
    /// What an axis has to cover.
    fn points(&self) -> Vec<[f64; 2]> {
        match self {
            Mark::Line { points, .. } | Mark::Dots { points, .. } => points.clone(),
            Mark::Box { x, width, five } => {
                vec![[x - width, five.min], [x + width, five.max]]
            }
            Mark::Level { y, .. } => vec![[f64::NAN, *y]],
        }
    }
}

#[cfg(test)]
mod tests;
