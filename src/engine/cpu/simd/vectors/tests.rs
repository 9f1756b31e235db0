//! Every instruction set of this machine against three loops in f64.

use super::*;
use crate::engine::EngineError;
use crate::engine::cpu::operand::{Border, TileLayout};
use crate::graph::ConvGeometry;

/// A small generator for test data and shapes.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.next() as usize % from.len()]
    }

    /// Numbers in [−1, 1).
    fn values(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.next() as f32 / (1u64 << 30) as f32 - 1.0).collect()
    }
}

#[derive(Clone, Copy, Debug)]
struct Case {
    geometry: ConvGeometry,
    ci: usize,
    co: usize,
}

/// A plain image × weights problem, and what the definition says of it.
struct Problem {
    case: Case,
    x: Vec<f32>,
    w: Vec<f32>,
    g: Vec<f32>,
}

impl Problem {
    fn new(case: Case, random: &mut Random) -> Self {
        let ConvGeometry { input, kernel, .. } = case.geometry;
        let output = case.geometry.output();
        Problem {
            case,
            x: random.values(input[0] * input[1] * case.ci),
            w: random.values(kernel[0] * kernel[1] * case.ci / case.geometry.groups * case.co),
            g: random.values(output[0] * output[1] * case.co),
        }
    }

    /// Calls `visit(x index, w index, y index)` for every product of the definition.
    fn products(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let Case { geometry, ci, co } = self.case;
        let ConvGeometry { input, kernel, stride, padding, groups } = geometry;
        let [read, written] = [ci, co].map(|channels| channels / groups);
        let output = geometry.output();
        for (oy, ox) in pairs(output) {
            for (r, s) in pairs(kernel) {
                let (iy, ix) = (oy * stride + r, ox * stride + s);
                let inside =
                    |i: usize, axis: usize| i >= padding[axis] && i < padding[axis] + input[axis];
                if !inside(iy, 0) || !inside(ix, 1) {
                    continue;
                }
                let pixel = (iy - padding[0]) * input[1] + ix - padding[1];
                for (c, k) in pairs([read, co]) {
                    let w = ((r * kernel[1] + s) * read + c) * co + k;
                    let from = k / written * read + c;
                    visit(pixel * ci + from, w, (oy * output[1] + ox) * co + k);
                }
            }
        }
    }

    /// What the definition says: y, dx and dw.
    fn oracle(&self) -> [Vec<f64>; 3] {
        let mut y = vec![0.0; self.g.len()];
        let mut dx = vec![0.0; self.x.len()];
        let mut dw = vec![0.0; self.w.len()];
        self.products(|i, j, k| {
            let (x, w, g) = (self.x[i] as f64, self.w[j] as f64, self.g[k] as f64);
            y[k] += x * w;
            dx[i] += w * g;
            dw[j] += x * g;
        });
        [y, dx, dw]
    }
}

fn pairs([a, b]: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    (0..a).flat_map(move |i| (0..b).map(move |j| (i, j)))
}

/// The image in a tile of its layout; what has no influence is not a number.
fn tile(layout: &TileLayout, image: &[f32]) -> Vec<f32> {
    let mut tile = vec![0.0; layout.len()];
    let row_len = layout.image[1] * layout.channels;
    for (row, from) in image.chunks_exact(row_len).enumerate() {
        let at = layout.pixel(row, 0);
        tile[at..at + row_len].copy_from_slice(from);
    }
    let used = tile.len() - layout.slack;
    tile[used..].fill(f32::NAN);
    tile
}

const GUARD: usize = 70;

/// Runs `write` on the middle of a larger buffer full of `initial`; the rest must stay.
fn guarded(len: usize, initial: f32, write: impl FnOnce(&mut [f32])) -> Vec<f32> {
    let mut buffer = vec![-12345.0; len + 2 * GUARD];
    buffer[GUARD..GUARD + len].fill(initial);
    write(&mut buffer[GUARD..GUARD + len]);
    let outside = buffer[..GUARD].iter().chain(&buffer[GUARD + len..]);
    assert!(outside.copied().all(|v| v == -12345.0), "written outside of the output");
    buffer[GUARD..GUARD + len].to_vec()
}

