//! Shapes and words on a page, which drawings and figures are made of, and the files they become.
//!
//! A [`Picture`] is data: what is where, in pixels of 1/96 inch, and in which role ([`Paint`]); a
//! [`Theme`] gives roles their colours. Words are measured by the font that PNG and PDF are drawn
//! with (Arimo, whose widths are Arial's and Liberation Sans's), so that what fits here fits in all
//! of them; SVG names these fonts and says how long each text is, for machines with other ones.

pub mod font;
#[cfg(feature = "cli")]
mod outline;
#[cfg(feature = "cli")]
pub mod pdf;
#[cfg(feature = "cli")]
pub mod png;
pub mod svg;
mod theme;

pub use font::Face;
pub use theme::{Paint, Theme};

/// A place: x to the right, y downwards.
pub type At = [f64; 2];

/// A page.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Width and height.
    pub size: At,
    /// What it shows, for those who do not see it.
    pub title: String,
    /// What is on it, what lies below first.
    pub shapes: Vec<Shape>,
}

/// Something on a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A rectangle.
    Rect {
        /// Upper left corner.
        at: At,
        /// Width and height.
        size: At,
        /// Radius of its corners.
        round: f64,
        /// Inside.
        fill: Option<Paint>,
        /// Its edge.
        stroke: Option<Stroke>,
    },
    /// A circle.
    Circle {
        /// Its middle.
        at: At,
        /// Its radius.
        radius: f64,
        /// Inside.
        fill: Option<Paint>,
        /// Its edge.
        stroke: Option<Stroke>,
    },
    /// A line through points.
    Line {
        /// Through which.
        points: Vec<At>,
        /// How.
        stroke: Stroke,
        /// Radius of its corners.
        bend: f64,
        /// Whether it ends in an arrow's tip.
        tip: bool,
    },
    /// A line of text.
    Text(Text),
}

/// A line's look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Its colour.
    pub paint: Paint,
    /// Its width.
    pub width: f64,
    /// Lengths of dashes and of gaps.
    pub dash: Option<[f64; 2]>,
}

impl Stroke {
    /// An unbroken line.
    pub fn new(paint: Paint, width: f64) -> Self {
        Self { paint, width, dash: None }
    }
}

/// Which of its points a text is placed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Where it begins.
    Start,
    /// Its middle.
    Middle,
    /// Where it ends.
    End,
}

/// A line of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Its anchor, on the line that letters stand on.
    pub at: At,
    /// Which of its points that is.
    pub anchor: Anchor,
    /// Degrees that it is turned by around the anchor, clockwise.
    pub turn: f64,
    /// What it says.
    pub words: String,
    /// In which face.
    pub face: Face,
    /// Size of the font.
    pub size: f64,
    /// Colour.
    pub paint: Paint,
}

impl Text {
    /// How long it is.
    pub fn width(&self) -> f64 {
        self.face.width(self.size, &self.words)
    }

    /// The place of its first letter, and how far it is turned.
    fn start(&self) -> At {
        let before = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => self.width() / 2.0,
            Anchor::End => self.width(),
        };
        let (sin, cos) = self.turn.to_radians().sin_cos();
        [self.at[0] - before * cos, self.at[1] - before * sin]
    }

    /// Upper left and lower right corner of the rectangle around it.
    pub fn bounds(&self) -> [At; 2] {
        let ([x, y], width) = (self.start(), self.width());
        let (sin, cos) = self.turn.to_radians().sin_cos();
        let corner =
            |along: f64, down: f64| [x + along * cos - down * sin, y + along * sin + down * cos];
        let (up, down) = (-font::ASCENT * self.size, font::DESCENT * self.size);
        let corners = [corner(0.0, up), corner(width, up), corner(0.0, down), corner(width, down)];
        let least = |k: usize| corners.iter().map(|c| c[k]).fold(f64::INFINITY, f64::min);
        let most = |k: usize| corners.iter().map(|c| c[k]).fold(f64::NEG_INFINITY, f64::max);
        [[least(0), least(1)], [most(0), most(1)]]
    }
}

impl Shape {
    /// The same elsewhere.
    pub fn moved(mut self, [dx, dy]: At) -> Self {
        let shift = |at: &mut At| *at = [at[0] + dx, at[1] + dy];
        match &mut self {
            Shape::Rect { at, .. } | Shape::Circle { at, .. } => shift(at),
            Shape::Line { points, .. } => points.iter_mut().for_each(shift),
            Shape::Text(text) => shift(&mut text.at),
        }
        self
    }
}

/// The three corners of an arrow's tip that ends at a place, and the place where its line ends.
fn tip(from: At, to: At) -> ([At; 3], At) {
    const LENGTH: f64 = 8.0;
    const HALF: f64 = 3.6;
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy).max(1e-9);
    let (ux, uy) = (dx / length, dy / length);
    let back = [to[0] - LENGTH * ux, to[1] - LENGTH * uy];
    let corners = [
        to,
        [back[0] - HALF * uy, back[1] + HALF * ux],
        [back[0] + HALF * uy, back[1] - HALF * ux],
    ];
    (corners, [back[0] + ux, back[1] + uy])
}

/// A line's points with each corner replaced by where its rounding begins, the corner, and where
/// it ends; the end moved back to make room for a tip.
fn bent(points: &[At], radius: f64, has_tip: bool) -> (At, Vec<Bend>, Option<[At; 3]>) {
    let [first, .., before_last, last] = points else {
        return match points {
            [from, to] => {
                let (corners, end) = tip(*from, *to);
                let end = if has_tip { end } else { *to };
                (*from, vec![Bend::Line(end)], has_tip.then_some(corners))
            }
            _ => (points.first().copied().unwrap_or_default(), Vec::new(), None),
        };
    };
    let mut steps = Vec::new();
    for triple in points.windows(3) {
        let [from, corner, to] = [triple[0], triple[1], triple[2]];
        if radius > 0.0 {
            steps.push(Bend::Line(near(corner, from, radius)));
            steps.push(Bend::Curve(corner, near(corner, to, radius)));
        } else {
            steps.push(Bend::Line(corner));
        }
    }
    let (corners, end) = tip(*before_last, *last);
    steps.push(Bend::Line(if has_tip { end } else { *last }));
    (*first, steps, has_tip.then_some(corners))
}

/// A step along a line with rounded corners.
enum Bend {
    /// Straight to a place.
    Line(At),
    /// By a quadratic curve with this control point.
    Curve(At, At),
}

/// The point on the way from a corner where its rounding ends.
fn near([x, y]: At, [to_x, to_y]: At, radius: f64) -> At {
    let length = (to_x - x).hypot(to_y - y).max(1e-9);
    let part = (radius / length).min(0.5);
    [x + (to_x - x) * part, y + (to_y - y) * part]
}

#[cfg(test)]
mod tests;
