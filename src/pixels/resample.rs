//! Areas of pictures made larger and smaller, as Pillow does: a triangle as wide as the reduction, so
//! that nothing is skipped, in fixed point, columns first.

use std::ops::Range;

use super::Extent;

/// Binary places of weights.
const PLACES: u32 = 22;

/// A rectangle of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Rows.
    pub rows: Range<usize>,
    /// Columns.
    pub columns: Range<usize>,
}

impl Area {
    /// Writes the area of a picture as another one, in the size of the whole picture.
    pub fn stretched(&self, extent: Extent, from: &[u8], to: &mut [u8]) {
        let Extent { rows, columns, channels } = extent;
        let (wide, high) = (self.columns.len(), self.rows.len());
        let across = weights(wide, columns);
        let mut middle = vec![0; high * columns * channels];
        for (row, out) in self.rows.clone().zip(middle.chunks_exact_mut(columns * channels)) {
            let first = (row * columns + self.columns.start) * channels;
            let line = &from[first..first + wide * channels];
            for (of, out) in across.iter().zip(out.chunks_exact_mut(channels)) {
                for (channel, value) in out.iter_mut().enumerate() {
                    *value = of.sum(|at| line[at * channels + channel]);
                }
            }
        }
        let line = columns * channels;
        for (of, out) in weights(high, rows).iter().zip(to.chunks_exact_mut(line)) {
            for (place, value) in out.iter_mut().enumerate() {
                *value = of.sum(|at| middle[at * line + place]);
            }
        }
    }
}

/// What neighbouring pixels count for one of the result.
struct Weights {
    first: usize,
    each: Vec<i32>,
}

impl Weights {
    fn sum(&self, pixel: impl Fn(usize) -> u8) -> u8 {
        let half = 1 << (PLACES - 1);
        let each = self.each.iter().zip(self.first..);
        let sum = each.fold(half, |sum, (weight, at)| sum + weight * i32::from(pixel(at)));
        (sum >> PLACES).clamp(0, 255) as u8
    }
}

/// Of `from` pixels for each of `to`.
fn weights(from: usize, to: usize) -> Vec<Weights> {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    let one = |at: usize| {
        let middle = (at as f64 + 0.5) * scale;
        let first = (middle - reach + 0.5).max(0.0) as usize;
        let end = ((middle + reach + 0.5) as usize).min(from);
        let weight = |at: usize| {
            let away = ((at as f64 - middle + 0.5) / reach).abs();
            (1.0 - away).max(0.0)
        };
        let each: Vec<f64> = (first..end).map(weight).collect();
        let sum: f64 = each.iter().sum();
        let fixed = |weight: &f64| (weight / sum * f64::from(1 << PLACES) + 0.5) as i32;
        Weights { first, each: each.iter().map(fixed).collect() }
    };
    (0..to).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_stretched_as_pillow_does() {
        let golden = include_str!("../../tests/goldens/augment.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let numbers = |list: &serde_json::Value| -> Vec<usize> {
            list.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
        };
        for case in golden["stretched"].as_array().unwrap() {
            let extent = numbers(&case["extent"]);
            let extent = Extent { rows: extent[0], columns: extent[1], channels: extent[2] };
            let from: Vec<u8> =
                (0..extent.bytes()).map(|k| (k * k * 7 % 251 + k % 5) as u8).collect();
            let [top, left, high, wide] = numbers(&case["area"])[..] else { panic!() };
            let area = Area { rows: top..top + high, columns: left..left + wide };
            let mut to = vec![0; extent.bytes()];
            area.stretched(extent, &from, &mut to);
            let expected: Vec<u8> = numbers(&case["to"]).iter().map(|&n| n as u8).collect();
            assert_eq!(to, expected, "{}", case["area"]);
        }
    }

    #[test]
    fn the_whole_picture_is_itself() {
        let extent = Extent { rows: 5, columns: 7, channels: 3 };
        let from: Vec<u8> = (0..105).map(|k| (k * 37 % 256) as u8).collect();
        let mut to = vec![0; 105];
        Area { rows: 0..5, columns: 0..7 }.stretched(extent, &from, &mut to);
        assert_eq!(to, from);
    }
}
