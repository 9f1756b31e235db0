//! From bytes to numbers.

/// Standardises bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Table {
    /// The value of each byte, by channel.
    Channels(Vec<[f32; 256]>),
    /// A mean for each byte of a picture, and a deviation for each channel.
    Pixels {
        /// Means.
        mean: Vec<f32>,
        /// Deviations.
        std: Vec<f32>,
    },
}

impl Table {
    /// All that it holds: the value of each byte, channel by channel; or the means and then the
    /// deviations.
    pub fn numbers(&self) -> Vec<f32> {
        match self {
            Table::Channels(tables) => tables.concat(),
            Table::Pixels { mean, std } => [mean.as_slice(), std].concat(),
        }
    }

    /// Standardises whole pixels, the first of which begins at byte `at` of its picture; `flip`
    /// writes them last to first.
    pub fn apply(&self, at: usize, pixels: &[u8], out: &mut [f32], flip: bool) {
        match self {
            // The usual numbers of channels as constants, so that these loops are unrolled.
            Table::Channels(tables) => match tables.as_slice() {
                [grey] => look_up([grey], pixels, out, flip),
                [red, green, blue] => look_up([red, green, blue], pixels, out, flip),
                many => each_pixel(many.len(), pixels, out, flip, |_, from, to| {
                    for ((table, &byte), value) in many.iter().zip(from).zip(to) {
                        *value = table[usize::from(byte)];
                    }
                }),
            },
            Table::Pixels { mean, std } => {
                let channels = std.len();
                each_pixel(channels, pixels, out, flip, |pixel, from, to| {
                    let mean = &mean[at + pixel * channels..];
                    for (((&byte, value), mean), std) in from.iter().zip(to).zip(mean).zip(std) {
                        *value = (f32::from(byte) - mean) / std;
                    }
                });
            }
        }
    }
}

fn look_up<const C: usize>(tables: [&[f32; 256]; C], pixels: &[u8], out: &mut [f32], flip: bool) {
    // From the end, a longer output would be filled elsewhere.
    let out = &mut out[..pixels.len()];
    let (from, to) = (pixels.as_chunks::<C>().0.iter(), out.as_chunks_mut::<C>().0.iter_mut());
    let pixel = |(from, to): (&[u8; C], &mut [f32; C])| {
        for channel in 0..C {
            to[channel] = tables[channel][usize::from(from[channel])];
        }
    };
    if flip {
        from.zip(to.rev()).for_each(pixel);
    } else {
        from.zip(to).for_each(pixel);
    }
}

/// Calls `pixel` with each pixel's number, bytes and place.
fn each_pixel(
    channels: usize,
    pixels: &[u8],
    out: &mut [f32],
    flip: bool,
    mut pixel: impl FnMut(usize, &[u8], &mut [f32]),
) {
    let last = (pixels.len() / channels).saturating_sub(1);
    for (number, from) in pixels.chunks_exact(channels).enumerate() {
        let place = if flip { last - number } else { number };
        pixel(number, from, &mut out[place * channels..][..channels]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_change_places_and_channels_do_not() {
        for channels in 1..=4 {
            let table = std::array::from_fn(|byte| byte as f32);
            let table = Table::Channels(vec![table; channels]);
            let pixels: Vec<u8> = (0..3 * channels as u8).collect();
            let mut out = vec![f32::NAN; 3 * channels];
            table.apply(0, &pixels, &mut out, true);
            let flipped = pixels.rchunks(channels).flatten().map(|&byte| f32::from(byte));
            assert_eq!(out, flipped.collect::<Vec<f32>>());
        }
    }
}
