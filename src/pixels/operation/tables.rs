//! A byte for each byte: Pillow's `ImageOps`.

/// A byte for each byte.
type Lookup = [u8; 256];

pub fn posterize(bits: u32, picture: &mut [u8]) {
    let mask = 0xff_u8.checked_shl(8 - bits.min(8)).unwrap_or(0);
    picture.iter_mut().for_each(|byte| *byte &= mask);
}

pub fn solarize(threshold: f64, picture: &mut [u8]) {
    for byte in picture.iter_mut().filter(|byte| f64::from(**byte) >= threshold) {
        *byte = 255 - *byte;
    }
}

/// Each channel by a table that its own bytes give.
pub fn by_channel(channels: usize, picture: &mut [u8], table: fn(&[u64; 256]) -> Option<Lookup>) {
    for channel in 0..channels {
        let mut counts = [0; 256];
        let of_channel = picture.iter().skip(channel).step_by(channels);
        of_channel.for_each(|&byte| counts[usize::from(byte)] += 1);
        let Some(table) = table(&counts) else { continue };
        let of_channel = picture.iter_mut().skip(channel).step_by(channels);
        of_channel.for_each(|byte| *byte = table[usize::from(*byte)]);
    }
}

/// From the smallest to the largest byte that there is.
pub fn stretched(counts: &[u64; 256]) -> Option<Lookup> {
    let low = counts.iter().position(|count| *count > 0)?;
    let high = counts.iter().rposition(|count| *count > 0)?;
    if high <= low {
        return None;
    }
    let scale = 255.0 / (high - low) as f64;
    let offset = -(low as f64) * scale;
    // A cast is cut off at both ends.
    Some(std::array::from_fn(|byte| (byte as f64 * scale + offset) as u8))
}

/// By how many pixels have smaller bytes.
pub fn equalized(counts: &[u64; 256]) -> Option<Lookup> {
    let last = counts.iter().rposition(|count| *count > 0)?;
    let step = (counts.iter().sum::<u64>() - counts[last]) / 255;
    if step == 0 {
        return None;
    }
    let mut sum = step / 2;
    Some(std::array::from_fn(|byte| {
        let level = sum / step;
        sum += counts[byte];
        level.min(255) as u8
    }))
}
