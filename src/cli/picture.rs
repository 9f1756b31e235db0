//! Pictures from files.

use std::path::Path;

use image::ImageReader;
use image::imageops::FilterType;

use super::Failure;
use crate::data::Extent;

/// Largest side that is decoded.
const MOST_SIDE: u32 = 16_384;
/// Most memory that a decoder may take.
const MOST_MEMORY: u64 = 512 << 20;

/// A PNG or JPEG file as bytes, channels last, scaled to `extent` (three channels).
pub fn load(path: &Path, extent: Extent) -> Result<Vec<u8>, Failure> {
    let reading = |error: std::io::Error| Failure::io("reading", path, error);
    let mut reader =
        ImageReader::open(path).map_err(reading)?.with_guessed_format().map_err(reading)?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| {
        Failure::Wrong(format!(
            "{}: {error}; give a PNG or JPEG picture of at most {MOST_SIDE} pixels a side",
            path.display()
        ))
    })?;
    let (width, height) = (extent.columns as u32, extent.rows as u32);
    if (picture.width(), picture.height()) == (width, height) {
        return Ok(picture.to_rgb8().into_raw());
    }
    // A triangle filter widens with the reduction, so nothing is skipped.
    Ok(picture.resize_exact(width, height, FilterType::Triangle).to_rgb8().into_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_scaled_and_other_files_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let mut picture = image::RgbImage::from_pixel(32, 32, image::Rgb([1, 2, 3]));
        picture.put_pixel(31, 0, image::Rgb([9, 8, 7]));
        picture.save(&path).unwrap();
        let bytes = load(&path, Extent::CIFAR).unwrap();
        assert_eq!(bytes.len(), 3072);
        assert_eq!((&bytes[..3], &bytes[93..96]), (&[1, 2, 3][..], &[9, 8, 7][..]));
        image::RgbImage::from_pixel(100, 50, image::Rgb([7, 7, 7])).save(&path).unwrap();
        assert_eq!(load(&path, Extent::CIFAR).unwrap(), [7; 3072]);
        std::fs::write(&path, "no picture").unwrap();
        assert_eq!(load(&path, Extent::CIFAR).unwrap_err().code(), 1);
        assert_eq!(load(&folder.path().join("none.png"), Extent::CIFAR).unwrap_err().code(), 3);
    }
}
