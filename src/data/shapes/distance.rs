//! Signed distances to the shapes: negative inside, in the shape's own units (it about fills the
//! unit circle).

/// A class of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A filled circle.
    Circle,
    /// A circle's outline.
    Ring,
    /// A filled square.
    Square,
    /// A square's outline.
    Frame,
    /// An equilateral triangle.
    Triangle,
    /// A plus sign.
    Cross,
    /// A star with five points.
    Star,
    /// Half of a filled circle.
    HalfDisc,
    /// Two parallel bars.
    Bars,
    /// Two bars that meet in a right angle: an L.
    Corner,
}

impl Shape {
    /// By label.
    pub const ALL: [Shape; 10] = [
        Shape::Circle,
        Shape::Ring,
        Shape::Square,
        Shape::Frame,
        Shape::Triangle,
        Shape::Cross,
        Shape::Star,
        Shape::HalfDisc,
        Shape::Bars,
        Shape::Corner,
    ];

    /// Signed distance of a point; exact inside and near the outline.
    pub fn distance(self, [x, y]: [f32; 2]) -> f32 {
        match self {
            Shape::Circle => x.hypot(y) - 0.85,
            Shape::Ring => (x.hypot(y) - 0.72).abs() - 0.17,
            Shape::Square => rectangle(x, y, 0.75, 0.75),
            Shape::Frame => rectangle(x, y, 0.65, 0.65).abs() - 0.15,
            Shape::Triangle => triangle(x, y),
            Shape::Cross => rectangle(x, y, 0.95, 0.27).min(rectangle(x, y, 0.27, 0.95)),
            Shape::Star => star(x, y),
            Shape::HalfDisc => (x.hypot(y - 0.4) - 0.95).max(y - 0.4),
            Shape::Bars => rectangle(x, y.abs() - 0.5, 0.85, 0.24),
            Shape::Corner => {
                rectangle(x + 0.5, y, 0.24, 0.85).min(rectangle(x, y - 0.6, 0.74, 0.25))
            }
        }
    }
}

/// A rectangle around the origin with these half sides.
fn rectangle(x: f32, y: f32, half_width: f32, half_height: f32) -> f32 {
    let (dx, dy) = (x.abs() - half_width, y.abs() - half_height);
    if dx > 0.0 && dy > 0.0 { dx.hypot(dy) } else { dx.max(dy) }
}

/// An equilateral triangle as three half planes at distance 1/2.
fn triangle(x: f32, y: f32) -> f32 {
    const SIN_60: f32 = 0.866_025_4;
    y.max(SIN_60 * x.abs() - 0.5 * y) - 0.5
}

/// A five-pointed star of radius 1: folded onto one half of one point, then one edge.
fn star(x: f32, y: f32) -> f32 {
    // cos and sin of 36°.
    const C: f32 = 0.809_017;
    const S: f32 = 0.587_785_25;
    // Where the edge from a tip meets the next one.
    const INNER: f32 = 0.45;
    let (mut x, mut y) = (x.abs(), y);
    let fold = 2.0 * (C * x - S * y).max(0.0);
    (x, y) = (x - fold * C, y + fold * S);
    let fold = 2.0 * (-C * x - S * y).max(0.0);
    (x, y) = (x + fold * C, y + fold * S);
    (x, y) = (x.abs(), y - 1.0);
    let edge = [INNER * S, INNER * C - 1.0];
    let along = (x * edge[0] + y * edge[1]) / (edge[0] * edge[0] + edge[1] * edge[1]);
    let along = along.clamp(0.0, 1.0);
    let length = (x - edge[0] * along).hypot(y - edge[1] * along);
    if y * edge[0] > x * edge[1] { length } else { -length }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Area inside, by counting points of a fine grid.
    fn area(shape: Shape) -> f64 {
        let n = 800;
        let at = |k: usize| (k as f32 + 0.5) / n as f32 * 3.0 - 1.5;
        let inside = (0..n * n).filter(|k| shape.distance([at(k % n), at(k / n)]) < 0.0).count();
        inside as f64 * 9.0 / (n * n) as f64
    }

    #[test]
    fn areas_are_those_of_the_figures() {
        use std::f64::consts::PI;
        let tip_to_centre = 1.0;
        let star = 10.0 * 0.5 * tip_to_centre * 0.45 * (PI / 5.0).sin();
        let expected = [
            PI * 0.85 * 0.85,
            PI * (0.89 * 0.89 - 0.55 * 0.55),
            1.5 * 1.5,
            // The outline's outer corners are round.
            1.6 * 1.6 - (4.0 - PI) * 0.15 * 0.15 - 1.0,
            3.0 * 3f64.sqrt() * 0.25,
            2.0 * 1.9 * 0.54 - 0.54 * 0.54,
            star,
            PI * 0.95 * 0.95 / 2.0,
            2.0 * 1.7 * 0.48,
            0.48 * 1.7 + 1.48 * 0.5 - 0.48 * 0.5,
        ];
        for (shape, expected) in Shape::ALL.into_iter().zip(expected) {
            let found = area(shape);
            assert!((found - expected).abs() < 0.02, "{shape:?}: {found} against {expected}");
        }
    }

    #[test]
    fn the_distance_has_slope_one_at_the_outline() {
        let step = 1e-2;
        for shape in Shape::ALL {
            let (mut near, mut even) = (0, 0);
            for k in 0..300 * 300 {
                let [x, y] = [k % 300, k / 300].map(|at| (at as f32 + 0.5) / 100.0 - 1.5);
                if shape.distance([x, y]).abs() < 0.05 {
                    let dx = shape.distance([x + step, y]) - shape.distance([x - step, y]);
                    let dy = shape.distance([x, y + step]) - shape.distance([x, y - step]);
                    near += 1;
                    even += u32::from((dx.hypot(dy) / (2.0 * step) - 1.0).abs() < 0.03);
                }
            }
            // Corners are where it may be otherwise.
            assert!(even * 10 > near * 8, "{shape:?}: {even} of {near}");
        }
    }
}
