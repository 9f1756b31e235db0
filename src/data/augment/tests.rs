use std::collections::BTreeSet;

use super::*;
use crate::data::normalise::Normalisation;
use crate::pixels::Operation;

const EXTENT: Extent = Extent { rows: 3, columns: 3, channels: 1 };

#[test]
fn a_hole_is_a_square_of_zeros_that_the_border_cuts() {
    let table = Normalisation { mean: vec![0.0], std: vec![1.0] }.table();
    let cut = |cutout, hole| {
        let mut out = vec![f32::NAN; 9];
        let augmentation = Augmentation { cutout, ..Augmentation::default() };
        let crop = Crop { hole: augmentation.hole(hole, EXTENT), ..Crop::default() };
        crop.apply(&table, EXTENT, &[1; 9], &mut out);
        out
    };
    assert_eq!(cut(1, [1, 2]), [1., 1., 1., 1., 1., 0., 1., 1., 1.]);
    assert_eq!(cut(3, [0, 0]), [0., 0., 1., 0., 0., 1., 1., 1., 1.]);
    assert_eq!(cut(2, [2, 2]), [1., 1., 1., 1., 0., 0., 1., 0., 0.]);
    assert_eq!(cut(64, [1, 1]), [0.0; 9]);
}

#[test]
fn draws_cover_every_offset_and_both_sides() {
    let augmentation = Augmentation { pad: 4, flip: Flip::Random, ..Augmentation::default() };
    let draw = |epoch, i| augmentation.draw(EXTENT, (1, epoch, i));
    let crops: Vec<Crop> = (0..5000).map(|i| draw(2, i)).collect();
    for offset in -4..=4 {
        assert!(crops.iter().any(|c| c.down == offset));
        assert!(crops.iter().any(|c| c.right == offset));
    }
    assert!(crops.iter().all(|c| c.down.abs() <= 4 && c.right.abs() <= 4));
    let flips = crops.iter().filter(|c| c.flip).count();
    assert!((2300..2700).contains(&flips), "{flips}");
    let holed = Augmentation { cutout: 1, ..augmentation };
    let holes: Vec<Hole> = (0..5000).map(|i| holed.draw(EXTENT, (1, 2, i)).hole).collect();
    let pixel = |at| [at, at + 1];
    let hole = |k: u32| Hole { rows: pixel(k / 3), columns: pixel(k % 3) };
    assert!((0..9).all(|k| holes.contains(&hole(k))));
    assert_eq!(draw(2, 3), draw(2, 3));
    assert!((0..100).any(|i| draw(2, i) != draw(3, i)));
    let still = Augmentation { flip: Flip::Never, ..augmentation };
    assert!((0..100).all(|i| !still.draw(EXTENT, (1, 2, i)).flip));
}

#[test]
fn alternate_flips_show_each_picture_both_ways_in_two_epochs() {
    let augmentation = Augmentation { flip: Flip::Alternate, ..Augmentation::default() };
    let flip = |epoch, index| augmentation.draw(EXTENT, (7, epoch, index)).flip;
    for epoch in 0..4 {
        assert!((0..500).all(|index| flip(epoch, index) != flip(epoch + 1, index)));
        let mirrored = (0..5000).filter(|&index| flip(epoch, index)).count();
        assert!((2300..2700).contains(&mirrored), "{mirrored}");
    }
    let other = |index| augmentation.draw(EXTENT, (8, 0, index)).flip;
    assert!((0..50).any(|index| other(index) != flip(0, index)));
}

