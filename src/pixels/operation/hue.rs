//! Turns of the colour wheel, by way of Pillow's HSV, whose three parts are bytes.

use crate::pixels::COLOURS;

pub fn turn(by: i32, channels: usize, picture: &mut [u8]) {
    if channels != COLOURS {
        return;
    }
    for pixel in picture.as_chunks_mut::<COLOURS>().0 {
        let [hue, saturation, value] = to_hsv(*pixel);
        // Once around is 256 here, as in torchvision.
        *pixel = to_rgb([hue.wrapping_add(by as u8), saturation, value]);
    }
}

fn to_hsv([red, green, blue]: [u8; 3]) -> [u8; 3] {
    let (high, low) = (red.max(green).max(blue), red.min(green).min(blue));
    if high == low {
        return [0, 0, high];
    }
    let range = f32::from(high) - f32::from(low);
    let below = |byte: u8| (f32::from(high) - f32::from(byte)) / range;
    let sixth = if red == high {
        below(blue) - below(green)
    } else if green == high {
        2.0 + below(red) - below(blue)
    } else {
        4.0 + below(green) - below(red)
    };
    let hue = f64::from(sixth) / 6.0 + 1.0;
    let hue = if hue >= 1.0 { hue - 1.0 } else { hue };
    // Casts are cut off at both ends.
    [(hue * 255.0) as u8, (f64::from(range / f32::from(high)) * 255.0) as u8, high]
}

fn to_rgb([hue, saturation, value]: [u8; 3]) -> [u8; 3] {
    if saturation == 0 {
        return [value; 3];
    }
    let sixth = f32::from(hue) * 6.0 / 255.0;
    let rest = sixth - f32::from(sixth as u8);
    let (full, saturation) = (f32::from(value), f32::from(saturation) / 255.0);
    let less = |part: f32| (full * (1.0 - saturation * part) + 0.5) as u8;
    let (low, falls, rises) = (less(1.0), less(rest), less(1.0 - rest));
    match sixth as u8 % 6 {
        0 => [value, rises, low],
        1 => [falls, value, low],
        2 => [low, value, rises],
        3 => [low, falls, value],
        4 => [rises, low, value],
        5.. => [value, low, falls],
    }
}
