//! Products of what has been staged: by matrices that subgroups hold together, or by threads.

use crate::engine::wgpu::cut::{Contraction, Share, Sight, Strip, StripBlocking, Tap};

use super::super::matrices::matrix;

/// By what weights in two parts are multiplied, and sums divided: theirs are small numbers, whose
/// second parts would fall below what f16 holds.
pub(super) const RIGHT_SCALE: u32 = 64;

/// Memory of operands and sums, and what reads a thread's sums from it.
pub(super) fn memory(strip: &Strip) -> String {
    let [left, right] = [strip.left().len, strip.right().len].map(|len| len * strip.parts);
    if !strip.by_matrices() {
        return format!(
            "var<workgroup> tile_a: array<vec4<f32>, {left}>;\nvar<workgroup> tile_b: array<V, {right}>;\n"
        );
    }
    let (edge, channels) = (strip.run, strip.blocking.channels);
    let part = if strip.width == 1 { "[lane % 4u]" } else { "" };
    let scaled = if strip.parts == 2 { format!(" / {RIGHT_SCALE}.0") } else { String::new() };
    format!(
        "var<workgroup> tile_a: array<vec4<f16>, {left}>;
var<workgroup> tile_b: array<vec4<f16>, {right}>;
var<workgroup> tile_c: array<vec4<f32>, {}>;

fn product(row: u32, lane: u32) -> V {{
    let block = row / {edge}u * {}u + lane * WIDTH / {edge}u;
    return tile_c[block * {}u + row % {edge}u * {}u + lane * WIDTH % {edge}u / 4u]{part}{scaled};
}}
",
        strip.tile_rows() * channels / 4,
        channels / edge,
        edge * edge / 4,
        edge / 4
    )
}

/// The row of the tile of a thread's element.
pub(super) fn tile_row(strip: &Strip, element: usize) -> String {
    match strip.blocking.share {
        Share::Matrices { .. } => format!("strip + {element}u * STRIPS"),
        Share::Pixels(run) => {
            let (class, pixel) = (element / run, element % run);
            format!("{}u + strip * {run}u", class * strip.class_runs() * run + pixel)
        }
    }
}

/// A thread's sum.
pub(super) fn sum(strip: &Strip, element: usize) -> String {
    match strip.blocking.share {
        Share::Matrices { .. } => format!("product({}, lane)", tile_row(strip, element)),
        Share::Pixels(run) => format!("acc{}_{}", element / run, element % run),
    }
}

/// The sums, and where a thread's or subgroup's runs begin in the staged pixels.
pub(super) fn accumulators(strip: &Strip) -> String {
    let classes = strip.classes * strip.classes;
    let mut out = String::new();
    match strip.blocking.share {
        Share::Pixels(run) => {
            out += &format!("let base = {};\n", base(strip, "strip"));
            for class in 0..classes {
                (0..run).for_each(|p| out += &format!("var acc{class}_{p} = V(0.0);\n"));
            }
        }
        Share::Matrices { down, across } => {
            let side = strip.side();
            out += &format!("let matrix_run = subgroup / {side}u * {down}u;\n");
            out += &format!("let matrix_col = subgroup % {side}u * {}u;\n", across * strip.run);
            for i in 0..down {
                out += &format!(
                    "let run{i} = matrix_run + {i}u;\nlet base{i} = {};\n",
                    base(strip, &format!("run{i}"))
                );
            }
            for class in 0..classes {
                for (i, j) in pairs(down, across) {
                    out += &format!("var acc{class}_{i}_{j} = {}();\n", matrix(strip.run, 'C'));
                }
            }
        }
    }
    out
}

/// Where what a run's first pixel sees first is staged.
fn base(strip: &Strip, run: &str) -> String {
    let (runs, stride) = (strip.runs(), strip.left().stride);
    let row = strip.row_stride * strip.pitch() / stride;
    format!("({run} / {runs}u * {row}u + {run} % {runs}u * {}u) * {stride}u", strip.run)
}

fn pairs(down: usize, across: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..down).flat_map(move |i| (0..across).map(move |j| (i, j)))
}

/// A place of the kernel as all that multiplies it knows it.
struct Place {
    class: usize,
    /// Among the places whose weights are staged together.
    staged: usize,
    offset: [usize; 2],
}

/// The places of one row of the kernel, or of all rows.
fn taken(it: &Contraction, strip: &Strip, row: Option<usize>) -> Vec<Vec<Place>> {
    let [rows, columns] = [0, 1].map(|axis| Sight::of(it, axis).taps);
    let rows = rows.into_iter().filter(|tap| row.is_none_or(|row| tap.place == row));
    let across = it.geometry.kernel[1];
    let place = |down: &Tap, tap: &Tap| Place {
        class: down.class * strip.classes + tap.class,
        staged: if row.is_some() { tap.place } else { down.place * across + tap.place },
        offset: [down.offset, tap.offset],
    };
    rows.map(|down| columns.iter().map(|tap| place(&down, tap)).collect()).collect()
}