/// y, dx and dw (three times the image's: of two images in one accumulator, and in another) by a
/// plan's kernels.
fn computed(plan: &VectorPlan, problem: &Problem) -> [Vec<f32>; 3] {
    let x = tile(plan.x_tile(), &problem.x);
    let g = tile(plan.g_tile(), &problem.g);
    let nan = f32::NAN;
    let packed = guarded(plan.packed_forward_len(), nan, |out| plan.pack_forward(&problem.w, out));
    let y = guarded(plan.y_len(), nan, |y| plan.forward(&x, &packed, y));
    let packed = guarded(plan.packed_dx_len(), nan, |out| plan.pack_dx(&problem.w, out));
    let dx = guarded(plan.dx_len(), nan, |dx| plan.dx(&g, &packed, dx));
    let parts = [2, 1].map(|images| {
        guarded(plan.dw_len(), 0.0, |acc| weight_gradients(plan, [&x, &g], images, acc))
    });
    let parts = parts.iter().map(Vec::as_slice);
    let dw = guarded(plan.w_len(), nan, |out| plan.finish_dw(parts, out));
    [y, dx, dw]
}

/// Adds so many equal images' gradients; memory holds no numbers before.
fn weight_gradients(plan: &VectorPlan, operands: [&[f32]; 2], images: usize, acc: &mut [f32]) {
    let [kept, scratch] = plan.dw_memory();
    guarded(kept, f32::NAN, |kept| {
        guarded(scratch, f32::NAN, |scratch| {
            for number in 0..images {
                let turn = Turn { number, last: number + 1 == images };
                plan.dw(turn, operands, [&mut *kept, &mut *scratch], acc);
            }
        });
    });
}

/// Sums of n products of numbers in [−1, 1) grow as √n/3, and rounding each partial sum adds up
/// to 7e-9·n in the mean square; eight times that is the unit roundoff times n.
fn assert_close(name: &str, case: &dyn std::fmt::Debug, got: &[f32], want: &[f64], terms: usize) {
    let tolerance = 2f64.powi(-23) * terms as f64 + 1e-6;
    assert_eq!(got.len(), want.len());
    for (i, (&a, &b)) in got.iter().zip(want).enumerate() {
        let error = (a as f64 - b).abs();
        assert!(error <= tolerance, "{name}[{i}] of {case:?}: {a} instead of {b}");
    }
}

fn check(case: Case, isa: Isa, random: &mut Random) {
    let problem = Problem::new(case, random);
    let border = |random: &mut Random| Border {
        top: random.pick(&[0, 0, 3]),
        left: random.pick(&[0, 0, 2]),
        bottom: random.pick(&[0, 0, 1]),
        right: random.pick(&[0, 0, 4]),
    };
    let Case { geometry, ci, co } = case;
    let plan =
        VectorPlan::with_borders(geometry, ci, co, isa, border(random), border(random)).unwrap();
    let [y, dx, dw] = computed(&plan, &problem);
    let [y_want, dx_want, mut dw_want] = problem.oracle();
    dw_want.iter_mut().for_each(|v| *v *= 3.0);
    let taps = geometry.kernel[0] * geometry.kernel[1];
    let pixels = geometry.output()[0] * geometry.output()[1];
    let label = (isa, case);
    let [read, written] = [ci, co].map(|channels| channels / geometry.groups);
    assert_close("y", &label, &y, &y_want, taps * read);
    assert_close("dx", &label, &dx, &dx_want, taps * written);
    assert_close("dw", &label, &dw, &dw_want, 3 * pixels);
    let products = geometry.output()[0] * geometry.output()[1] * taps * ci * co;
    let left = dot(&y, &problem.g);
    let right = dot(&problem.x, &dx);
    let tolerance = 2f64.powi(-24) * products as f64 + 1e-5;
    assert!((left - right).abs() <= tolerance, "<y, g> = {left}, <x, dx> = {right}: {label:?}");
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| a as f64 * b as f64).sum()
}

