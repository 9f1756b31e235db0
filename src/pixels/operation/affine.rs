//! Shapes: each pixel is the nearest one to where a matrix leads, as `Image.transform` has it.

use super::Extent;

/// From a pixel's column x and row y to a place in the picture: a·x + b·y + c, d·x + e·y + f.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matrix(pub [f64; 6]);

/// Binary places of fixed point.
const PLACES: u32 = 16;

impl Matrix {
    /// A picture that is moved right and down.
    pub fn moved(right: i32, down: i32) -> Self {
        Self([1.0, 0.0, f64::from(-right), 0.0, 1.0, f64::from(-down)])
    }

    /// Rows that move right by a share of their number; and columns that move down.
    pub fn sheared(right: f64, down: f64) -> Self {
        // torchvision's shear is an angle, whose tangent is the share, about the upper left corner.
        let [x, y] = [right, down].map(|share| share.atan().to_degrees().to_radians());
        let (a, b) = (1.0, -x.tan());
        let (c, d) = (-y.tan(), y.tan() * x.tan() + 1.0);
        Self([d, -b, 0.0, -c, a, 0.0])
    }

    /// A picture that is turned about its middle, by degrees against the clock.
    pub fn turned(degrees: f64, extent: Extent) -> Self {
        let angle = -degrees.rem_euclid(360.0).to_radians();
        let rounded = |value: f64| (value * 1e15).round() / 1e15;
        let (cos, sin) = (rounded(angle.cos()), rounded(angle.sin()));
        let (x, y) = (extent.columns as f64 / 2.0, extent.rows as f64 / 2.0);
        let (c, f) = (cos * -x + sin * -y + x, -sin * -x + cos * -y + y);
        Self([cos, sin, c, -sin, cos, f])
    }

    /// Applies it to a picture.
    pub(super) fn apply(self, extent: Extent, picture: &mut [u8], scratch: &mut Vec<u8>) {
        let Extent { rows, columns, channels } = extent;
        let [a, b, c, d, e, f] = self.0;
        scratch.clear();
        scratch.extend_from_slice(picture);
        let mut put = |[x, y]: [usize; 2], from: Option<[usize; 2]>| {
            let out = &mut picture[(y * columns + x) * channels..][..channels];
            match from {
                Some([x, y]) => {
                    out.copy_from_slice(&scratch[(y * columns + x) * channels..][..channels]);
                }
                None => out.fill(0),
            }
        };
        let inside = |x: i64, y: i64| {
            let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
            (x < columns && y < rows).then_some([x, y])
        };
        if b == 0.0 && d == 0.0 {
            // Pillow adds up in floating point here, and truncates.
            let place = |at: f64| if at < 0.0 { -1 } else { at as i64 };
            let mut down = f + e * 0.5;
            for y in 0..rows {
                let mut right = c + a * 0.5;
                for x in 0..columns {
                    put([x, y], inside(place(right), place(down)));
                    right += a;
                }
                down += e;
            }
            return;
        }
        let fixed = |value: f64| (value * f64::from(1 << PLACES) + 0.5).floor() as i64;
        let steps = [a, b, d, e].map(fixed);
        let mut first = [fixed(c + a * 0.5 + b * 0.5), fixed(f + d * 0.5 + e * 0.5)];
        for y in 0..rows {
            let [mut right, mut down] = first;
            for x in 0..columns {
                put([x, y], inside(right >> PLACES, down >> PLACES));
                (right, down) = (right + steps[0], down + steps[2]);
            }
            first = [first[0] + steps[1], first[1] + steps[3]];
        }
    }
}
