//! Pictures from files: PNG and JPEG, decoded within bounds.

mod exif;
mod jpeg;
mod middle;

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader};
pub use jpeg::Doubt;
use jpeg::Fault;
use sha2::{Digest, Sha256};

use super::sizing::{Purpose, Sizing};
use super::{DataError, Extent};
use crate::pixels::luma;

/// Most memory that a decoder may take.
const MOST_MEMORY: u64 = 1 << 30;
/// What takes more than this is decoded alone.
const LARGE: u64 = 64 << 20;
/// Longest file that is read.
const MOST_BYTES: u64 = 128 << 20;

/// Held while a large picture is decoded.
static ALONE: Mutex<()> = Mutex::new(());

/// A picture as a network reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Bytes by rows, columns and channels.
    pub pixels: Vec<u8>,
    /// What is odd about its file, a JPEG.
    pub doubt: Option<Doubt>,
    /// SHA-256 of its file.
    pub sha256: [u8; 32],
    /// Whether it had an opacity, which is left out: colours count as they stand in the file.
    pub transparent: bool,
}

/// A picture as a net sees it: bytes, channels last; grey where the net reads one channel. It stands as
/// its EXIF orientation says.
pub fn load(path: &Path, sizing: impl Into<Sizing>) -> Result<Picture, DataError> {
    load_for(path, sizing.into(), Purpose::Test)
}

/// The same as it is held for a purpose.
pub fn load_for(path: &Path, sizing: Sizing, purpose: Purpose) -> Result<Picture, DataError> {
    sizing.check()?;
    let bytes = read(path)?;
    let sha256 = Sha256::digest(&bytes).into();
    let Decoded { picture, orientation, doubt } = decode(bytes).map_err(|what| bad(path, what))?;
    let transparent = picture.color().has_alpha();
    let plain = match sizing.seen.channels {
        1 => DynamicImage::from(grey(picture)),
        3 => DynamicImage::from(picture.into_rgb8()),
        channels => return Err(DataError::Channels(channels)),
    };
    let extent = purpose.extent(sizing);
    // Turned last, when it is small.
    let mut picture = match sizing.resize {
        None => stretched(plain, turned(orientation), extent),
        Some(side) => middle::of(plain, orientation, side, [extent, sizing.seen]),
    };
    picture.apply_orientation(orientation);
    Ok(Picture { pixels: picture.into_bytes(), doubt, sha256, transparent })
}

/// Whether rows become columns.
fn turned(orientation: Orientation) -> bool {
    match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => true,
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => false,
    }
}

/// Stretched or shrunk to a size.
fn stretched(picture: DynamicImage, turned: bool, extent: Extent) -> DynamicImage {
    let (width, height) = (extent.columns as u32, extent.rows as u32);
    let to = if turned { (height, width) } else { (width, height) };
    match picture {
        DynamicImage::ImageLuma8(grey) => scaled(grey, to).into(),
        other => scaled(other.into_rgb8(), to).into(),
    }
}

/// A triangle filter widens with the reduction, so nothing is skipped.
fn scaled<P>(
    picture: image::ImageBuffer<P, Vec<u8>>,
    to: (u32, u32),
) -> image::ImageBuffer<P, Vec<u8>>
where
    P: image::Pixel<Subpixel = u8> + 'static,
{
    if picture.dimensions() == to {
        return picture;
    }
    imageops::resize(&picture, to.0, to.1, FilterType::Triangle)
}

/// Luma by the weights of ITU-R BT.601, as Pillow rounds it.
fn grey(picture: DynamicImage) -> GrayImage {
    if !picture.color().has_color() {
        return picture.into_luma8();
    }
    let picture = picture.into_rgb8();
    let luma = picture.as_raw().as_chunks::<3>().0.iter().map(|pixel| luma(*pixel));
    let (width, height) = picture.dimensions();
    // As many as there are pixels.
    GrayImage::from_raw(width, height, luma.collect()).unwrap_or_default()
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
    if bytes.is_empty() {
        return Err(bad(path, "the file is empty".to_owned()));
    }
    if bytes.len() as u64 > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        return Err(bad(path, format!("longer than {most} MiB; give a smaller one")));
    }
    Ok(bytes)
}

