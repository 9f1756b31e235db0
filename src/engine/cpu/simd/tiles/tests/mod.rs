//! Against sums in f64, over shapes with odd sizes, strides and channels.

mod gradient;

use super::hardware;
use super::parts::{Parts, halves};
use super::plan::TilePlan;
use super::product::{Product, SIDE};
use super::unit::Unit;
use crate::engine::Precision;
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::turn::Turn;
use crate::graph::{ConvGeometry, random};

/// What the units do, number by number, where there are none.
///
/// # Safety
/// As [`Product::run`], but for the machine.
pub unsafe fn multiply(product: &Product, a: *const u8, b: *const u8, c: *mut u8) {
    // SAFETY: the caller's promise.
    let half = |at: *const u8| unsafe { at.cast::<u16>().read_unaligned() };
    let number = |at: *const u8| f32::from_bits(u32::from(half(at)) << 16);
    let Product { items, rows, columns, steps, a_row, c_row, low, accumulate } = product;
    let [a_low, b_low] = low.unwrap_or_default();
    let parts: &[[usize; 2]] = match low {
        None => &[[0, 0]],
        Some(_) => &[[0, b_low], [0, 0], [a_low, 0]],
    };
    for (item, column) in items.iter().flat_map(|i| columns.iter().map(move |c| (i, c))) {
        for (row, lane) in (0..*rows).flat_map(|row| (0..SIDE).map(move |lane| (row, lane))) {
            let to = c.wrapping_add(item.c + column.c + row * c_row + 4 * lane).cast::<f32>();
            // SAFETY: as above.
            let mut sum = if *accumulate { unsafe { to.read_unaligned() } } else { 0.0 };
            for (step, [a_part, b_part]) in
                steps.iter().flat_map(|s| parts.iter().map(move |p| (s, p)))
            {
                let a = a.wrapping_add(item.a + row * a_row + step.a + a_part);
                let b = b.wrapping_add(column.b + step.b + b_part + 4 * lane);
                for pair in 0..SIDE {
                    for half in [0, 2] {
                        sum += number(a.wrapping_add(4 * pair + half))
                            * number(b.wrapping_add(4 * SIDE * pair + half));
                    }
                }
            }
            // SAFETY: as above.
            unsafe { to.write_unaligned(sum) };
        }
    }
}

struct Case {
    geometry: ConvGeometry,
    ci: usize,
    co: usize,
}

fn cases() -> Vec<Case> {
    let case = |input, kernel, stride, padding, ci, co| Case {
        geometry: ConvGeometry { input, kernel, stride, padding, ..ConvGeometry::POINT },
        ci,
        co,
    };
    let grouped =
        |groups, case: Case| Case { geometry: ConvGeometry { groups, ..case.geometry }, ..case };
    vec![
        grouped(2, case([8, 8], [3, 3], 1, [1, 1], 64, 128)),
        grouped(3, case([9, 9], [3, 2], 2, [1, 0], 96, 96)),
        case([4, 4], [3, 3], 1, [1, 1], 128, 136),
        case([32, 32], [3, 3], 1, [1, 1], 16, 16),
        case([16, 16], [3, 3], 1, [1, 1], 32, 32),
        case([8, 8], [3, 3], 1, [1, 1], 64, 64),
        case([32, 32], [3, 3], 1, [1, 1], 3, 16),
        case([32, 32], [3, 3], 2, [1, 1], 16, 32),
        case([16, 16], [3, 3], 2, [1, 1], 32, 64),
        case([16, 16], [1, 1], 2, [0, 0], 16, 32),
        case([8, 8], [1, 1], 1, [0, 0], 64, 24),
        case([7, 9], [3, 3], 1, [1, 1], 5, 20),
        case([13, 11], [5, 3], 2, [2, 1], 18, 7),
        case([9, 12], [3, 3], 1, [0, 0], 33, 17),
        case([14, 14], [7, 7], 2, [3, 3], 3, 40),
    ]
}

fn numbers(seed: u32, len: usize) -> Vec<f32> {
    let key = random::key(seed, 5);
    (0..len).map(|i| random::uniform(key, i as u32) * 2.0 - 1.0).collect()
}

/// Plain pixels in a bordered tile of bf16 parts; slack and garbage are zero.
fn filled(tile: &TileLayout, parts: Parts, plain: &[f32]) -> Vec<u16> {
    let mut out = vec![0; tile.len() * parts.count()];
    for (pixel, values) in plain.chunks_exact(tile.channels).enumerate() {
        let at = tile.pixel(pixel / tile.image[1], pixel % tile.image[1]);
        for (channel, &value) in values.iter().enumerate() {
            for (part, &half) in halves(value).iter().enumerate().take(parts.count()) {
                out[part * tile.len() + at + channel] = half;
            }
        }
    }
    out
}

