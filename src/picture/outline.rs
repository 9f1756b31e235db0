//! Shapes as outlines: straight lines and cubic curves.

use super::{At, Bend, Shape, Stroke, bent};
use crate::picture::Paint;

/// A step of an outline.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Begin here.
    Move(At),
    /// Straight.
    Line(At),
    /// By a cubic curve with two control points.
    Cubic(At, At, At),
    /// Back to the beginning.
    Close,
}

/// An outline that is filled, then drawn.
pub struct Outline {
    /// Along what.
    pub steps: Vec<Step>,
    /// Inside.
    pub fill: Option<Paint>,
    /// Its edge.
    pub stroke: Option<Stroke>,
}

/// Of a quarter of a circle: how far control points stand from its ends.
const QUARTER: f64 = 0.552_284_75;

/// The outlines of a shape that is no text.
pub fn outlines(shape: &Shape) -> Vec<Outline> {
    match shape {
        Shape::Rect { at, size, round, fill, stroke } => {
            vec![Outline { steps: rect(*at, *size, *round), fill: *fill, stroke: *stroke }]
        }
        Shape::Circle { at: [x, y], radius, fill, stroke } => {
            let steps = rect([x - radius, y - radius], [2.0 * radius; 2], *radius);
            vec![Outline { steps, fill: *fill, stroke: *stroke }]
        }
        Shape::Line { points, stroke, bend, tip } => line(points, *stroke, *bend, *tip),
        Shape::Text(_) => Vec::new(),
    }
}

fn line(points: &[At], stroke: Stroke, bend: f64, tip: bool) -> Vec<Outline> {
    let (first, bends, tip) = bent(points, bend, tip);
    let (mut steps, mut at) = (vec![Step::Move(first)], first);
    for bend in bends {
        at = match bend {
            Bend::Line(to) => {
                steps.push(Step::Line(to));
                to
            }
            Bend::Curve(control, to) => {
                // A quadratic curve as a cubic one.
                let toward =
                    |from: At| [0, 1].map(|k| from[k] + (control[k] - from[k]) * 2.0 / 3.0);
                steps.push(Step::Cubic(toward(at), toward(to), to));
                to
            }
        };
    }
    let mut found = vec![Outline { steps, fill: None, stroke: Some(stroke) }];
    if let Some([a, b, c]) = tip {
        let steps = vec![Step::Move(a), Step::Line(b), Step::Line(c), Step::Close];
        found.push(Outline { steps, fill: Some(stroke.paint), stroke: None });
    }
    found
}

fn rect([x, y]: At, [width, height]: At, round: f64) -> Vec<Step> {
    let (right, bottom) = (x + width, y + height);
    if round == 0.0 {
        let corners = [[right, y], [right, bottom], [x, bottom]].map(Step::Line);
        return [Step::Move([x, y])].into_iter().chain(corners).chain([Step::Close]).collect();
    }
    let (r, k) = (round, round * (1.0 - QUARTER));
    vec![
        Step::Move([x + r, y]),
        Step::Line([right - r, y]),
        Step::Cubic([right - k, y], [right, y + k], [right, y + r]),
        Step::Line([right, bottom - r]),
        Step::Cubic([right, bottom - k], [right - k, bottom], [right - r, bottom]),
        Step::Line([x + r, bottom]),
        Step::Cubic([x + k, bottom], [x, bottom - k], [x, bottom - r]),
        Step::Line([x, y + r]),
        Step::Cubic([x, y + k], [x + k, y], [x + r, y]),
        Step::Close,
    ]
}
