//! Which numbering, and how many images at once: by what they would take.

use super::numbering::{Numbering, Spacing};
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::tiles::parts::Parts;
use crate::engine::cpu::simd::tiles::product::SIDE;
use crate::engine::cpu::simd::tiles::unit::Unit;
use crate::engine::cpu::simd::turn::{CACHED, CHUNK};
use crate::graph::ConvGeometry;

/// Images that may be added up at once.
const TOGETHER: [usize; 4] = [1, 2, 4, CHUNK];
/// Pixels that several images may have together: their tiles should stay near.
const MOST_PIXELS: usize = 1024;

/// The numbering and the number of images with the fewest cycles an image.
pub fn best(
    geometry: &ConvGeometry,
    tiles: [&TileLayout; 2],
    parts: Parts,
    unit: Unit,
) -> (Numbering, usize) {
    let numberings = Spacing::ALL.map(|spacing| Numbering::new(geometry, spacing));
    let mut best = (usize::MAX, &numberings[0], 1);
    for numbering in &numberings {
        let few = |&&n: &&usize| n == 1 || n * numbering.pixels <= MOST_PIXELS;
        for &together in TOGETHER.iter().filter(few) {
            let cycles = cycles(numbering, together, geometry.groups, tiles, parts, unit);
            if cycles < best.0 {
                best = (cycles, numbering, together);
            }
        }
    }
    (best.1.clone(), best.2)
}

/// About what an image takes: products, packing, sums from and to memory, tiles that are kept.
fn cycles(
    numbering: &Numbering,
    together: usize,
    groups: usize,
    [x, g]: [&TileLayout; 2],
    parts: Parts,
    unit: Unit,
) -> usize {
    let [ci, co] = [x, g].map(|tile| tile.channels.next_multiple_of(SIDE));
    let sums = numbering.taps.len() * ci / groups * co;
    let (products, copied) = match parts {
        Parts::One => (1, 1),
        Parts::Two => (3, 2),
    };
    let multiplied = products * numbering.added(together) * sums / unit.multiply_adds();
    // Sixteen numbers in two cycles.
    let packed =
        numbering.copies.len() * numbering.packed(together) * ci + numbering.added(together) * co;
    let packed = copied * packed / 8;
    let bytes = 2 * size_of::<f32>() * sums;
    let moved = if bytes / 2 <= CACHED { bytes / 32 } else { bytes / 4 };
    let kept = match together {
        1 => 0,
        _ => copied * size_of::<u16>() * (x.len() + g.len()) / 2,
    };
    (multiplied + packed + moved) / together + kept
}
