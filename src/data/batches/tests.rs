//! What a batch holds, whoever prepares it.

use super::*;
use crate::data::augment::{Erasing, Flip, Jitter, Mixing, RandAugment, ResizedCrop};
use crate::data::dataset::Stored;
use crate::pixels::Border;

/// `count` pictures of one pixel, whose value and label is the index.
fn loading(count: u8, batch: usize) -> Loading {
    let extent = Extent { rows: 1, columns: 1, channels: 1 };
    let indices: Vec<u8> = (0..count).collect();
    Loading {
        pictures: Arc::new(Stored::new(extent, indices.clone(), indices).unwrap()),
        normalisation: Normalisation { mean: vec![0.0], std: vec![2.0] },
        batch,
        classes: usize::from(count),
    }
}

fn labels(mut batches: Batches) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(batch) = batches.next_item() {
        all.push(batch.labels.clone());
        batches.recycle(batch);
    }
    all
}

fn plain(classes: usize, seed: u32) -> Showing {
    Showing { targets: Targets { classes, ..Targets::default() }, seed, ..Showing::default() }
}

#[test]
fn an_epoch_visits_each_picture_at_most_once_and_drops_the_rest() {
    let batches = labels(loading(11, 4).training(plain(11, 1), 0..2, As::Numbers).unwrap());
    assert_eq!(batches.len(), 2);
    let mut seen: Vec<u8> = batches.concat();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 8);
}

#[test]
fn a_batch_depends_on_its_number_only() {
    let whole = labels(loading(12, 4).training(plain(12, 1), 0..9, As::Numbers).unwrap());
    let tail = labels(loading(12, 4).training(plain(12, 1), 5..9, As::Bytes).unwrap());
    assert_eq!(whole[5..], tail);
    assert_ne!(whole[0..3], whole[3..6]);
}

#[test]
fn images_and_targets_belong_together() {
    let mut batches = loading(6, 3).training(plain(6, 9), 0..1, As::Numbers).unwrap();
    let batch = batches.next_item().unwrap();
    for (k, &label) in batch.labels.iter().enumerate() {
        assert_eq!(batch.images.numbers()[k], f32::from(label) / 2.0);
        let row = &batch.targets[k * 6..(k + 1) * 6];
        let expected: Vec<f32> = (0..6).map(|class| f32::from(u8::from(class == label))).collect();
        assert_eq!(row, expected);
    }
}

#[test]
fn smoothing_spreads_a_share_over_all_classes() {
    let mut showing = plain(4, 9);
    showing.targets.smoothing = 0.2;
    let mut batches = loading(4, 4).training(showing, 0..1, As::Numbers).unwrap();
    let batch = batches.next_item().unwrap();
    for (&label, row) in batch.labels.iter().zip(batch.targets.chunks_exact(4)) {
        for (class, &target) in row.iter().enumerate() {
            let expected = if class == usize::from(label) { 0.85 } else { 0.05 };
            assert!((target - expected).abs() < 1e-7, "{row:?}");
        }
    }
}

