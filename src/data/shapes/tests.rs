//! That the set is what it says: reproducible, balanced, and not for linear classifiers.

use super::*;
use crate::data::normalise::Normalisation;

fn picture(set: &Shapes, epoch: u32, index: usize) -> (u8, Vec<u8>) {
    let mut pixels = vec![0; 3072];
    (set.picture(epoch, index, &mut pixels), pixels)
}

#[test]
fn a_picture_depends_on_seed_split_and_number_only() {
    let base = picture(&Shapes::train(1), 0, 5);
    assert_eq!(base, picture(&Shapes::train(1), 0, 5));
    assert_ne!(base.1, picture(&Shapes::train(2), 0, 5).1);
    assert_ne!(base.1, picture(&Shapes::train(1), 0, 6).1);
    assert_ne!(base.1, picture(&Shapes::test(1), 0, 5).1);
    // New pictures each training epoch, the same ones in each test.
    assert_ne!(base.1, picture(&Shapes::train(1), 1, 5).1);
    assert_eq!(picture(&Shapes::test(1), 0, 5), picture(&Shapes::test(1), 7, 5));
}

#[test]
fn every_class_comes_equally_often() {
    let set = Shapes::test(0);
    let mut counts = [0; 10];
    for index in 0..2000 {
        counts[usize::from(picture(&set, 0, index).0)] += 1;
    }
    // 200 expected, deviation √(2000·0.1·0.9) = 13.4; five of them.
    assert!(counts.iter().all(|&c| (133..267).contains(&c)), "{counts:?}");
}

/// Softmax regression by plain gradient descent; the error left on the last `held_out` examples.
fn linear_accuracy(examples: &[(u8, Vec<f32>)], held_out: usize) -> f64 {
    let inputs = examples[0].1.len();
    let (train, test) = examples.split_at(examples.len() - held_out);
    let mut weights = vec![0f32; 10 * (inputs + 1)];
    for epoch in 0..12 {
        let rate = 0.002 / (1.0 + epoch as f32);
        for (label, x) in train {
            let p = probabilities(&weights, x);
            for (class, row) in weights.chunks_exact_mut(inputs + 1).enumerate() {
                let error = p[class] - f32::from(u8::from(class == usize::from(*label)));
                for (w, x) in row.iter_mut().zip(x) {
                    *w -= rate * error * x;
                }
                row[inputs] -= rate * error;
            }
        }
    }
    let right = test.iter().filter(|(label, x)| {
        let p = probabilities(&weights, x);
        (0..10).max_by(|&a, &b| p[a].total_cmp(&p[b])) == Some(usize::from(*label))
    });
    right.count() as f64 / held_out as f64
}

fn probabilities(weights: &[f32], x: &[f32]) -> [f32; 10] {
    let inputs = x.len();
    let score = |class: usize| {
        let row = &weights[class * (inputs + 1)..][..=inputs];
        let mut lanes = [0f32; 16];
        for (w, x) in row[..inputs].chunks_exact(16).zip(x.chunks_exact(16)) {
            for (lane, (w, x)) in lanes.iter_mut().zip(w.iter().zip(x)) {
                *lane += w * x;
            }
        }
        lanes.iter().sum::<f32>() + row[inputs]
    };
    let scores: [f32; 10] = std::array::from_fn(score);
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let powers = scores.map(|s| (s - most).exp());
    let sum: f32 = powers.iter().sum();
    powers.map(|p| p / sum)
}

fn examples(count: usize) -> Vec<(u8, Vec<f32>)> {
    let set = Shapes::train(0);
    let table = Normalisation::measure(&set).table();
    (0..count)
        .map(|index| {
            let (label, pixels) = picture(&set, 0, index);
            let mut values = vec![0.0; pixels.len()];
            table.apply(0, &pixels, &mut values, false);
            (label, values)
        })
        .collect()
}

#[test]
fn a_linear_classifier_stays_below_60_percent() {
    let accuracy = linear_accuracy(&examples(6000), 1000);
    assert!(accuracy < 0.6, "a linear classifier reaches {accuracy}");
}

#[test]
fn the_linear_classifier_of_these_tests_can_learn() {
    // The class shown as the brightness of one of ten stripes of rows: linearly separable.
    let mut examples = examples(1500);
    for (label, values) in &mut examples {
        let stripe = usize::from(*label) * 288;
        values[stripe..stripe + 288].iter_mut().for_each(|v| *v += 3.0);
    }
    let accuracy = linear_accuracy(&examples, 500);
    assert!(accuracy > 0.9, "only {accuracy}");
}
