//! Colours moved away from a duller picture, or towards it: Pillow's `ImageEnhance`.

use super::Extent;
use crate::pixels::COLOURS;

/// A byte's distance from a duller one, times a factor.
fn moved(dull: u8, byte: u8, factor: f32) -> u8 {
    // A cast is cut off at both ends.
    (f32::from(dull) + factor * (f32::from(byte) - f32::from(dull))) as u8
}

pub fn brightness(factor: f64, picture: &mut [u8]) {
    let factor = factor as f32;
    picture.iter_mut().for_each(|byte| *byte = moved(0, *byte, factor));
}

pub fn contrast(factor: f64, channels: usize, picture: &mut [u8]) {
    let sum: u64 = match channels {
        COLOURS => picture.as_chunks::<COLOURS>().0.iter().map(|p| u64::from(luma(*p))).sum(),
        _ => picture.iter().map(|&byte| u64::from(byte)).sum(),
    };
    let pixels = picture.len() / if channels == COLOURS { COLOURS } else { 1 };
    let mean = (sum as f64 / pixels.max(1) as f64 + 0.5) as u8;
    let factor = factor as f32;
    picture.iter_mut().for_each(|byte| *byte = moved(mean, *byte, factor));
}

pub fn saturation(factor: f64, channels: usize, picture: &mut [u8]) {
    if channels != COLOURS {
        return;
    }
    let factor = factor as f32;
    for pixel in picture.as_chunks_mut::<COLOURS>().0 {
        let grey = luma(*pixel);
        pixel.iter_mut().for_each(|byte| *byte = moved(grey, *byte, factor));
    }
}

pub fn sharpness(factor: f64, extent: Extent, picture: &mut [u8], scratch: &mut Vec<u8>) {
    let Extent { rows, columns, channels } = extent;
    scratch.clear();
    scratch.extend_from_slice(picture);
    let line = columns * channels;
    let factor = factor as f32;
    // The border is smoothed nowhere.
    for row in 1..rows.saturating_sub(1) {
        for at in row * line + channels..(row + 1) * line - channels {
            let three = |middle: usize| {
                [middle - channels, middle, middle + channels].map(|at| u32::from(scratch[at]))
            };
            let sum: u32 =
                [at - line, at, at + line].iter().flat_map(|middle| three(*middle)).sum();
            // Of thirteen, the pixel counts five.
            let smooth = (2 * (sum + 4 * u32::from(scratch[at])) + 13) / 26;
            picture[at] = moved(smooth as u8, scratch[at], factor);
        }
    }
}

/// ITU-R BT.601, as Pillow rounds it.
pub fn luma(pixel: [u8; 3]) -> u8 {
    let [red, green, blue] = pixel.map(u32::from);
    ((19_595 * red + 38_470 * green + 7_471 * blue + 0x8000) >> 16) as u8
}