/// The products of one chunk with the weights of one row of the kernel, or of all.
pub(super) fn products(it: &Contraction, strip: &Strip, row: Option<usize>) -> String {
    let rows = taken(it, strip, row);
    match strip.blocking.share {
        Share::Pixels(run) => {
            let mut out = format!("for (var q = 0u; q < {}u; q++) {{\n", strip.blocking.chunk / 4);
            rows.iter().for_each(|row| out += &by_threads(strip, run, row));
            out + "}\n"
        }
        Share::Matrices { down, across } => {
            rows.iter().flatten().map(|place| by_matrices(strip, [down, across], place)).collect()
        }
    }
}

/// What threads multiply in one row of the kernel: each pixel is read once for all its places.
fn by_threads(strip: &Strip, run: usize, row: &[Place]) -> String {
    let chunk = strip.blocking.chunk;
    let stride = strip.left().stride;
    let at = |place: &Place, pixel: usize| strip.reach(place.offset) / stride + pixel;
    let mut seen: Vec<usize> =
        row.iter().flat_map(|place| (0..run).map(|pixel| at(place, pixel))).collect();
    seen.sort_unstable();
    seen.dedup();
    let mut out = "    {\n".to_owned();
    for pixel in &seen {
        out += &format!("        let a{pixel} = tile_a[base + {}u + q];\n", pixel * stride);
    }
    for place in row {
        out += "        {\n";
        for (c, part) in ["x", "y", "z", "w"].into_iter().enumerate() {
            let first = place.staged * chunk + c;
            out += &format!("            let b{c} = tile_b[({first}u + q * 4u) * LANES + lane];\n");
            for pixel in 0..run {
                let a = at(place, pixel);
                out += &format!("            acc{}_{pixel} += a{a}.{part} * b{c};\n", place.class);
            }
        }
        out += "        }\n";
    }
    out + "    }\n"
}

/// What a subgroup multiplies at one place of the kernel.
fn by_matrices(strip: &Strip, [down, across]: [usize; 2], place: &Place) -> String {
    let StripBlocking { channels, chunk, .. } = strip.blocking;
    let (edge, left, right) = (strip.run, strip.left(), strip.right());
    let [a, b] = ['A', 'B'].map(|role| matrix(edge, role));
    let class = place.class;
    let mut out = "{\n".to_owned();
    for k in (0..chunk).step_by(edge) {
        for (part, j) in pairs(strip.parts, across) {
            let first = part * right.len;
            let (load, at) = if strip.turned() {
                let row = place.staged * channels + j * edge;
                (
                    "coopLoad",
                    format!("{}u + ({row}u + matrix_col) * {}u", first + k / 4, right.stride),
                )
            } else {
                let row = (place.staged * chunk + k) * right.stride;
                ("coopLoadT", format!("{}u + matrix_col / 4u", first + row + j * edge / 4))
            };
            out += &format!(
                "    let b{k}_{part}_{j} = {load}<{b}>(&tile_b[{at}], {}u);\n",
                right.stride
            );
        }
        for i in 0..down {
            for part in 0..strip.parts {
                let at = part * left.len + strip.reach(place.offset) + k / 4;
                out += &format!(
                    "    let a{k}_{part}_{i} = coopLoadT<{a}>(&tile_a[base{i} + {at}u], {}u);\n",
                    left.stride
                );
            }
            for j in 0..across {
                for [x, y] in strip.products() {
                    let acc = format!("acc{class}_{i}_{j}");
                    out += &format!(
                        "    {acc} = coopMultiplyAdd(a{k}_{x}_{i}, b{k}_{y}_{j}, {acc});\n"
                    );
                }
            }
        }
    }
    out + "}\n"
}

/// From the matrices to where `product` finds the sums.
pub(super) fn gather(strip: &Strip) -> String {
    let Share::Matrices { down, across } = strip.blocking.share else { return String::new() };
    let (edge, mut out) = (strip.run, String::new());
    let blocks = strip.blocking.channels / edge;
    for class in 0..strip.classes * strip.classes {
        for (i, j) in pairs(down, across) {
            let run = class * strip.class_runs();
            let block = format!("({run}u + run{i}) * {blocks}u + matrix_col / {edge}u + {j}u");
            out += &format!(
                "coopStoreT(acc{class}_{i}_{j}, &tile_c[({block}) * {}u], {}u);\n",
                edge * edge / 4,
                edge / 4
            );
        }
    }
    out + "workgroupBarrier();\n"
}
