//! What is done to the colours and shapes of pictures, on bytes, as Pillow computes it.

mod affine;
mod blend;
mod hue;
mod tables;

use super::Extent;

pub use affine::Matrix;
pub use blend::luma;

/// An operation on a picture of one or three channels. A factor of 1 leaves pictures as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// Each pixel is the one that a matrix finds; what lies outside is black.
    Affine(Matrix),
    /// Times a factor.
    Brightness(f64),
    /// The distance from the mean grey, times a factor.
    Contrast(f64),
    /// The distance from each pixel's grey, times a factor.
    Saturation(f64),
    /// The distance from what is smoothed, times a factor.
    Sharpness(f64),
    /// A turn of the colour wheel, in parts of 255.
    Hue(i32),
    /// So many binary places of each byte stay.
    Posterize(u32),
    /// Bytes from a threshold on are inverted.
    Solarize(f64),
    /// Each channel is stretched over all bytes.
    AutoContrast,
    /// Each channel has all bytes alike, nearly.
    Equalize,
}

impl Operation {
    /// Changes a picture; `scratch` is what it needs beside it.
    pub fn apply(self, extent: Extent, picture: &mut [u8], scratch: &mut Vec<u8>) {
        let channels = extent.channels;
        match self {
            Operation::Affine(matrix) => matrix.apply(extent, picture, scratch),
            Operation::Brightness(factor) => blend::brightness(factor, picture),
            Operation::Contrast(factor) => blend::contrast(factor, channels, picture),
            Operation::Saturation(factor) => blend::saturation(factor, channels, picture),
            Operation::Sharpness(factor) => blend::sharpness(factor, extent, picture, scratch),
            Operation::Hue(turn) => hue::turn(turn, channels, picture),
            Operation::Posterize(bits) => tables::posterize(bits, picture),
            Operation::Solarize(threshold) => tables::solarize(threshold, picture),
            Operation::AutoContrast => tables::by_channel(channels, picture, tables::stretched),
            Operation::Equalize => tables::by_channel(channels, picture, tables::equalized),
        }
    }
}

#[cfg(test)]
mod tests;