fn square(input: usize, kernel: usize, stride: usize, padding: usize) -> ConvGeometry {
    ConvGeometry {
        input: [input; 2],
        kernel: [kernel; 2],
        stride,
        padding: [padding; 2],
        ..ConvGeometry::POINT
    }
}

#[test]
fn shapes_of_residual_networks() {
    let shapes = [
        (square(32, 3, 1, 1), 3, 16),
        (square(32, 3, 1, 1), 16, 16),
        (square(32, 3, 2, 1), 16, 32),
        (square(32, 1, 2, 0), 16, 32),
        (square(16, 3, 1, 1), 32, 32),
        (square(8, 3, 1, 1), 64, 64),
        (square(32, 1, 1, 0), 64, 16),
        (square(8, 1, 1, 0), 256, 64),
        (square(1, 1, 1, 0), 64, 10),
        (square(8, 8, 1, 0), 64, 10),
        (square(8, 8, 3, 0), 3, 10),
        (square(56, 7, 2, 3), 3, 64),
        (square(28, 3, 1, 1), 1, 8),
        // Several images' tiles at once; more rows of tiles than are taken at once.
        (square(4, 3, 1, 1), 128, 96),
        (square(40, 3, 1, 1), 32, 32),
    ];
    let mut random = Random(1);
    for isa in Isa::available() {
        for (geometry, ci, co) in shapes {
            check(Case { geometry, ci, co }, isa, &mut random);
        }
    }
}

#[test]
fn shapes_at_random() {
    let mut random = Random(2);
    let channels = [1, 3, 5, 10, 16, 17, 32, 48, 64, 100];
    for _ in 0..250 {
        let stride = random.pick(&[1, 2, 3]);
        let mut axis = || {
            let (kernel, padding) = (random.pick(&[1, 3, 5, 7]), random.pick(&[0, 1, 2, 3]));
            let least = usize::max(1, usize::saturating_sub(kernel, 2 * padding));
            (kernel, padding, usize::max(least, random.pick(&[1, 2, 3, 4, 5, 6, 7, 8, 9])))
        };
        let (rows, cols) = (axis(), axis());
        let geometry = ConvGeometry {
            input: [rows.2, cols.2],
            kernel: [rows.0, cols.0],
            stride,
            padding: [rows.1, cols.1],
            ..ConvGeometry::POINT
        };
        let (mut ci, mut co) = (random.pick(&channels), random.pick(&channels));
        if rows.0 * cols.0 > 9 {
            (ci, co) = (ci.min(17), co.min(32));
        }
        for isa in Isa::available() {
            check(Case { geometry, ci, co }, isa, &mut random);
        }
    }
}

#[test]
fn groups_of_every_width() {
    let mut random = Random(5);
    let grouped = |geometry, groups| ConvGeometry { groups, ..geometry };
    // Groups, and the channels that each reads and writes.
    let widths = [
        (2, 1, 1),
        (7, 1, 1),
        (17, 1, 1),
        (32, 1, 1),
        (50, 1, 1),
        (16, 1, 2),
        (5, 1, 3),
        (3, 2, 1),
        (8, 4, 4),
        (4, 8, 8),
        (3, 16, 16),
        (2, 5, 7),
        (2, 17, 3),
        (2, 32, 32),
        (3, 64, 32),
        (2, 33, 48),
    ];
    for (groups, read, written) in widths {
        for geometry in [
            square(8, 3, 1, 1),
            square(9, 3, 2, 1),
            square(6, 1, 1, 0),
            square(7, 5, 1, 2),
            square(8, 5, 3, 1),
            square(4, 4, 1, 0),
            square(7, 2, 2, 0),
            square(3, 1, 2, 0),
        ] {
            let geometry = grouped(geometry, groups);
            for isa in Isa::available() {
                check(Case { geometry, ci: groups * read, co: groups * written }, isa, &mut random);
            }
        }
    }
    // More of a group's weights than a chunk has; more rows and channels than are taken at once.
    for (geometry, ci, co) in [
        (grouped(square(7, 3, 2, 1), 2), 192, 64),
        (grouped(square(30, 3, 1, 1), 130), 130, 130),
        (grouped(square(33, 3, 2, 1), 70), 140, 140),
    ] {
        for isa in Isa::available() {
            check(Case { geometry, ci, co }, isa, &mut random);
        }
    }
}

