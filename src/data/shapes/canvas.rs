//! A 32 × 32 RGB picture in the making, with anti-aliased drawing.

use crate::data::random::Draws;

/// Rows and columns.
pub const SIDE: usize = 32;

/// Red, green and blue, 0 to 1.
pub type Colour = [f32; 3];

/// A picture in the making; colours may leave 0–1 and are cut off at the end.
pub struct Canvas {
    pixels: [Colour; SIDE * SIDE],
}

impl Canvas {
    /// A background that changes steadily: `base` in the middle, `slope` per side and axis.
    pub fn shaded(base: Colour, slope: [Colour; 2]) -> Self {
        let mut pixels = [base; SIDE * SIDE];
        for (k, pixel) in pixels.iter_mut().enumerate() {
            let place = [k % SIDE, k / SIDE].map(|at| (at as f32 + 0.5) / SIDE as f32 - 0.5);
            for (channel, value) in pixel.iter_mut().enumerate() {
                *value += place[0] * slope[0][channel] + place[1] * slope[1][channel];
            }
        }
        Self { pixels }
    }

    /// Lays a colour over the pixels within `reach` of a centre, as far as `distance` (of pixel
    /// centres, in pixels) says they are inside.
    pub fn cover(
        &mut self,
        centre: [f32; 2],
        reach: f32,
        colour: Colour,
        distance: impl Fn([f32; 2]) -> f32,
    ) {
        let [columns, rows] = centre.map(|at| {
            let first = (at - reach - 1.0).max(0.0) as usize;
            first..((at + reach + 2.0).max(0.0) as usize).min(SIDE)
        });
        for row in rows {
            for column in columns.clone() {
                let at = [column as f32 + 0.5, row as f32 + 0.5];
                let cover = (0.5 - distance(at)).clamp(0.0, 1.0);
                if cover > 0.0 {
                    for (value, new) in self.pixels[row * SIDE + column].iter_mut().zip(colour) {
                        *value += cover * (new - *value);
                    }
                }
            }
        }
    }

    /// Adds noise of a standard deviation and writes bytes.
    pub fn finish(&self, noise: f32, draws: &mut Draws, bytes: &mut [u8]) {
        // Four uniform bytes have a sum with mean 510 and deviation 147.8, close to normal.
        let scale = noise * 255.0 / 147.8;
        for (value, byte) in self.pixels.as_flattened().iter().zip(bytes) {
            let bits = draws.bits();
            let sum = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24);
            // The cast cuts off at 0 and 255.
            *byte = (value * 255.0 + (sum as f32 - 510.0) * scale + 0.5) as u8;
        }
    }
}