#[test]
fn erased_rectangles_have_their_share_and_ratio_and_stay_inside() {
    let extent = Extent { rows: 32, columns: 24, channels: 3 };
    let erasing = Erasing { probability: 0.4, area: [0.02, 0.4], ratio: [0.3, 3.3] };
    let augmentation = Augmentation { erasing: Some(erasing), ..Augmentation::default() };
    let holes: Vec<Hole> = (0..4000).map(|i| augmentation.draw(extent, (1, 2, i)).hole).collect();
    let erased: Vec<&Hole> = holes.iter().filter(|hole| hole.area() > 0).collect();
    assert!((1500..1700).contains(&erased.len()), "{}", erased.len());
    for Hole { rows, columns } in erased.iter().copied() {
        assert!(rows[1] <= 32 && columns[1] <= 24);
        let [high, wide] = [rows, columns].map(|[first, end]| f64::from(end - first));
        // Each side is rounded by half a pixel at most.
        assert!((high - 0.5) * (wide - 0.5) <= 0.4 * 768.0, "{high} × {wide}");
        assert!((high + 0.5) * (wide + 0.5) >= 0.02 * 768.0, "{high} × {wide}");
        assert!((high - 0.5) / (wide + 0.5) <= 3.3 && (high + 0.5) / (wide - 0.5) >= 0.3);
    }
    assert!(
        erased.iter().any(|hole| hole.rows[0] == 0) && erased.iter().any(|hole| hole.rows[1] == 32)
    );
}

