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

/// What is wanted of a picture in another size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns of the whole of it.
    pub size: [usize; 2],
    /// What is wanted.
    pub area: Area,
}

impl Window {
    /// All of it.
    pub fn whole(size @ [rows, columns]: [usize; 2]) -> Self {
        Self { size, area: Area { rows: 0..rows, columns: 0..columns } }
    }
}

impl Area {
    /// All of a picture.
    pub fn whole(of: Extent) -> Self {
        Self { rows: 0..of.rows, columns: 0..of.columns }
    }

    /// The middle of a picture; where it is not quite in the middle, as torchvision's `CenterCrop` has it.
    pub fn middle(of: Extent, size: Extent) -> Self {
        let span = |of: usize, len: usize| {
            let first = centred(of, len);
            first..first + len
        };
        Self { rows: span(of.rows, size.rows), columns: span(of.columns, size.columns) }
    }

    /// Writes the area of a picture in a size.
    pub fn show(&self, of: Extent, from: &[u8], size: Extent, to: &mut [u8]) {
        let whole = [size.rows, size.columns];
        match whole == [self.rows.len(), self.columns.len()] {
            true => self.cut(of, from, to),
            false => self.scaled(of, from, &Window::whole(whole), to),
        }
    }

    /// Writes the area of a picture, as large as it is.
    pub fn cut(&self, extent: Extent, from: &[u8], to: &mut [u8]) {
        let line = self.columns.len() * extent.channels;
        for (row, out) in self.rows.clone().zip(to.chunks_exact_mut(line)) {
            let first = (row * extent.columns + self.columns.start) * extent.channels;
            out.copy_from_slice(&from[first..first + line]);
        }
    }

    /// Writes what is wanted of the area of a picture in another size.
    pub fn scaled(&self, extent: Extent, from: &[u8], window: &Window, to: &mut [u8]) {
        let Extent { columns, channels, .. } = extent;
        let (wide, high) = (self.columns.len(), self.rows.len());
        let across = weights(wide, window.size[1], window.area.columns.clone());
        let down = weights(high, window.size[0], window.area.rows.clone());
        // Rows of the area that count.
        let first = down.first().map_or(0, |of| of.first);
        let end = down.last().map_or(0, |of| of.first + of.each.len());
        let line = across.len() * channels;
        let mut middle = vec![0; (end - first) * line];
        for (row, out) in (first..end).zip(middle.chunks_exact_mut(line)) {
            let at = ((self.rows.start + row) * columns + self.columns.start) * channels;
            let row = &from[at..at + wide * channels];
            for (of, out) in across.iter().zip(out.chunks_exact_mut(channels)) {
                for (channel, value) in out.iter_mut().enumerate() {
                    *value = of.sum(|at| row[at * channels + channel]);
                }
            }
        }
        for (of, out) in down.iter().zip(to.chunks_exact_mut(line)) {
            for (place, value) in out.iter_mut().enumerate() {
                *value = of.sum(|at| middle[(at - first) * line + place]);
            }
        }
    }
}

/// Where a shorter side begins that is in the middle of a longer one: halves go to the even number, as
/// Python rounds.
pub fn centred(of: usize, len: usize) -> usize {
    ((of.saturating_sub(len)) as f64 / 2.0).round_ties_even() as usize
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

/// Of `from` pixels for some of `to`.
fn weights(from: usize, to: usize, wanted: Range<usize>) -> Vec<Weights> {
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
    wanted.map(one).collect()
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
            let whole = Window::whole(extent.sides());
            area.scaled(extent, &from, &whole, &mut to);
            let expected: Vec<u8> = numbers(&case["to"]).iter().map(|&n| n as u8).collect();
            assert_eq!(to, expected, "{}", case["area"]);
        }
    }

    #[test]
    fn the_whole_picture_is_itself() {
        let extent = Extent { rows: 5, columns: 7, channels: 3 };
        let from: Vec<u8> = (0..105).map(|k| (k * 37 % 256) as u8).collect();
        let mut to = vec![0; 105];
        Area { rows: 0..5, columns: 0..7 }.scaled(extent, &from, &Window::whole([5, 7]), &mut to);
        assert_eq!(to, from);
    }

    #[test]
    fn a_window_is_a_part_of_the_whole() {
        let extent = Extent { rows: 9, columns: 7, channels: 3 };
        let from: Vec<u8> = (0..extent.bytes()).map(|k| (k * k * 7 % 251) as u8).collect();
        let area = Area { rows: 1..9, columns: 0..6 };
        for size in [[21, 13], [4, 3], [8, 6]] {
            let mut whole = vec![0; size[0] * size[1] * 3];
            area.scaled(extent, &from, &Window::whole(size), &mut whole);
            let wanted = Area { rows: 1..size[0] - 1, columns: 2..size[1] };
            let bytes = wanted.rows.len() * wanted.columns.len() * 3;
            let (mut part, mut expected) = (vec![0; bytes], vec![1; bytes]);
            let large = Extent { rows: size[0], columns: size[1], channels: 3 };
            wanted.cut(large, &whole, &mut expected);
            area.scaled(extent, &from, &Window { size, area: wanted }, &mut part);
            assert_eq!(part, expected, "{size:?}");
        }
    }

    #[test]
    fn the_middle_is_rounded_as_python_does() {
        // round((h - c) / 2), round(0.5) = 0, round(1.5) = 2, round(2.5) = 2.
        let found = [(5, 5), (6, 5), (7, 5), (8, 5), (10, 5), (3, 5)].map(|(of, n)| centred(of, n));
        assert_eq!(found, [0, 0, 1, 2, 2, 0]);
    }
}
