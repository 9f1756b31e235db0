use super::*;
use crate::pixels::Extent;

/// As `make_rand_augment.py` draws it.
fn drawn(extent: Extent) -> Vec<u8> {
    (0..extent.bytes()).map(|k| ((k * k * 7 % 251 + k % 5) / 2 + 40) as u8).collect()
}

#[test]
fn what_leaves_pictures_as_they_are_does() {
    for channels in [1, 3] {
        let extent = Extent { rows: 6, columns: 9, channels };
        for operation in [
            Operation::Affine(Matrix::moved(0, 0)),
            Operation::Affine(Matrix::sheared(0.0, 0.0)),
            Operation::Affine(Matrix::turned(0.0, extent)),
            Operation::Brightness(1.0),
            Operation::Contrast(1.0),
            Operation::Saturation(1.0),
            Operation::Sharpness(1.0),
            Operation::Posterize(8),
            Operation::Solarize(256.0),
        ] {
            let mut picture = drawn(extent);
            operation.apply(extent, &mut picture, &mut Vec::new());
            assert_eq!(picture, drawn(extent), "{operation:?}");
        }
        let mut black = vec![0; extent.bytes()];
        for operation in [Operation::AutoContrast, Operation::Equalize, Operation::Hue(7)] {
            operation.apply(extent, &mut black, &mut Vec::new());
            assert_eq!(black, vec![0; extent.bytes()], "{operation:?}");
        }
    }
}

#[test]
fn no_picture_and_no_number_is_too_odd() {
    for (rows, columns) in [(1, 1), (1, 5), (2, 2), (3, 1)] {
        let extent = Extent { rows, columns, channels: 3 };
        for operation in [
            Operation::Affine(Matrix::moved(-9, 9)),
            Operation::Affine(Matrix::sheared(0.3, -0.3)),
            Operation::Affine(Matrix::turned(-30.0, extent)),
            Operation::Contrast(1e30),
            Operation::Sharpness(-1e30),
            Operation::Hue(i32::MIN),
            Operation::Posterize(0),
            Operation::Equalize,
            Operation::AutoContrast,
        ] {
            let mut picture = drawn(extent);
            operation.apply(extent, &mut picture, &mut Vec::new());
        }
    }
}