fn bad(file: &Path, what: String) -> DataError {
    DataError::Picture { file: file.to_path_buf(), what }
}

/// A picture as its file has it.
struct Decoded {
    picture: DynamicImage,
    orientation: Orientation,
    doubt: Option<Doubt>,
}

fn decode(bytes: Vec<u8>) -> Result<Decoded, String> {
    match image::guess_format(&bytes) {
        Ok(ImageFormat::Jpeg) => decode_jpeg(bytes),
        Ok(ImageFormat::Png) => upright(bytes, ImageFormat::Png, 0, None),
        Ok(other) => Err(format!("{}, and only PNG and JPEG are read", other.to_mime_type())),
        Err(_) => Err(other(&bytes).into()),
    }
}

/// What a file is that is no picture, where that is known.
fn other(bytes: &[u8]) -> &'static str {
    let text = bytes.trim_ascii_start();
    let begins =
        |with: &[u8]| text.len() >= with.len() && text[..with.len()].eq_ignore_ascii_case(with);
    if begins(b"version https://git-lfs") {
        "a pointer of Git LFS, not the picture itself; git lfs pull brings it"
    } else if begins(b"<!doctype html") || begins(b"<html") {
        "a web page, not the picture; fetch it again"
    } else {
        "no PNG or JPEG picture"
    }
}

fn decode_jpeg(bytes: Vec<u8>) -> Result<Decoded, String> {
    match jpeg::read(&bytes, MOST_MEMORY) {
        Ok(whole) => upright(whole.bytes, ImageFormat::Jpeg, whole.memory, whole.doubt),
        Err(Fault::Cut) => {
            Err("the picture is cut off: its coded data end too early; copy the file again".into())
        }
        Err(Fault::Code) => {
            Err("damaged: its coded data hold what is no code; copy it again".into())
        }
        Err(Fault::Large(memory)) => Err(too_large(memory)),
        Err(Fault::Unread) => upright(bytes, ImageFormat::Jpeg, 0, None),
    }
}

fn upright(
    bytes: Vec<u8>,
    format: ImageFormat,
    memory: u64,
    doubt: Option<Doubt>,
) -> Result<Decoded, String> {
    let told = |error: image::ImageError| match error.to_string() {
        text if text.contains("CRC error") => {
            "damaged: a checksum of its data is wrong; copy it again".to_owned()
        }
        text if text.contains("unexpected end") => "the file is cut off; copy it again".to_owned(),
        text if matches!(error, image::ImageError::Decoding(_)) => {
            format!("damaged ({text}); copy it again")
        }
        text => text,
    };
    let mut decoder =
        ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(told)?;
    let memory = memory.max(decoder.total_bytes());
    if memory > MOST_MEMORY {
        return Err(too_large(memory));
    }
    let _alone = (memory > LARGE).then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner));
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    decoder.set_limits(limits).map_err(told)?;
    let exif = decoder.exif_metadata().map_err(told)?;
    let orientation = exif.as_deref().and_then(exif::orientation);
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(told)?;
    Ok(Decoded { picture, orientation, doubt })
}

