//! Figures as papers print them: panels side by side, linear or logarithmic axes, one or two vertical
//! ones, lines, dots and boxes. Reports and studies draw with it.
//!
//! Written by hand rather than with a plotting crate: three marks and an axis are all that is
//! drawn, and text stays text. The legend stands below its panel, so that it crosses nothing.

mod axis;
mod legend;
pub mod quantiles;
mod svg;

pub use axis::{Axis, Fitted, Scale};
pub use svg::{fitting, picture, svg};

use crate::chart::quantiles::Five;

/// Size of a panel's frame, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Across.
    pub width: f64,
    /// Down.
    pub height: f64,
}

impl Size {
    /// Of a panel that stands beside others.
    pub const PANEL: Size = Size { width: 420.0, height: 280.0 };
    /// Of a panel that fills a page.
    pub const PAGE: Size = Size { width: 632.0, height: 316.0 };
}

/// A panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Above it, unless empty.
    pub title: String,
    /// Along the bottom.
    pub x: Axis,
    /// Along the left side.
    pub y: Axis,
    /// Along the right side, for the lines that are on it.
    pub right: Option<Axis>,
    /// What is drawn, in order.
    pub marks: Vec<Mark>,
}

/// To which vertical axis something belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

/// Something drawn in a panel. Points that are not finite, or not positive on a logarithmic
/// axis, have no place: a line is broken there.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// Points joined by a line.
    Line {
        /// x and y.
        points: Vec<[f64; 2]>,
        /// How it looks.
        stroke: Stroke,
        /// Its axis.
        side: Side,
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
        /// Whether they are rings.
        hollow: bool,
    },
    /// A box plot: quartiles as the box, the median in it, whiskers to the extremes.
    Box {
        /// Where.
        x: f64,
        /// Width, in units of x.
        width: f64,
        /// The sample.
        five: Five,
        /// Which colour, where there are several runs.
        colour: Option<usize>,
        /// In the legend, unless empty.
        label: String,
    },
    /// A dashed line across the panel.
    Level {
        /// Where.
        y: f64,
        /// Which colour; none for a grey one.
        colour: Option<usize>,
        /// In the legend.
        label: String,
    },
}

/// A line's look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// Which colour, round and round.
    pub colour: usize,
    /// Whether it is broken.
    pub dash: Dash,
}

/// How a line is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dash {
    /// Not at all.
    Solid,
    /// In dashes.
    Dashed,
    /// In dots.
    Dotted,
}

impl Stroke {
    /// An unbroken line.
    pub fn solid(colour: usize) -> Self {
        Self { colour, dash: Dash::Solid }
    }

    /// A dashed line.
    pub fn dashed(colour: usize) -> Self {
        Self { colour, dash: Dash::Dashed }
    }

    /// A dotted line.
    pub fn dotted(colour: usize) -> Self {
        Self { colour, dash: Dash::Dotted }
    }
}

impl Mark {
    /// A line on the left axis; a point without a value is a gap.
    pub fn line(label: &str, stroke: Stroke, points: Vec<[f64; 2]>) -> Self {
        Mark::Line { points, stroke, side: Side::Left, label: label.into() }
    }

    /// Its vertical axis.
    fn side(&self) -> Side {
        match self {
            Mark::Line { side, .. } => *side,
            Mark::Dots { .. } | Mark::Box { .. } | Mark::Level { .. } => Side::Left,
        }
    }

    /// What an axis has to cover.
    fn points(&self) -> Vec<[f64; 2]> {
        match self {
            Mark::Line { points, .. } | Mark::Dots { points, .. } => points.clone(),
            Mark::Box { x, width, five, .. } => {
                vec![[x - width, five.min], [x + width, five.max]]
            }
            Mark::Level { y, .. } => vec![[f64::NAN, *y]],
        }
    }
}

#[cfg(test)]
mod tests;
