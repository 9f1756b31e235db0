//! Pictures from bytes to numbers.

use super::template::{self, EXPAND};

/// The module for a batch of pictures (batch, rows, columns, channels), standardised by pixel or by
/// channel.
pub fn expand([images, rows, columns, channels]: [usize; 4], by_pixel: bool) -> String {
    let constants = format!(
        "const IMAGES = {images}u;\nconst ROWS = {rows}u;\nconst COLUMNS = {columns}u;\n\
         const CHANNELS = {channels}u;\nconst BY_PIXEL = {by_pixel};\n"
    );
    template::finish(&template::fill(EXPAND, &[("constants", constants)]), String::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::wgpu::validate;

    #[test]
    fn it_is_valid_in_webgpus_core() {
        assert!(validate(EXPAND).is_ok());
        for by_pixel in [false, true] {
            let text = expand([3, 5, 7, 2], by_pixel);
            validate(&text).unwrap();
            assert!(!text.contains("enable") && text.contains("IMAGES = 3u"), "{text}");
        }
    }
}