fn too_large(memory: u64) -> String {
    let (memory, most) = (memory.div_ceil(1 << 20), MOST_MEMORY >> 20);
    format!("decoding would take {memory} MiB, and a picture may take {most}; make it smaller")
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
        let bytes = load(&path, Extent::CIFAR).unwrap().pixels;
        assert_eq!(bytes.len(), 3072);
        assert_eq!((&bytes[..3], &bytes[93..96]), (&[1, 2, 3][..], &[9, 8, 7][..]));
        RgbImage::from_pixel(100, 50, Rgb([7, 7, 7])).save(&path).unwrap();
        assert_eq!(load(&path, Extent::CIFAR).unwrap().pixels, [7; 3072]);
        GrayImage::from_pixel(2, 2, Luma([5])).save(&path).unwrap();
        assert_eq!(load(&path, GREY).unwrap().pixels, [5; 4]);
        assert_eq!(load(&path, Extent::CIFAR).unwrap().pixels, [5; 3072]);
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

    #[test]
    fn what_is_no_picture_is_called_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        RgbImage::from_pixel(9, 9, Rgb([1, 2, 3])).save(&path).unwrap();
        let png = std::fs::read(&path).unwrap();
        let end = png.windows(4).position(|kind| kind == b"IEND").unwrap();
        let mut wrong = png.clone();
        wrong[end - 5] ^= 1;
        let cases: [(&[u8], &str); 7] = [
            (b"", "the file is empty"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
            (b" \n<!DOCTYPE html><html>", "a web page"),
            (b"GIF89a", "image/gif, and only PNG and JPEG are read"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp, and only PNG and JPEG are read"),
            (&wrong, "damaged: a checksum of its data is wrong"),
            (&png[..end - 20], "the file is cut off"),
        ];
        for (bytes, told) in cases {
            std::fs::write(&path, bytes).unwrap();
            let error = load(&path, GREY).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    /// A wide picture with a light corner, as a JPEG whose EXIF says how to turn it.
    fn turned(orientation: u8) -> Vec<u8> {
        let picture =
            RgbImage::from_fn(32, 16, |x, y| Rgb([if x < 16 && y < 8 { 255 } else { 0 }; 3]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        let tiff =
            [&b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"[..], &[orientation], &[0; 6]];
        let exif = [b"Exif\0\0", tiff.concat().as_slice()].concat();
        let head = [&[0xff, 0xd8, 0xff, 0xe1, 0, exif.len() as u8 + 2], &exif[..]].concat();
        [&head, &bytes.get_ref()[2..]].concat()
    }

    #[test]
    fn pictures_stand_as_exif_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        // Which quarters are light, from the upper left, by EXIF 2.32, 4.6.4 A.
        for (orientation, light) in [(1, 0), (2, 1), (3, 3), (4, 2), (5, 0), (6, 1), (7, 3), (8, 2)]
        {
            std::fs::write(&path, turned(orientation)).unwrap();
            let small = load(&path, GREY).unwrap().pixels;
            let found: Vec<bool> = small.iter().map(|&value| value > 128).collect();
            let expected: Vec<bool> = (0..4).map(|at| at == light).collect();
            assert_eq!(found, expected, "orientation {orientation}: {small:?}");
        }
        // A turned picture keeps its own sides until it is scaled.
        let upright = Extent { rows: 32, columns: 16, channels: 3 };
        std::fs::write(&path, turned(6)).unwrap();
        let pixels = load(&path, upright).unwrap().pixels;
        assert!(pixels[15 * 3] > 200 && pixels[0] < 50 && pixels[(31 * 16 + 15) * 3] < 50);
    }

    /// A PNG of a few bytes that says that it is 2³¹ − 1 pixels wide.
    #[test]
    fn a_picture_that_claims_to_be_huge_costs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        RgbImage::from_pixel(1, 1, Rgb([0, 0, 0])).save(&path).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        for side in [[0x7f, 0xff, 0xff, 0xff], [0, 0, 0x50, 0]] {
            for at in [16, 20] {
                bytes[at..at + 4].copy_from_slice(&side);
            }
            let sum = crc(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&sum.to_be_bytes());
            std::fs::write(&path, &bytes).unwrap();
            let error = load(&path, Extent::CIFAR).unwrap_err().to_string();
            assert!(error.contains("MiB") || error.contains("limit"), "{error}");
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
