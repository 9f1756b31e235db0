//! bf16 pixels, channels last → what tiles read in a reduction over pixels.

use std::arch::x86_64::*;

use super::super::product::{DEPTH, Pixels, SIDE};

impl Pixels<'_> {
    /// Channels `first`… of pixels number `pixel` and `pixel + 1`, as the halves of sixteen words.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn pair(&self, pixel: usize, first: usize) -> __m512i {
        let lanes = (self.channels - first).min(SIDE);
        let mask = ((1u32 << lanes) - 1) as __mmask16;
        let one = |pixel: usize| {
            let at = self.at.get(pixel).map_or(Self::NONE, |&at| at) as usize + first;
            match self.values.get(at..at + lanes) {
                None => _mm256_setzero_si256(),
                // SAFETY: the mask leaves out what lies beyond the slice.
                Some(from) => unsafe { _mm256_maskz_loadu_epi16(mask, from.as_ptr().cast()) },
            }
        };
        let low = _mm512_cvtepu16_epi32(one(pixel));
        let high = _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(one(pixel + 1)));
        _mm512_or_si512(low, high)
    }
}

/// Packs `count` pixels, an even number, as B: for each sixteen channels, `block` elements apart,
/// for each pair of pixels, sixteen pairs.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub fn interleave(from: Pixels, count: usize, block: usize, to: &mut [u16]) {
    for (number, to) in to.chunks_exact_mut(block).enumerate() {
        for (pair, to) in to[..count * SIDE].chunks_exact_mut(DEPTH).enumerate() {
            let words = from.pair(2 * pair, number * SIDE);
            // SAFETY: the chunk holds 32 numbers.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), words) };
        }
    }
}

/// `count` pixels, a multiple of 32, of each channel in a row, `pitch` apart; rows beyond the
/// channels, up to a multiple of sixteen, are zero.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub fn transpose(from: Pixels, count: usize, pitch: usize, to: &mut [u16]) {
    for (block, to) in to.chunks_exact_mut(pitch * SIDE).enumerate() {
        for pixel in (0..count).step_by(DEPTH) {
            let mut words = [_mm512_setzero_si512(); SIDE];
            for (pair, words) in words.iter_mut().enumerate() {
                *words = from.pair(pixel + 2 * pair, block * SIDE);
            }
            for (row, words) in square(words).into_iter().enumerate() {
                let to = &mut to[row * pitch + pixel..][..DEPTH];
                // SAFETY: the slice holds 32 numbers.
                unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), words) };
            }
        }
    }
}

/// Transposes sixteen rows of sixteen words.
#[inline]
#[target_feature(enable = "avx512f")]
fn square(rows: [__m512i; SIDE]) -> [__m512i; SIDE] {
    let mut two = rows;
    for i in (0..SIDE).step_by(2) {
        two[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        two[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    // Within each 128-bit lane: word `i` of rows 4k … 4k + 3.
    let mut four = rows;
    for i in (0..SIDE).step_by(4) {
        four[i] = _mm512_unpacklo_epi64(two[i], two[i + 2]);
        four[i + 1] = _mm512_unpackhi_epi64(two[i], two[i + 2]);
        four[i + 2] = _mm512_unpacklo_epi64(two[i + 1], two[i + 3]);
        four[i + 3] = _mm512_unpackhi_epi64(two[i + 1], two[i + 3]);
    }
    // Gathering lane `l` of the four groups makes word 4l + i of all sixteen rows.
    let mut out = rows;
    for i in 0..4 {
        let [a, b, c, d] = [four[i], four[i + 4], four[i + 8], four[i + 12]];
        let ab_even = _mm512_shuffle_i32x4::<0x88>(a, b);
        let cd_even = _mm512_shuffle_i32x4::<0x88>(c, d);
        let ab_odd = _mm512_shuffle_i32x4::<0xDD>(a, b);
        let cd_odd = _mm512_shuffle_i32x4::<0xDD>(c, d);
        out[i] = _mm512_shuffle_i32x4::<0x88>(ab_even, cd_even);
        out[4 + i] = _mm512_shuffle_i32x4::<0x88>(ab_odd, cd_odd);
        out[8 + i] = _mm512_shuffle_i32x4::<0xDD>(ab_even, cd_even);
        out[12 + i] = _mm512_shuffle_i32x4::<0xDD>(ab_odd, cd_odd);
    }
    out
}
