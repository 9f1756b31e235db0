//! Every numbering, with as many images at once as may be, against sums in f64.

use super::{Case, distance, each_case, each_product, filled, numbers};
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::tiles::gradient::{Numbering, Spacing, TileGradient};
use crate::engine::cpu::simd::tiles::parts::Parts;
use crate::engine::cpu::simd::tiles::plan::TilePlan;
use crate::engine::cpu::simd::tiles::unit::Unit;
use crate::engine::cpu::simd::turn::Turn;
use crate::graph::ConvGeometry;

/// Images of chunks that are not whole: slots are left that were filled before, or never.
const IMAGES: [usize; 2] = [3, 5];

/// The gradient of all images, number by number.
fn wanted(case: &Case, images: &[[Vec<f32>; 2]]) -> Vec<f64> {
    let [rows, cols] = case.geometry.kernel;
    let mut want = vec![0.0; rows * cols * case.ci / case.geometry.groups * case.co];
    for [x, g] in images {
        each_product(case, |i, k, o| want[k] += f64::from(x[i]) * f64::from(g[o]));
    }
    want
}

fn check(case: &Case, unit: Unit, parts: Parts, tolerance: f64) {
    IMAGES.into_iter().for_each(|count| check_images(count, case, unit, parts, tolerance));
}

fn check_images(count: usize, case: &Case, unit: Unit, parts: Parts, tolerance: f64) {
    let Case { geometry, ci, co } = *case;
    let plan = TilePlan::new(geometry, [ci, co], parts, unit).unwrap();
    let tiles: [&TileLayout; 2] = [plan.x_tile(), plan.g_tile()];
    let pixels = [geometry.input, geometry.output()].map(|[rows, cols]| rows * cols);
    let images: Vec<[Vec<f32>; 2]> = (0..count as u32)
        .map(|image| [numbers(2 * image, pixels[0] * ci), numbers(2 * image + 1, pixels[1] * co)])
        .collect();
    let want = wanted(case, &images);
    let spacings = Spacing::ALL.into_iter().flat_map(|s| [1, 2, 4].map(|together| (s, together)));
    for (spacing, together) in spacings {
        let numbering = Numbering::new(&geometry, spacing);
        let plan = TileGradient::numbered(geometry.groups, tiles, parts, numbering, together);
        // Whatever memory held before, it is not a number here.
        let mut memory = [plan.kept_len(), plan.scratch_len()].map(|len| vec![0x7FFF; len]);
        let mut sums = vec![0.0; plan.sums()];
        for (number, [x, g]) in images.iter().enumerate() {
            let turn = Turn { number, last: number + 1 == count };
            let [x, g] = [filled(tiles[0], parts, x), filled(tiles[1], parts, g)];
            let memory = memory.each_mut().map(Vec::as_mut_slice);
            // SAFETY: the machine has AVX-512, and this thread has been configured.
            unsafe { plan.run(unit, turn, [&x, &g], memory, &mut sums) };
        }
        let mut have = vec![0.0; want.len()];
        plan.finish([&sums[..]], &mut have);
        let off = distance(&have, &want);
        let of = format!(
            "{spacing:?} by {together} of {count}: {geometry:?} {ci}→{co} {parts:?} {unit:?}"
        );
        assert!(off < tolerance, "{of} is off by {off:.1e}");
    }
}

#[test]
fn every_numbering_adds_up_the_same_products() {
    each_case(check);
}

/// Small sums are added up image by image; large ones over several, whose rows then are whole.
#[test]
fn images_are_kept_where_sums_leave_the_cache() {
    let kept = |size: usize, channels: usize| {
        let geometry = ConvGeometry {
            input: [size, size],
            kernel: [3, 3],
            padding: [1, 1],
            ..ConvGeometry::POINT
        };
        let plan = TilePlan::new(geometry, [channels; 2], Parts::One, Unit::Dots).unwrap();
        plan.dw_kept_len() / (plan.x_tile().len() + plan.g_tile().len())
    };
    assert_eq!([kept(32, 16), kept(16, 32), kept(8, 64)], [0; 3], "ResNet-20");
    assert_eq!([kept(32, 160), kept(16, 320), kept(8, 640)], [0, 4, 8], "WRN-28-10");
    assert_eq!(kept(4, 512), 8, "ResNet-9");
}
