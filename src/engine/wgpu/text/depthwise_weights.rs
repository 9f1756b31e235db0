//! Gradients with respect to the weights of contractions whose groups are single channels (see
//! [`Depthwise`]).

use crate::engine::wgpu::cut::{Contraction, Depthwise, TileCut, WindowReach};

use super::depthwise::{Axis, load, place};
use super::scalar::type_name;
use super::template::{DEPTHWISE_WEIGHTS, fill};
use super::writer::{At, Writer};

/// The module.
pub(super) fn depthwise(writer: &mut Writer, it: &Contraction, cut: &Depthwise) -> String {
    let sums: Vec<_> = (0..cut.blocking.rows)
        .flat_map(|row| (0..it.geometry.kernel[1]).map(move |column| [row, column]))
        .collect();
    let declared = sums.iter().map(|sum| format!("var {} = V(0.0);\n", name(*sum)));
    let hooks = [
        ("constants", constants(writer, cut)),
        ("accumulators", declared.collect()),
        ("products", products(writer, it, cut)),
        ("results", sums.iter().map(|sum| result(writer, it, cut, *sum)).collect()),
    ];
    fill(DEPTHWISE_WEIGHTS, &hooks)
}

/// The sum at a place of a thread's rows of the kernel.
fn name([row, column]: [usize; 2]) -> String {
    format!("acc{row}_{column}")
}

fn constants(writer: &Writer, cut: &Depthwise) -> String {
    let TileCut { cols, width, lanes, splits, .. } = writer.cut;
    let blocks = cut.all_blocks();
    format!(
        "alias V = {};
const COLS = {cols}u;
const WIDTH = {width}u;
const LANES = {lanes}u;
const PARTS = {}u;
const SLICES = {}u;
const COL_TILES = {}u;
const GROUPS = {}u;
const BLOCKS = {blocks}u;
const SPLIT_BLOCKS = {}u;
",
        type_name(width),
        cut.parts,
        cut.slices,
        writer.cut.col_tiles(),
        writer.cut.workgroups(writer.kernel),
        blocks.div_ceil(splits)
    )
}

/// What a block of neighbouring pixels gives.
fn products(writer: &mut Writer, it: &Contraction, cut: &Depthwise) -> String {
    let (rows, columns) = (cut.blocking.rows, cut.blocking.columns);
    let width = writer.cut.width;
    let [n, y, x] = place(writer, cut);
    let gradient: Vec<_> = (0..columns)
        .map(|pixel| {
            let x = writer.bind(format!("{x} + {pixel}u"));
            writer.value(it.operands[1], &At::new([&n, &y, &x, "channel"], width))
        })
        .collect();
    let across = Axis::of(writer, it, 1, &x, columns);
    let reach = WindowReach::along(it, 1, columns);
    for row in 0..rows {
        let seen = reach.row(writer, &y, &format!("(part * {rows}u + {row}u)"));
        let left: Vec<_> =
            across.seen.iter().map(|column| load(writer, it, &n, [&seen, column])).collect();
        for column in 0..it.geometry.kernel[1] {
            let met = gradient.iter().enumerate();
            let met = met.filter_map(|(pixel, g)| Some((&left[across.at(pixel, column)?], g)));
            let terms: String = met.map(|(a, g)| format!(" + {a} * {g}")).collect();
            let sum = name([row, column]);
            writer.line(format!("{sum} = {sum}{terms};"));
        }
    }
    writer.take()
}

/// A sum of all slices, kept to be gathered.
fn result(writer: &mut Writer, it: &Contraction, cut: &Depthwise, place: [usize; 2]) -> String {
    let Some(partials) = writer.partials else {
        writer.refuse(it.node);
        return String::new();
    };
    let [row, column] = place;
    let (TileCut { rows, cols, width, .. }, kw) = (writer.cut, it.geometry.kernel[1]);
    let at = format!(
        "(split * {rows}u + (part * {}u + {row}u) * {kw}u + {column}u) * {cols}u + col",
        cut.blocking.rows
    );
    let store = writer.bindings.store(partials, &at, "v", width);
    let own = name(place);
    format!(
        "sums[thread] = {own};
workgroupBarrier();
if (slice == 0u && col < COLS) {{
    var v = {own};
    for (var s = 1u; s < SLICES; s++) {{
        v += sums[s * LANES * PARTS + thread];
    }}
    {store}
}}
workgroupBarrier();
"
    )
}
