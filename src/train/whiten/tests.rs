use super::*;
use crate::data::dataset::Stored;
use crate::data::random::{Draws, Purpose};
use crate::graph::{Role, Shape};
use crate::train::layout::Kind;

/// Pictures whose neighbours and channels depend on each other.
fn pictures() -> Stored {
    let extent = Extent { rows: 6, columns: 5, channels: 2 };
    let mut draws = Draws::new(7, Purpose::DrawTrain, 0);
    let mut bytes = Vec::new();
    for _ in 0..40 * extent.rows * extent.columns {
        let before = bytes.len().checked_sub(2).map_or(128.0, |at| f32::from(bytes[at]));
        let first = 0.6 * before + 100.0 * draws.uniform();
        bytes.push(first as u8);
        bytes.push((0.5 * first + 60.0 * draws.uniform()) as u8);
    }
    Stored::new(extent, bytes, vec![0; 40]).unwrap()
}

fn tensor(outputs: usize, gain: f64) -> Tensor {
    let (name, role, kind) = ("stem.weight".to_owned(), Role::Parameter, Kind::Convolution);
    let init = Init::Whiten { gain, bound: 0.1 };
    Tensor { name, role, kind, init, shape: Shape([2, 3, 2, outputs]) }
}

/// Mean products of what pairs of filters make of all patches, by the definition of a convolution.
fn responses(weights: &[f32], outputs: usize) -> Vec<f64> {
    let (set, extent) = (pictures(), Extent { rows: 6, columns: 5, channels: 2 });
    let Normalisation { mean, std } = Normalisation::measure(&set);
    let (mut sums, mut patches) = (vec![0.0; outputs * outputs], 0.0);
    let mut bytes = vec![0; extent.bytes()];
    for index in 0..40 {
        set.picture(0, index, &mut bytes);
        for (y, x) in (0..5).flat_map(|y| (0..3).map(move |x| (y, x))) {
            let mut made = vec![0.0; outputs];
            for (dy, dx, c) in
                (0..2).flat_map(|dy| (0..3).flat_map(move |dx| (0..2).map(move |c| (dy, dx, c))))
            {
                let byte = bytes[((y + dy) * 5 + x + dx) * 2 + c];
                let value = (f64::from(byte) - mean[c]) / std[c];
                for (output, made) in made.iter_mut().enumerate() {
                    *made += value * f64::from(weights[((dy * 3 + dx) * 2 + c) * outputs + output]);
                }
            }
            patches += 1.0;
            for (at, sum) in sums.iter_mut().enumerate() {
                *sum += made[at / outputs] * made[at % outputs];
            }
        }
    }
    sums.iter().map(|sum| sum / patches).collect()
}

/// What the filters make of the pictures is white: uncorrelated, and λ / (λ + ε) along each.
#[test]
fn what_the_filters_make_is_white() {
    let set = pictures();
    let normalisation = Normalisation::measure(&set);
    let values = filters([tensor(12, 1.0)].iter(), &set, &normalisation);
    let made = responses(&values["stem.weight"], 12);
    let mut before = f64::INFINITY;
    for (row, column) in (0..12).flat_map(|r| (0..12).map(move |c| (r, c))) {
        let value = made[row * 12 + column];
        if row != column {
            // Weights are f32, of order 10 where a direction hardly varies.
            assert!(value.abs() < 1e-5, "{row}, {column}: {value}");
            continue;
        }
        // From λ / (λ + ε) of a variance of 0.01 to that of one above 4.
        assert!(value > 0.95 && value < 1.0 && value <= before + 1e-5, "{row}: {value}");
        before = value;
    }
}

#[test]
fn negatives_follow_and_the_gain_multiplies() {
    let set = pictures();
    let normalisation = Normalisation::measure(&set);
    let of = |outputs, gain| filters([tensor(outputs, gain)].iter(), &set, &normalisation);
    let (all, some, halved) = (of(24, 1.0), of(5, 1.0), of(24, 0.5));
    let [all, some, halved] = [&all, &some, &halved].map(|values| &values["stem.weight"]);
    for patch in 0..12 {
        let row = &all[patch * 24..][..24];
        (0..12).for_each(|at| assert_eq!(row[at], -row[at + 12]));
        assert_eq!(&row[..5], &some[patch * 5..][..5]);
        (0..24).for_each(|at| assert_eq!(halved[patch * 24 + at], row[at] / 2.0));
    }
}

/// Of pictures that are held larger than they are seen, the middle counts.
#[test]
fn what_is_seen_is_whitened() {
    let (held, seen) =
        (Extent { rows: 4, columns: 6, channels: 2 }, Extent { rows: 4, columns: 4, channels: 2 });
    let middle = |at: usize| (1..5).contains(&(at / 2 % 6));
    let bytes: Vec<u8> = (0..3 * 48).map(|at| (at * at * 7 % 251) as u8).collect();
    let inner: Vec<u8> = (0..bytes.len()).filter(|&at| middle(at)).map(|at| bytes[at]).collect();
    let held = Stored::new(held, bytes, vec![0; 3]).unwrap().seen_as(seen);
    let cut = Stored::new(seen, inner, vec![0; 3]).unwrap();
    for normalisation in [Normalisation::measure(&cut), Normalisation::measure_pixels(&cut)] {
        let of = |set: &Stored| filters([tensor(12, 1.0)].iter(), set, &normalisation);
        assert_eq!(of(&held), of(&cut));
    }
}

#[test]
fn pictures_without_variance_have_filters_all_the_same() {
    let extent = Extent { rows: 4, columns: 4, channels: 2 };
    let set = Stored::new(extent, vec![9; 32], vec![0]).unwrap();
    let values = filters([tensor(24, 1.0)].iter(), &set, &Normalisation::measure(&set));
    assert!(values["stem.weight"].iter().all(|weight| weight.is_finite()));
}

#[test]
fn large_pictures_and_kernels_are_looked_at_less() {
    let of = |side, len| looked(len, Extent { rows: side, columns: side, channels: 3 });
    assert_eq!([of(32, 12), of(224, 12), of(32, 512)], [(5000, 1), (102, 1), (16, 1)]);
    // A thousandth of sixteen million patches.
    assert_eq!(of(4096, 512), (1, 32));
}