/// What torchvision computes of draws: tests/goldens/make_augment.py.
#[test]
fn rectangles_are_those_of_torchvision() {
    let golden = include_str!("../../../tests/goldens/augment.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let rows = |name: &str| golden[name].as_array().unwrap().clone();
    let number = |row: &serde_json::Value, at: usize| row[at].as_f64().unwrap();
    let extent = |row: &serde_json::Value| Extent {
        rows: number(row, 0) as usize,
        columns: number(row, 1) as usize,
        channels: 3,
    };
    for row in rows("erasing") {
        let sides = rectangle::sides(extent(&row), number(&row, 2), number(&row, 3));
        assert_eq!(sides.map(|side| side as f64), [4, 5].map(|at| number(&row, at)), "{row}");
    }
    for row in rows("resized") {
        let [wide, high] = rectangle::sides(extent(&row), number(&row, 2), number(&row, 3));
        assert_eq!(
            [high, wide].map(|side| side as f64),
            [6, 7].map(|at| number(&row, at)),
            "{row}"
        );
    }
    let crop = ResizedCrop { scale: [0.08, 1.0], ratio: [3.0 / 4.0, 4.0 / 3.0] };
    for row in rows("middle") {
        let area = crop.middle(extent(&row));
        let found = [area.rows.start, area.columns.start, area.rows.len(), area.columns.len()];
        assert_eq!(found.map(|n| n as f64), [2, 3, 4, 5].map(|at| number(&row, at)), "{row}");
    }
    for row in rows("cutmix") {
        let middle = [3, 4].map(|at| number(&row, at) as usize);
        let hole = mixing::patch(extent(&row), number(&row, 2), middle);
        let [[y1, y2], [x1, x2]] = [hole.rows, hole.columns];
        let found = [y1, x1, y2, x2].map(f64::from);
        assert_eq!(found, [5, 6, 7, 8].map(|at| number(&row, at)), "{row}");
        let share = crate::pixels::Mix::Patch(hole).share(extent(&row));
        assert!((share - number(&row, 9)).abs() < 1e-12, "{row}");
    }
}

#[test]
fn shares_are_beta_distributed_and_batches_mix_as_often_as_they_should() {
    for alpha in [0.01, 0.2, 1.0, 8.0] {
        let mut draws = Draws::new(1, Purpose::Mix, 0);
        let shares: Vec<f64> = (0..20_000).map(|_| mixing::beta(alpha, &mut draws)).collect();
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        let squares = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>();
        let variance = squares / shares.len() as f64;
        let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
        // Five standard errors of a mean of 20,000, and of their variance.
        assert!((mean - 0.5).abs() < 5.0 * (expected / 20_000.0).sqrt(), "{alpha}: {mean}");
        assert!((variance - expected).abs() < 0.05 * expected, "{alpha}: {variance}, {expected}");
    }
    use crate::pixels::Mix;
    let mixing = Mixing { mixup: 1.0, cutmix: 1.0, batches: 0.5 };
    let drawn: Vec<Mix> = (0..4000).map(|step| mixing.draw(EXTENT, 5, step)).collect();
    let count = |of: fn(&Mix) -> bool| drawn.iter().filter(|mix| of(mix)).count();
    assert!((1850..2150).contains(&count(|mix| *mix == Mix::None)));
    assert!((900..1100).contains(&count(|mix| matches!(mix, Mix::Blend { .. }))));
    assert_eq!(mixing.draw(EXTENT, 5, 9), drawn[9]);
    assert!((0..50).all(|step| Mixing::default().draw(EXTENT, 5, step) == Mix::None));
}

#[test]
fn areas_have_their_share_and_ratio_and_stay_inside() {
    let extent = Extent { rows: 40, columns: 56, channels: 3 };
    let crop = ResizedCrop { scale: [0.2, 0.5], ratio: [0.5, 2.0] };
    let areas: Vec<_> = (0..2000).map(|index| crop.draw(extent, (1, 3, index))).collect();
    for area in &areas {
        assert!(area.rows.end <= 40 && area.columns.end <= 56);
        let [high, wide] = [area.rows.len(), area.columns.len()].map(|side| side as f64);
        assert!((high - 0.5) * (wide - 0.5) <= 0.5 * 2240.0, "{area:?}");
        assert!((high + 0.5) * (wide + 0.5) >= 0.2 * 2240.0, "{area:?}");
        assert!((wide - 0.5) / (high + 0.5) <= 2.0 && (wide + 0.5) / (high - 0.5) >= 0.5);
    }
    assert!(areas.iter().any(|area| area.rows.start == 0));
    assert!(areas.iter().any(|area| area.columns.end == 56));
    assert_eq!(crop.draw(extent, (1, 3, 7)), areas[7]);
    assert_ne!(crop.draw(extent, (1, 4, 7)), areas[7]);
    // What never fits is the middle.
    let narrow = Extent { rows: 1, columns: 50, channels: 1 };
    let tall = ResizedCrop { scale: [1.0, 1.0], ratio: [0.01, 0.01] };
    assert_eq!(tall.draw(narrow, (1, 1, 1)), tall.middle(narrow));
}

/// What torchvision makes of a picture: tests/goldens/make_rand_augment.py.
#[test]
fn operations_are_those_of_torchvision() {
    use super::rand_augment::Kind;
    let golden = include_str!("../../../tests/goldens/rand_augment.json");
    let golden: Vec<serde_json::Value> = serde_json::from_str(golden).unwrap();
    let mut kinds = BTreeSet::new();
    for case in &golden {
        let side = |at: usize| case[at].as_u64().unwrap() as usize;
        let extent = Extent { rows: side(3), columns: side(4), channels: side(5) };
        let (name, at, negative) =
            (case[0].as_str().unwrap(), case[1].as_f64().unwrap(), case[2].as_bool().unwrap());
        let operation = match name {
            "brightness" => Some(Operation::Brightness(at)),
            "contrast" => Some(Operation::Contrast(at)),
            "saturation" => Some(Operation::Saturation(at)),
            "hue" => Some(Operation::Hue((at * 255.0) as i32)),
            _ => {
                let kind = Kind::ALL.into_iter().find(|kind| format!("{kind:?}") == name).unwrap();
                kind.of(at as usize, negative, extent)
            }
        };
        kinds.insert(name);
        let mut picture: Vec<u8> =
            (0..extent.bytes()).map(|k| ((k * k * 7 % 251 + k % 5) / 2 + 40) as u8).collect();
        let before = picture.clone();
        if let Some(operation) = operation {
            operation.apply(extent, &mut picture, &mut Vec::new());
        }
        let hex = case[6].as_str().unwrap();
        let expected: Vec<u8> = (0..hex.len() / 2)
            .map(|k| u8::from_str_radix(&hex[2 * k..][..2], 16).unwrap())
            .collect();
        assert_eq!(expected.len(), picture.len());
        assert!(picture == expected, "{name} {at} {negative} {extent:?}");
        let of_colour = matches!(name, "Identity" | "Equalize" | "saturation" | "hue" | "Color");
        // Less than a pixel is none.
        let changes = !of_colour && (at == 26.0 || at == 1.6);
        assert!(!changes || expected != before, "{name} {at}: nothing is seen");
    }
    assert_eq!(kinds.len(), 18);
}

/// Of more than is seen, every place is shown, each as it follows from its key.
#[test]
fn places_wander_in_what_is_held() {
    let augmentation = Augmentation::default();
    let extent = |rows, columns| Extent { rows, columns, channels: 1 };
    let (held, seen) = (extent(5, 6), extent(4, 4));
    let place = |index| augmentation.place(held, seen, (1, 0, index)).unwrap();
    let first = |index| [place(index).rows.start, place(index).columns.start];
    let found: BTreeSet<[usize; 2]> = (0..300).map(first).collect();
    // Two rows by three columns.
    assert_eq!(found.len(), 6);
    assert!((0..300).all(|i| place(i).rows.len() == 4 && place(i).columns.end <= 6));
    assert!((0..50).any(|i| augmentation.place(held, seen, (1, 1, i)) != Some(place(i))));
    assert_eq!(augmentation.place(seen, seen, (1, 0, 0)), None);
}

#[test]
fn operations_are_drawn_evenly_with_both_signs_and_anew_each_epoch() {
    let extent = Extent { rows: 32, columns: 32, channels: 3 };
    let rand = RandAugment { operations: 2, magnitude: 9 };
    let drawn = |epoch, index| rand.draw(extent, (5, epoch, index)).collect::<Vec<_>>();
    let all: Vec<Operation> = (0..7000).flat_map(|index| drawn(0, index)).collect();
    // 14,000 draws, of which a fourteenth is the identity: five standard errors are 153.
    assert!((12_847..=13_153).contains(&all.len()), "{}", all.len());
    let count = |is: fn(&Operation) -> bool| all.iter().filter(|operation| is(operation)).count();
    // √(1000·13/14) is 30.5; with a sign, half of them.
    for found in [
        count(|o| matches!(o, Operation::Equalize)),
        count(|o| matches!(o, Operation::Posterize(_))),
        2 * count(|o| matches!(o, Operation::Brightness(by) if *by > 1.0)),
        2 * count(|o| matches!(o, Operation::Brightness(by) if *by < 1.0)),
    ] {
        assert!((780..1220).contains(&found), "{found}");
    }
    assert_eq!(drawn(3, 9), drawn(3, 9));
    assert!((0..20).any(|index| drawn(0, index) != drawn(1, index)));
    let none = RandAugment { operations: 0, magnitude: 9 };
    assert_eq!(none.draw(extent, (5, 0, 0)).count(), 0);
}

#[test]
fn colours_change_in_their_ranges_and_in_any_order() {
    let jitter = Jitter { brightness: 0.4, contrast: 2.0, saturation: 0.0, hue: 0.1 };
    let mut first = [0; 3];
    for index in 0..3000 {
        let all: Vec<Operation> = jitter.draw((1, 0, index)).collect();
        assert_eq!(all.len(), 3);
        for operation in &all {
            match *operation {
                Operation::Brightness(by) => assert!((0.6..1.4).contains(&by)),
                Operation::Contrast(by) => assert!((0.0..3.0).contains(&by)),
                Operation::Hue(by) => assert!((-25..=25).contains(&by)),
                _ => panic!("{operation:?}"),
            }
        }
        let at = |is: fn(&Operation) -> bool| usize::from(is(&all[0]));
        first[0] += at(|o| matches!(o, Operation::Brightness(_)));
        first[1] += at(|o| matches!(o, Operation::Contrast(_)));
        first[2] += at(|o| matches!(o, Operation::Hue(_)));
    }
    // Five standard errors of a third of 3,000.
    assert!(first.iter().all(|count| (870..1130).contains(count)), "{first:?}");
    let drawn = |epoch, index| jitter.draw((1, epoch, index)).collect::<Vec<_>>();
    assert_eq!(drawn(4, 7), drawn(4, 7));
    assert_ne!(drawn(4, 7), drawn(5, 7));
}