/// Every product of the convolution: (element of x, element of w, element of y).
fn each_product(case: &Case, mut visit: impl FnMut(usize, usize, usize)) {
    let Case { geometry: g, ci, co } = case;
    let [rows, cols] = g.output();
    for (y_row, y_col) in (0..rows).flat_map(|r| (0..cols).map(move |c| (r, c))) {
        for (r, c) in (0..g.kernel[0]).flat_map(|r| (0..g.kernel[1]).map(move |c| (r, c))) {
            let [row, col] = [y_row * g.stride + r, y_col * g.stride + c];
            let inside = |at: usize, axis: usize| {
                at.checked_sub(g.padding[axis]).filter(|&at| at < g.input[axis])
            };
            let (Some(row), Some(col)) = (inside(row, 0), inside(col, 1)) else { continue };
            let [read, written] = [ci / g.groups, co / g.groups];
            for o in 0..*co {
                for i in 0..read {
                    let x = (row * g.input[1] + col) * ci + o / written * read + i;
                    let w = ((r * g.kernel[1] + c) * read + i) * co + o;
                    visit(x, w, (y_row * cols + y_col) * co + o);
                }
            }
        }
    }
}

fn distance(have: &[f32], want: &[f64]) -> f64 {
    assert_eq!(have.len(), want.len());
    let off: f64 = have.iter().zip(want).map(|(&h, w)| (f64::from(h) - w).powi(2)).sum();
    (off / want.iter().map(|w| w * w).sum::<f64>()).sqrt()
}

/// The pixels of a result without what lies between them.
fn plain(values: &[f32], layout: &TileLayout, channels: usize) -> Vec<f32> {
    let [rows, cols] = layout.image;
    let pixels = (0..rows).flat_map(|r| (0..cols).map(move |c| (r, c)));
    pixels.flat_map(|(r, c)| values[layout.pixel(r, c)..][..channels].to_vec()).collect()
}

fn check(case: &Case, unit: Unit, parts: Parts, tolerance: f64) {
    let Case { geometry, ci, co } = *case;
    let plan = TilePlan::new(geometry, [ci, co], parts, unit).unwrap();
    let [rows, cols] = geometry.output();
    let pixels = geometry.input[0] * geometry.input[1];
    let (x, g) = (numbers(1, pixels * ci), numbers(2, rows * cols * co));
    let w = numbers(3, geometry.kernel[0] * geometry.kernel[1] * ci / geometry.groups * co);
    let mut want = [vec![0.0; g.len()], vec![0.0; x.len()], vec![0.0; w.len()]];
    let f = f64::from;
    each_product(case, |i, k, o| {
        want[0][o] += f(x[i]) * f(w[k]);
        want[1][i] += f(g[o]) * f(w[k]);
        want[2][k] += f(x[i]) * f(g[o]);
    });
    let (x, g) = (filled(plan.x_tile(), parts, &x), filled(plan.g_tile(), parts, &g));
    let mut packed = vec![0; plan.packed_forward_len()];
    plan.pack_forward(&w, &mut packed);
    let mut y = vec![f32::NAN; plan.y_tile().len()];
    plan.forward(&x, &packed, &mut y);
    let mut packed = vec![0; plan.packed_dx_len()];
    plan.pack_dx(&w, &mut packed);
    let mut dx = vec![f32::NAN; plan.dx_tile().len()];
    plan.dx(&g, &packed, &mut dx);
    let mut memory = [plan.dw_kept_len(), plan.dw_scratch_len()].map(|len| vec![0x7FFF; len]);
    let mut sums = [vec![0.0; plan.dw_len()], vec![0.0; plan.dw_len()]];
    for sums in &mut sums {
        let turn = Turn { number: 0, last: true };
        plan.dw(turn, [&x, &g], memory.each_mut().map(Vec::as_mut_slice), sums);
    }
    let mut dw = vec![0.0; w.len()];
    plan.finish_dw([&sums[0][..]], &mut dw);
    let have = [plain(&y, plan.y_tile(), co), plain(&dx, plan.dx_tile(), ci), dw];
    assert_eq!(sums[0], sums[1]);
    for ((name, have), want) in ["y", "dx", "dw"].iter().zip(&have).zip(&want) {
        let off = distance(have, want);
        let of = format!("{name} of {geometry:?} {ci}→{co} {parts:?} on {unit:?}");
        assert!(off < tolerance, "{of} is off by {off:.1e}");
    }
}

/// Every case on every unit in every precision that it multiplies in, with what that may be off.
fn each_case(check: impl Fn(&Case, Unit, Parts, f64)) {
    if !is_x86_feature_detected!("avx512bw") {
        eprintln!("skipped: this machine has no AVX-512");
        return;
    }
    hardware::configure();
    for (case, unit) in cases().iter().flat_map(|case| Unit::ALL.map(|unit| (case, unit))) {
        // Rounding operands to bf16 is off by up to 2⁻⁹ each; in two parts by about 2⁻¹⁷.
        for (precision, most) in [(Precision::Bf16, 4e-3), (Precision::Bf16x3, 1e-5)] {
            if let Some(parts) = unit.parts(precision) {
                check(case, unit, parts, most);
            }
        }
    }
}

#[test]
fn products_on_tiles_agree_with_sums_in_f64() {
    each_case(check);
}

#[test]
fn halves_add_up() {
    for value in [1.0f32, -3.3, 1e-20, 65_504.3] {
        let [high, low] = halves(value).map(|h| f64::from(f32::from_bits(u32::from(h) << 16)));
        assert!((high + low - f64::from(value)).abs() < f64::from(value).abs() * 1e-5);
    }
    let [high, _] = halves(f32::from_bits(0x7F80_0001));
    assert!(f32::from_bits(u32::from(high) << 16).is_nan());
}
