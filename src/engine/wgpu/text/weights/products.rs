//! What units add up of a staged strip. A unit of a workgroup is told by its slice, then by its rows
//! of the kernel, its input channels and its output channels.

use crate::engine::wgpu::cut::{Contraction, Sight, Unit, WeightBlocking, Weights};

use super::super::matrices::matrix;
use super::super::scalar::part;

/// A place of the kernel among a unit's, from the first of its rows.
pub(super) struct Place {
    pub row: usize,
    pub column: usize,
}

/// The places of a unit.
pub(super) fn taken(cut: &Weights) -> impl Iterator<Item = Place> + use<> {
    let [rows, columns] = [cut.blocking.unit.kernel_rows, cut.kernel[1]];
    (0..rows).flat_map(move |row| (0..columns).map(move |column| Place { row, column }))
}

/// The name of the sums at a place, of these blocks.
pub(super) fn sum(place: &Place, [down, across]: [usize; 2]) -> String {
    format!("acc{}_{}_{down}_{across}", place.row, place.column)
}

/// Blocks of input and of output channels of a unit.
pub(super) fn blocks(cut: &Weights) -> impl Iterator<Item = [usize; 2]> + use<> {
    let Unit { down, across, .. } = cut.blocking.unit;
    (0..down).flat_map(move |i| (0..across).map(move |j| [i, j]))
}

/// Names of what a unit is, and its sums.
pub(super) fn accumulators(cut: &Weights) -> String {
    let WeightBlocking { unit, .. } = cut.blocking;
    let [_, inputs, outputs] = cut.units();
    let one = if cut.strip.by_matrices() { "subgroup" } else { "thread" };
    let units: usize = cut.units().iter().product();
    let mut out = format!(
        "let slice = {one} / {units}u;
let unit = {one} % {units}u;
let kernel_row = unit / {}u * {}u;
let unit_channel = unit / {outputs}u % {inputs}u * {}u;
let unit_col = unit % {outputs}u * {}u;
",
        inputs * outputs,
        unit.kernel_rows,
        unit.down * cut.block,
        unit.across * cut.block
    );
    for place in taken(cut) {
        for [i, j] in blocks(cut) {
            let name = sum(&place, [i, j]);
            if cut.strip.by_matrices() {
                out += &format!("var {name} = {}();\n", matrix(cut.block, 'C'));
            } else {
                (0..4).for_each(|c| out += &format!("var {name}_{c} = V(0.0);\n"));
            }
        }
    }
    out
}

/// The products of a strip.
pub(super) fn products(it: &Contraction, cut: &Weights) -> String {
    let [rows, columns] = [0, 1].map(|axis| Sight::of(it, axis));
    let down = rows.taps.get(1).map_or(0, |tap| tap.offset);
    let places: Vec<_> = taken(cut)
        .map(|place| {
            (cut.strip.reach([place.row * down, columns.taps[place.column].offset]), place)
        })
        .collect();
    let (strip, slices) = (&cut.strip, cut.blocking.slices);
    let (runs, stride) = (strip.runs(), strip.left().stride);
    let row = strip.pitch() / stride;
    let (of_run, of_kernel) = (strip.row_stride * row, down * row);
    let head = format!(
        "for (var q = slice; q < {}u; q += {slices}u) {{
    let base = (q / {runs}u * {of_run}u + q % {runs}u * {}u + kernel_row * {of_kernel}u) * {stride}u + unit_channel / 4u;
    let other = q * {}u + unit_col / 4u;
",
        strip.class_runs(),
        strip.run,
        strip.run * cut.right().stride
    );
    let body = match cut.blocking.unit.pixels {
        Some(pixels) => by_threads(cut, pixels, &places),
        None => by_matrices(cut, &places),
    };
    head + &body + "}\n"
}

/// A run of pixels is the depth of a product of matrices.
fn by_matrices(cut: &Weights, places: &[(usize, Place)]) -> String {
    let Unit { down, across, .. } = cut.blocking.unit;
    let (edge, left, right, parts) = (cut.block, cut.strip.left(), cut.right(), cut.strip.parts);
    let [a, b] = ['A', 'B'].map(|role| matrix(edge, role));
    let mut out = String::new();
    for part in 0..parts {
        for j in 0..across {
            let at = part * right.len + j * edge / 4;
            out += &format!(
                "    let b{part}_{j} = coopLoadT<{b}>(&tile_b[other + {at}u], {}u);\n",
                right.stride
            );
        }
    }
    for (reach, place) in places {
        out += "    {\n";
        for i in 0..down {
            for part in 0..parts {
                let at = part * left.len + reach + i * edge / 4;
                out += &format!(
                    "        let a{part}_{i} = coopLoad<{a}>(&tile_a[base + {at}u], {}u);\n",
                    left.stride
                );
            }
            for j in 0..across {
                let acc = sum(place, [i, j]);
                for [x, y] in cut.strip.products() {
                    out +=
                        &format!("        {acc} = coopMultiplyAdd(a{x}_{i}, b{y}_{j}, {acc});\n");
                }
            }
        }
        out += "    }\n";
    }
    out
}

/// A run of pixels is in a thread's registers: each staged four is read once for all places.
fn by_threads(cut: &Weights, pixels: usize, places: &[(usize, Place)]) -> String {
    let Unit { down, across, .. } = cut.blocking.unit;
    let (left, right) = (cut.strip.left().stride, cut.right().stride);
    let mut seen: Vec<usize> = places
        .iter()
        .flat_map(|(reach, _)| (0..pixels).map(move |pixel| reach + pixel * left))
        .collect();
    seen.sort_unstable();
    seen.dedup();
    let mut out = String::new();
    for pixel in 0..pixels {
        for j in 0..across {
            let at = pixel * right + j;
            out += &format!("    let b{pixel}_{j} = tile_b[other + {at}u];\n");
        }
    }
    for i in 0..down {
        out += "    {\n";
        for at in &seen {
            out += &format!("        let a{at} = tile_a[base + {}u];\n", at + i);
        }
        for (reach, place) in places {
            for j in 0..across {
                for c in 0..4 {
                    let acc = format!("{}_{c}", sum(place, [i, j]));
                    let terms: String = (0..pixels)
                        .map(|p| format!(" + a{}{} * b{p}_{j}", reach + p * left, part(4, c)))
                        .collect();
                    out += &format!("        {acc} = {acc}{terms};\n");
                }
            }
        }
        out += "    }\n";
    }
    out
}
