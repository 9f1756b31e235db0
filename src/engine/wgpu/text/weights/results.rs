//! What becomes of the sums: slices are added up in order, and the part is kept to be gathered.

use crate::engine::wgpu::cut::{Contraction, Weights};

use super::super::scalar::part;
use super::super::writer::Writer;
use super::products::{Place, blocks, sum, taken};

/// The function that keeps four neighbouring output channels of a part, as far as there are any.
pub(super) fn store(writer: &mut Writer, it: &Contraction) -> String {
    let (cols, [_, kw]) = (it.channels, it.geometry.kernel);
    let (parameter, end) = if it.groups > 1 { ("end: u32, ", "end") } else { ("", "COLS") };
    let rows = writer.cut.rows;
    let Some(partials) = writer.partials else {
        writer.refuse(it.node);
        return String::new();
    };
    let width = if cols.is_multiple_of(4) { 4 } else { 1 };
    let stores: String = (0..4 / width)
        .map(|at| {
            let value = if width == 4 { "v".to_owned() } else { format!("v{}", part(4, at)) };
            let place = format!("place + {at}u");
            let store = writer.bindings.store(partials, &place, &value, width);
            format!("        if (col + {at}u < {end}) {{\n            {store}\n        }}\n")
        })
        .collect();
    format!(
        "fn store(split: u32, i: u32, j: u32, channel: u32, col: u32, {parameter}v: V) {{
    if (channel < INNER) {{
        let place = (split * {rows}u + (i * {kw}u + j) * INNER + channel) * COLS + col;
{stores}    }}
}}
"
    )
}

/// The argument that says where the group's channels end, if there are several.
fn end(cut: &Weights) -> String {
    let channels = cut.channels[1];
    if cut.groups == 1 { String::new() } else { format!("(channel_group + 1u) * {channels}u, ") }
}

/// The statements after the last strip.
pub(super) fn results(cut: &Weights) -> String {
    let mut out = String::new();
    for place in taken(cut) {
        for block in blocks(cut) {
            if cut.strip.by_matrices() {
                out += &of_matrix(cut, &place, block);
            } else {
                (0..4).for_each(|c| out += &of_thread(cut, &place, block, c));
            }
        }
    }
    out
}

/// Each subgroup's matrix into memory, where threads add up those of the same sums.
fn of_matrix(cut: &Weights, place: &Place, [i, j]: [usize; 2]) -> String {
    let (edge, slices, threads) = (cut.block, cut.blocking.slices, cut.threads());
    let (fours, end) = (edge * edge / 4, end(cut));
    let [_, inputs, outputs] = cut.units();
    let units: usize = cut.units().iter().product();
    let unit = &cut.blocking.unit;
    format!(
        "coopStoreT({}, &tile_c[subgroup * {fours}u], {}u);
workgroupBarrier();
for (var e = thread; e < {}u; e += {threads}u) {{
    let block = e / {fours}u;
    let at = e % {fours}u;
    var v = tile_c[e];
    for (var s = 1u; s < {slices}u; s++) {{
        v += tile_c[s * {}u + e];
    }}
    let channel = block / {outputs}u % {inputs}u * {}u + {}u + at / {}u;
    let col = block % {outputs}u * {}u + {}u + at % {}u * 4u;
    store(split, block / {}u * {}u + {}u, {}u, k + channel, first_col + col, {end}v);
}}
workgroupBarrier();
",
        sum(place, [i, j]),
        edge / 4,
        units * fours,
        units * fours,
        unit.down * edge,
        i * edge,
        edge / 4,
        unit.across * edge,
        j * edge,
        edge / 4,
        inputs * outputs,
        unit.kernel_rows,
        place.row,
        place.column
    )
}

/// A thread's four output channels of input channel `c` of a block.
fn of_thread(cut: &Weights, place: &Place, [i, j]: [usize; 2], c: usize) -> String {
    let slices = cut.blocking.slices;
    let units: usize = cut.units().iter().product();
    let end = end(cut);
    let own = format!("{}_{c}", sum(place, [i, j]));
    let store = |value: &str| {
        format!(
            "store(split, kernel_row + {}u, {}u, k + unit_channel + {}u, first_col + unit_col + {}u, {end}{value});\n",
            place.row,
            place.column,
            4 * i + c,
            4 * j
        )
    };
    if slices == 1 {
        return store(&own);
    }
    format!(
        "tile_c[thread] = {own};
workgroupBarrier();
if (slice == 0u) {{
    var v = {own};
    for (var s = 1u; s < {slices}u; s++) {{
        v += tile_c[s * {units}u + thread];
    }}
    {}}}
workgroupBarrier();
",
        store("v")
    )
}