#[test]
fn evaluation_sees_everything_in_order_with_a_short_last_batch() {
    let mut batches = loading(7, 3).evaluation(As::Numbers).unwrap();
    let all: Vec<Batch> = std::iter::from_fn(|| batches.next_item()).collect();
    let labels: Vec<_> = all.iter().map(|b| b.labels.clone()).collect();
    assert_eq!(labels, [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
    assert_eq!(*all[2].images.numbers(), [3.0, 3.0, 3.0]);
    assert_eq!(all[2].targets.iter().sum::<f32>(), 1.0);
}

/// Pictures of 3×5 with three channels, in which no two bytes that matter are equal.
fn coloured(normalisation: Normalisation) -> Loading {
    let extent = Extent { rows: 3, columns: 5, channels: 3 };
    let pixels = (0..7 * extent.bytes()).map(|k| (k * 37 % 251) as u8).collect();
    let pictures = Arc::new(Stored::new(extent, pixels, vec![0; 7]).unwrap());
    Loading { pictures, normalisation, batch: 4, classes: 2 }
}

/// Each kind of augmentation, and several at once.
fn kinds() -> Vec<Augmentation> {
    let plain = Augmentation::default();
    let flipped = Augmentation { flip: Flip::Random, ..plain };
    let erasing = Erasing { probability: 0.7, area: [0.1, 0.5], ratio: [0.3, 3.0] };
    let area = ResizedCrop { scale: [0.1, 1.0], ratio: [0.7, 1.4] };
    let mixing = Mixing { mixup: 0.7, cutmix: 1.0, batches: 0.8 };
    let jitter = Some(Jitter { brightness: 0.4, hue: 0.2, ..Jitter::default() });
    let rand_augment = Some(RandAugment { operations: 3, magnitude: 20 });
    let reflected = Augmentation { pad: 2, border: Border::Reflect, ..flipped };
    vec![
        plain,
        Augmentation { pad: 2, ..plain },
        flipped,
        Augmentation { pad: 1, cutout: 2, ..flipped },
        reflected,
        Augmentation { flip: Flip::Alternate, erasing: Some(erasing), ..plain },
        Augmentation { mixing, ..plain },
        Augmentation { area: Some(area), ..flipped },
        Augmentation { jitter, rand_augment, ..plain },
        Augmentation {
            jitter,
            rand_augment,
            mixing,
            erasing: Some(erasing),
            area: Some(area),
            ..reflected
        },
    ]
}

#[test]
fn epochs_come_the_same_however_many_threads_prepare_them() {
    let mut showing = plain(2, 3);
    showing.augmentation = *kinds().last().unwrap();
    let by_channel = Normalisation { mean: vec![9.0, 99.5, 130.0], std: vec![3.0, 70.0, 0.7] };
    // One thread prepares numbers, several may prepare bytes; from the middle of an epoch too.
    let stream = |steps, images| {
        let loading = Loading { batch: 2, ..coloured(by_channel.clone()) };
        let mut batches = loading.training(showing.clone(), steps, images).unwrap();
        let mut all = Vec::new();
        while let Some(batch) = batches.next_item() {
            all.push((batch.images.numbers().into_owned(), batch.targets.clone()));
            batches.recycle(batch);
        }
        all
    };
    let whole = stream(0..12, As::Numbers);
    assert_eq!(stream(0..12, As::Bytes), whole);
    assert_eq!(stream(5..12, As::Bytes), whole[5..]);
    assert_eq!(stream(4..12, As::Numbers), whole[4..]);
    assert!((0..9).any(|step| whole[step].0 != whole[step + 3].0));
}

#[test]
fn pictures_of_another_size_are_those_of_a_set_that_was_resized_before() {
    let by_channel = Normalisation { mean: vec![9.0, 99.5, 130.0], std: vec![3.0, 70.0, 0.7] };
    let stream = |loading: Loading, augmentation, sides| {
        let showing = Showing { augmentation, sides, ..plain(2, 3) };
        let mut batches = loading.training(showing, 0..6, As::Bytes).unwrap();
        let mut all = Vec::new();
        while let Some(batch) = batches.next_item() {
            all.push((batch.images.numbers().into_owned(), batch.targets.clone()));
            batches.recycle(batch);
        }
        all
    };
    let whole = coloured(by_channel);
    let held = whole.pictures.extent();
    for sides in [[2, 4], [3, 5], [7, 6]] {
        let size = Extent { rows: sides[0], columns: sides[1], channels: 3 };
        let mut pixels = vec![0; 7 * size.bytes()];
        let mut picture = vec![0; held.bytes()];
        for (index, to) in pixels.chunks_exact_mut(size.bytes()).enumerate() {
            whole.pictures.picture(0, index, &mut picture);
            Area::whole(held).show(held, &picture, size, to);
        }
        let pictures = Arc::new(Stored::new(size, pixels, vec![0; 7]).unwrap());
        let resized = Loading { pictures, ..whole.clone() };
        // Areas are taken out of what is held.
        for augmentation in kinds().into_iter().filter(|kind| kind.area.is_none()) {
            let there = stream(whole.clone(), augmentation, Some(sides));
            assert!(there == stream(resized.clone(), augmentation, None), "{augmentation:?}");
        }
    }
    // Where more is held than is seen, as much as is seen is cut out, and stretched.
    let mut pixels = vec![0; 7 * held.bytes()];
    for (index, to) in pixels.chunks_exact_mut(held.bytes()).enumerate() {
        whole.pictures.picture(0, index, to);
    }
    let seen = Extent { rows: 2, columns: 3, channels: 3 };
    let part = Arc::new(Stored::new(held, pixels, vec![0; 7]).unwrap().seen_as(seen));
    let loading = Loading { pictures: part, batch: 1, ..whole.clone() };
    let plain = Augmentation::default();
    let size = Extent { rows: 4, columns: 5, channels: 3 };
    let (mut picture, mut shown) = (vec![0; held.bytes()], vec![0; size.bytes()]);
    let visits = Sampling::Once.visits(whole.pictures.as_ref(), 3, 0);
    for (visit, (numbers, _)) in visits.iter().zip(stream(loading, plain, Some([4, 5]))) {
        whole.pictures.picture(0, visit.picture, &mut picture);
        let place = plain.place(held, seen, (visit.seed(3), 0, visit.picture)).unwrap();
        assert_eq!([place.rows.len(), place.columns.len()], [2, 3]);
        place.show(held, &picture, size, &mut shown);
        let mut wanted = vec![0.0; shown.len()];
        Crop::WHOLE.apply(&whole.normalisation.table(), size, &shown, &mut wanted);
        assert_eq!(numbers, wanted);
    }
    // An area is stretched once, to the size that is wanted.
    let area = ResizedCrop { scale: [0.2, 0.6], ratio: [0.7, 1.4] };
    let augmentation = Augmentation { area: Some(area), ..Augmentation::default() };
    let loading = Loading { batch: 1, ..whole.clone() };
    let small = stream(loading, augmentation, Some([2, 4]));
    let size = Extent { rows: 2, columns: 4, channels: 3 };
    let visits = Sampling::Once.visits(whole.pictures.as_ref(), 3, 0);
    let (mut picture, mut shown) = (vec![0; held.bytes()], vec![0; size.bytes()]);
    for (visit, (numbers, _)) in visits.iter().zip(&small) {
        whole.pictures.picture(0, visit.picture, &mut picture);
        let place = area.draw(held, (visit.seed(3), 0, visit.picture));
        place.show(held, &picture, size, &mut shown);
        let mut wanted = vec![0.0; shown.len()];
        Crop::WHOLE.apply(&whole.normalisation.table(), size, &shown, &mut wanted);
        assert_eq!(numbers, &wanted);
    }
}

#[test]
fn bytes_become_the_numbers_that_are_handed_out_otherwise() {
    let by_channel = Normalisation { mean: vec![9.0, 99.5, 130.0], std: vec![3.0, 70.0, 0.7] };
    let mean = (0..45).map(|k| f64::from(k) * 5.3).collect();
    let by_pixel = Normalisation { mean, std: by_channel.std.clone() };
    for normalisation in [by_channel, by_pixel] {
        for augmentation in kinds() {
            let mut showing = plain(2, 3);
            showing.augmentation = augmentation;
            (showing.targets.smoothing, showing.sampling) = (0.1, Sampling::Balanced);
            showing.targets.weights = vec![1.0, 2.0];
            let streams = |images| {
                let loading = coloured(normalisation.clone());
                let training = loading.clone().training(showing.clone(), 0..9, images);
                [training.unwrap(), loading.evaluation(images).unwrap()]
            };
            for (mut numbers, mut bytes) in streams(As::Numbers).into_iter().zip(streams(As::Bytes))
            {
                while let Some(want) = numbers.next_item() {
                    let have = bytes.next_item().unwrap();
                    assert!(matches!(have.images, Images::Bytes(_)));
                    assert_eq!(have.images.numbers(), want.images.numbers());
                    assert_eq!((&have.targets, &have.labels), (&want.targets, &want.labels));
                    numbers.recycle(want);
                    bytes.recycle(have);
                }
                assert!(bytes.next_item().is_none());
            }
        }
    }
}