#[test]
fn narrowest_borders_follow_from_the_geometry() {
    let isa = Isa::available()[0];
    let border = |top, left, bottom, right| Border { top, left, bottom, right };
    let plan = |geometry| VectorPlan::new(geometry, 4, 8, isa).unwrap();
    let same = plan(square(8, 3, 1, 1));
    assert_eq!(same.x_tile().border, border(1, 1, 1, 1));
    assert_eq!(same.g_tile().border, border(1, 1, 1, 1));
    assert_eq!(same.x_tile().len(), 10 * 10 * 4);
    assert_eq!(plan(square(8, 1, 1, 0)).g_tile().border, Border::default());
    assert_eq!(plan(square(8, 5, 1, 0)).g_tile().border, border(4, 4, 4, 4));
    assert_eq!(plan(square(8, 8, 1, 0)).g_tile().border, Border::default());
    // Input row 2q − 1 + r reads output rows q, and q − 1 for r = 2: none above row 0, and row 4
    // of 4 for q = 4, a = 0 is input row 7.
    assert_eq!(plan(square(8, 3, 2, 1)).g_tile().border, border(0, 0, 1, 1));
    // A row that the stride leaves out reads below the last output row.
    assert_eq!(plan(square(8, 3, 2, 0)).g_tile().border, border(1, 1, 1, 1));
}

#[test]
fn same_operands_give_the_same_bits() {
    let case = Case { geometry: square(9, 3, 2, 1), ci: 17, co: 33 };
    let problem = Problem::new(case, &mut Random(3));
    for isa in Isa::available() {
        let plan = || VectorPlan::new(case.geometry, case.ci, case.co, isa).unwrap();
        assert_eq!(computed(&plan(), &problem), computed(&plan(), &problem));
    }
}

#[test]
fn an_instruction_set_that_is_missing_is_an_error() {
    assert_eq!(Isa::choose(Some("portable")).unwrap().name(), "portable");
    assert_eq!(Isa::choose(None).unwrap(), *Isa::available().last().unwrap());
    let text = Isa::choose(Some("sve")).unwrap_err().to_string();
    assert!(text.starts_with("RNETC_CPU=sve: this machine has portable"), "{text}");
}

#[test]
fn impossible_geometries_are_errors() {
    let isa = Isa::available()[0];
    let plan = |geometry, ci, co| VectorPlan::new(geometry, ci, co, isa).err();
    assert!(matches!(plan(square(2, 3, 1, 0), 1, 1), Some(EngineError::NoOutput { .. })));
    assert!(matches!(plan(square(8, 3, 0, 1), 1, 1), Some(EngineError::NoOutput { .. })));
    assert!(matches!(plan(square(8, 3, 1, 1), 0, 1), Some(EngineError::NoOutput { .. })));
    let halves = ConvGeometry { groups: 2, ..square(8, 3, 1, 1) };
    assert!(matches!(plan(halves, 3, 2), Some(EngineError::NoOutput { .. })));
    assert!(matches!(plan(halves, 2, 3), Some(EngineError::NoOutput { .. })));
    assert!(plan(halves, 2, 4).is_none());
    let huge = square(usize::MAX / 4, 3, 1, 1);
    assert!(matches!(plan(huge, 1, 1), Some(EngineError::OutOfMemory { .. })));
    let large = square(1 << 18, 3, 1, 1);
    assert!(matches!(plan(large, 64, 64), Some(EngineError::OutOfMemory { .. })));
    let sparse = square(64, 1, 1 << 20, 0);
    assert!(plan(sparse, 1, 1).is_none());
}
