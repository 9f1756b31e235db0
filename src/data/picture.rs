//! Pictures from files: PNG and JPEG, decoded within bounds.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, ImageResult};

use super::{DataError, Extent};

/// Largest side that is decoded.
const MOST_SIDE: u32 = 16_384;
/// Most memory that a decoder may take.
const MOST_MEMORY: u64 = 256 << 20;
/// Longest file that is read.
const MOST_BYTES: u64 = 128 << 20;

/// A picture as bytes, channels last, stretched or shrunk to `extent`; grey where that has one
/// channel. It stands as its EXIF orientation says.
pub fn load(path: &Path, extent: Extent) -> Result<Vec<u8>, DataError> {
    let bytes = read(path)?;
    let right = format!("give a PNG or JPEG picture of at most {MOST_SIDE} pixels a side");
    let picture = decode(bytes).map_err(|what| bad(path, format!("{what}; {right}")))?;
    let (width, height) = (extent.columns as u32, extent.rows as u32);
    let picture = if (picture.width(), picture.height()) == (width, height) {
        picture
    } else {
        // A triangle filter widens with the reduction, so nothing is skipped.
        picture.resize_exact(width, height, FilterType::Triangle)
    };
    match extent.channels {
        1 => Ok(picture.into_luma8().into_raw()),
        3 => Ok(picture.into_rgb8().into_raw()),
        channels => Err(DataError::Channels(channels)),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let reading = |error| DataError::io("reading", path, error);
    // A pipe would never end.
    if !std::fs::metadata(path).map_err(reading)?.is_file() {
        return Err(bad(path, "it is not a file".to_owned()));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(reading)?;
    if bytes.len() as u64 > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        return Err(bad(path, format!("longer than {most} MiB; give a smaller one")));
    }
    Ok(bytes)
}

fn bad(file: &Path, what: String) -> DataError {
    DataError::Picture { file: file.to_path_buf(), what, of_set: false }
}

fn decode(bytes: Vec<u8>) -> Result<DynamicImage, String> {
    let cut = is_cut(&bytes);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| error.to_string())?;
    match reader.format() {
        Some(ImageFormat::Jpeg) if cut => return Err("the end of the picture is missing".into()),
        Some(ImageFormat::Jpeg | ImageFormat::Png) => {}
        Some(other) => return Err(format!("{} is not read", other.to_mime_type())),
        None => return Err("not a picture".into()),
    }
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits.clone());
    upright(reader, limits).map_err(|error| error.to_string())
}

fn upright(
    reader: ImageReader<Cursor<Vec<u8>>>,
    mut limits: image::Limits,
) -> ImageResult<DynamicImage> {
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Whether a JPEG file has no end: its decoder would fill up with grey. Coded data never holds
/// the end's marker, so none stands after the last scan's.
fn is_cut(bytes: &[u8]) -> bool {
    let marker = |code| move |pair: &[u8]| pair == [0xff, code];
    let scan = bytes.windows(2).rposition(marker(0xda)).unwrap_or(0);
    !bytes[scan..].windows(2).any(marker(0xd9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma, Rgb, RgbImage};

    const GREY: Extent = Extent { rows: 2, columns: 2, channels: 1 };

    #[test]
    fn pictures_are_scaled_and_other_files_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let mut picture = RgbImage::from_pixel(32, 32, Rgb([1, 2, 3]));
        picture.put_pixel(31, 0, Rgb([9, 8, 7]));
        picture.save(&path).unwrap();
        let bytes = load(&path, Extent::CIFAR).unwrap();
        assert_eq!(bytes.len(), 3072);
        assert_eq!((&bytes[..3], &bytes[93..96]), (&[1, 2, 3][..], &[9, 8, 7][..]));
        RgbImage::from_pixel(100, 50, Rgb([7, 7, 7])).save(&path).unwrap();
        assert_eq!(load(&path, Extent::CIFAR).unwrap(), [7; 3072]);
        GrayImage::from_pixel(2, 2, Luma([5])).save(&path).unwrap();
        assert_eq!(load(&path, GREY).unwrap(), [5; 4]);
        assert_eq!(load(&path, Extent::CIFAR).unwrap(), [5; 3072]);
        std::fs::write(&path, "no picture").unwrap();
        assert!(matches!(load(&path, Extent::CIFAR), Err(DataError::Picture { .. })));
        assert!(matches!(load(folder.path(), GREY), Err(DataError::Picture { .. })));
        assert!(matches!(load(&path.join("none"), GREY), Err(DataError::Io { .. })));
    }

    #[test]
    fn half_a_picture_is_none() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.png", "a.jpg"] {
            let path = folder.path().join(name);
            let noise = |x: u32, y: u32| Rgb([(x * 91 + y * 57) as u8, (x * y * 7) as u8, 3]);
            RgbImage::from_fn(64, 64, noise).save(&path).unwrap();
            load(&path, Extent::CIFAR).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            let error = load(&path, Extent::CIFAR).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    /// A PNG of a few bytes that says that it is 2³¹ − 1 pixels wide.
    #[test]
    fn a_picture_that_claims_to_be_huge_costs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        RgbImage::from_pixel(1, 1, Rgb([0, 0, 0])).save(&path).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        for side in [[0x7f, 0xff, 0xff, 0xff], [0, 0, 0x40, 0]] {
            for at in [16, 20] {
                bytes[at..at + 4].copy_from_slice(&side);
            }
            let sum = crc(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&sum.to_be_bytes());
            std::fs::write(&path, &bytes).unwrap();
            let error = load(&path, Extent::CIFAR).unwrap_err().to_string();
            assert!(error.to_lowercase().contains("limit"), "{error}");
        }
    }

    /// PNG's checksum, bit by bit.
    fn crc(bytes: &[u8]) -> u32 {
        let mut sum = u32::MAX;
        for &byte in bytes {
            sum ^= u32::from(byte);
            for _ in 0..8 {
                sum = if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 };
            }
        }
        !sum
    }
}
