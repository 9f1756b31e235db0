//! What drawings are put together from: boxes with words in them, signs in circles, wires, notes.

use super::wires::Side;
use crate::network::BinaryOp;
use crate::picture::{Anchor, At, Face, Paint, Shape, Stroke, Text};

/// Size of the font.
pub const FONT: f64 = 13.0;
/// Height of a box.
pub const HEIGHT: f64 = 26.0;
/// Radius of a circle with a sign.
pub const RADIUS: f64 = 11.0;
/// Between words and the sides of their box.
pub const PAD: f64 = 10.0;
/// From the middle of a box down to the line its letters stand on.
const BASE: f64 = 4.5;

/// Shapes on a rectangle that begins at [0, 0].
pub struct Block {
    /// Width and height.
    pub size: At,
    /// Inside it.
    pub shapes: Vec<Shape>,
}

/// A line of text.
pub fn text(at: At, anchor: Anchor, face: Face, paint: Paint, words: &str) -> Shape {
    Shape::Text(line(at, anchor, face, paint, words))
}

/// The same, before it is a shape.
pub fn line(at: At, anchor: Anchor, face: Face, paint: Paint, words: &str) -> Text {
    Text { at, anchor, turn: 0.0, words: words.to_owned(), face, size: FONT, paint }
}

/// How wide a box is that a text fits into.
pub fn box_width(words: &str) -> f64 {
    Face::Regular.width(FONT, words) + 2.0 * PAD
}

/// A box.
pub fn boxed(at: At, width: f64, fill: Paint) -> Shape {
    let stroke = Some(Stroke::new(Paint::Edge, 1.0));
    Shape::Rect { at, size: [width, HEIGHT], round: 5.0, fill: Some(fill), stroke }
}

/// A box with words in its middle.
pub fn labelled(at: At, width: f64, fill: Paint, words: &str) -> [Shape; 2] {
    let middle = [at[0] + width / 2.0, at[1] + HEIGHT / 2.0 + BASE];
    [boxed(at, width, fill), text(middle, Anchor::Middle, Face::Regular, Paint::Ink, words)]
}

/// A box with words at both its ends.
pub fn two_ended(at: At, width: f64, fill: Paint, [left, right]: [&str; 2]) -> [Shape; 3] {
    let y = at[1] + HEIGHT / 2.0 + BASE;
    let (from, to) = ([at[0] + PAD, y], [at[0] + width - PAD, y]);
    [
        boxed(at, width, fill),
        text(from, Anchor::Start, Face::Regular, Paint::Ink, left),
        text(to, Anchor::End, Face::Regular, Paint::Muted, right),
    ]
}

/// ⊕, ⊖, ⊗ or ⊘ around a place.
pub fn sign([x, y]: At, op: BinaryOp) -> Vec<Shape> {
    const ARM: f64 = 5.5;
    let edge = Some(Stroke::new(Paint::Edge, 1.0));
    let circle = Shape::Circle { at: [x, y], radius: RADIUS, fill: Some(Paint::Sum), stroke: edge };
    let stroke = Stroke::new(Paint::Ink, 1.4);
    let arm = |dx: f64, dy: f64| Shape::Line {
        points: vec![[x - dx, y - dy], [x + dx, y + dy]],
        stroke,
        bend: 0.0,
        tip: false,
    };
    let slant = ARM * std::f64::consts::FRAC_1_SQRT_2;
    let arms = match op {
        BinaryOp::Add => vec![arm(ARM, 0.0), arm(0.0, ARM)],
        BinaryOp::Sub => vec![arm(ARM, 0.0)],
        BinaryOp::Mul => vec![arm(slant, slant), arm(slant, -slant)],
        BinaryOp::Div => vec![arm(slant, -slant)],
        // These have words in boxes.
        BinaryOp::Max | BinaryOp::Min => Vec::new(),
    };
    [circle].into_iter().chain(arms).collect()
}

/// A wire along corners, which are rounded, with an arrow's tip.
pub fn wire(points: Vec<At>) -> Shape {
    Shape::Line { points, stroke: Stroke::new(Paint::Edge, 1.3), bend: 5.0, tip: true }
}

/// A name beside a box or a circle, at a place on the line it stands on.
pub fn note(at: At, words: &str) -> Text {
    line(at, Anchor::Start, Face::Italic, Paint::Muted, words)
}

/// Which operands wires bring, beside their tips at a side of a box or at the top. At a side below the line:
/// wires come from above, where a name may stand too.
pub fn place([x, y]: At, side: Option<Side>, words: &str) -> Shape {
    const SMALL: f64 = 9.0;
    let (at, anchor) = match side {
        None => ([x + 5.0, y - 4.0], Anchor::Start),
        Some(Side::Left) => ([x - 3.0, y + 13.0], Anchor::End),
        Some(Side::Right) => ([x + 3.0, y + 13.0], Anchor::Start),
    };
    Shape::Text(Text { size: SMALL, ..line(at, anchor, Face::Regular, Paint::Muted, words) })
}
