//! Pictures whose shorter side is given a length, and what is in their middle, as torchvision's `Resize`
//! and `CenterCrop` have it of Pillow's pictures (which, from Pillow 13 on, are sometimes resized rows
//! first, and so rounded otherwise).

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};

use super::turned;
use crate::data::sizing::{first, resized};
use crate::pixels::{Area, Extent, Window};

/// What is held of a picture that is to be turned yet, in the middle of which is what is seen.
pub fn of(
    picture: DynamicImage,
    orientation: Orientation,
    side: usize,
    [held, seen]: [Extent; 2],
) -> DynamicImage {
    let (columns, rows) = (picture.width() as usize, picture.height() as usize);
    let size = resized([rows, columns], side);
    let (turns, mirrored) = (turned(orientation), mirrored(orientation));
    // Rows and columns of the picture in its file, and what these become.
    let become_ = |of: Extent| {
        if turns { [of.columns, of.rows] } else { [of.rows, of.columns] }
    };
    let (held, seen) = (become_(held), become_(seen));
    let span = |axis: usize| {
        let upright = first(size[axis], held[axis], seen[axis]);
        let begin = match mirrored[axis] {
            true => size[axis] - held[axis] - upright,
            false => upright,
        };
        begin..begin + held[axis]
    };
    let window = Window { size, area: Area { rows: span(0), columns: span(1) } };
    let (wide, high) = (held[1] as u32, held[0] as u32);
    let channels = usize::from(picture.color().channel_count());
    let extent = Extent { rows, columns, channels };
    let mut bytes = vec![0; held[0] * held[1] * channels];
    Area::whole(extent).scaled(extent, picture.as_bytes(), &window, &mut bytes);
    // As many as there are pixels.
    match channels {
        1 => GrayImage::from_raw(wide, high, bytes).unwrap_or_default().into(),
        _ => RgbImage::from_raw(wide, high, bytes).unwrap_or_default().into(),
    }
}

/// Whether rows, and columns, of the file run the other way in the picture as it stands.
fn mirrored(orientation: Orientation) -> [bool; 2] {
    match orientation {
        Orientation::NoTransforms | Orientation::Rotate90FlipH => [false, false],
        Orientation::FlipVertical | Orientation::Rotate90 => [true, false],
        Orientation::FlipHorizontal | Orientation::Rotate270 => [false, true],
        Orientation::Rotate180 | Orientation::Rotate270FlipH => [true, true],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::picture::load_for;
    use crate::data::sizing::{Purpose, Sizing};

    /// What torchvision makes of pictures: tests/goldens/make_augment.py.
    #[test]
    fn the_middle_is_that_of_torchvision() {
        let golden = include_str!("../../../tests/goldens/augment.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let numbers = |list: &serde_json::Value| -> Vec<usize> {
            list.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        for case in golden["centred"].as_array().unwrap() {
            let [rows, columns, channels] = numbers(&case["extent"])[..] else { panic!() };
            let [high, wide] = numbers(&case["size"])[..] else { panic!() };
            let bytes: Vec<u8> =
                (0..rows * columns * channels).map(|k| (k * k * 7 % 251 + k % 5) as u8).collect();
            let (w, h) = (columns as u32, rows as u32);
            match channels {
                1 => GrayImage::from_raw(w, h, bytes).unwrap().save(&path).unwrap(),
                _ => RgbImage::from_raw(w, h, bytes).unwrap().save(&path).unwrap(),
            }
            let seen = Extent { rows: high, columns: wide, channels };
            let side = case["side"].as_u64().unwrap() as usize;
            let sizing = Sizing { seen, resize: Some(side) };
            let found = load_for(&path, sizing, Purpose::Test).unwrap().pixels;
            let expected: Vec<u8> = numbers(&case["to"]).iter().map(|&n| n as u8).collect();
            // Rows first or columns first: what lies between is rounded once.
            let far = found.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(far <= 1 && found.len() == expected.len(), "{}: {far}", case["extent"]);
            assert!(channels == 1 || found == expected, "{}", case["extent"]);
            // What is trained on has the same middle.
            let held = Purpose::Training.extent(sizing);
            let whole = load_for(&path, sizing, Purpose::Training).unwrap().pixels;
            assert_eq!((held.rows, held.columns, whole.len()), (side, side, held.bytes()));
            let mut middle = vec![0; seen.bytes()];
            Area::middle(held, seen).cut(held, &whole, &mut middle);
            assert_eq!(middle, found, "{}", case["extent"]);
        }
    }

    #[test]
    fn a_turned_picture_has_the_middle_of_the_upright_one() {
        // An odd rest on both axes, so that it matters from which side it is halved.
        let upright = RgbImage::from_fn(40, 27, |x, y| {
            image::Rgb([(x * 6) as u8, (y * 9) as u8, ((x * y) % 251) as u8])
        });
        let seen = Extent { rows: 10, columns: 12, channels: 3 };
        let expected =
            of(upright.clone().into(), Orientation::NoTransforms, 13, [seen, seen]).into_bytes();
        for number in 1..=8 {
            let orientation = Orientation::from_exif(number).unwrap();
            // In the file it stands as the inverse turns it.
            let back = match orientation {
                Orientation::Rotate90 => Orientation::Rotate270,
                Orientation::Rotate270 => Orientation::Rotate90,
                same => same,
            };
            let mut stored = DynamicImage::from(upright.clone());
            stored.apply_orientation(back);
            let mut found = of(stored, orientation, 13, [seen, seen]);
            found.apply_orientation(orientation);
            let found = found.into_bytes();
            let far = found.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            // Columns are summed first, so a turned picture is rounded otherwise.
            assert!(far <= 1, "orientation {number}: {far}");
        }
    }

    #[test]
    fn a_long_picture_costs_no_more_than_its_middle() {
        let long = GrayImage::from_fn(1, 60_000, |_, y| image::Luma([(y % 200) as u8]));
        let seen = Extent { rows: 4, columns: 4, channels: 1 };
        // 4,096 × 245,760,000 pixels, were it made.
        let found = of(long.into(), Orientation::NoTransforms, 4096, [seen, seen]);
        assert_eq!(found.into_bytes().len(), 16);
    }
}
