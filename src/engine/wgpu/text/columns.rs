//! Per-tile sums: what a workgroup leaves for a merging kernel.

use crate::engine::wgpu::cut::{Style, TileCut};
use crate::engine::wgpu::kernel::{Column, Kernel};
use crate::engine::wgpu::memory::BufferPlace;
use crate::graph::NodeId;

use super::scalar::type_name;
use super::template::rolled;
use super::writer::Writer;

/// Threads of the largest subgroups that there are.
const LARGEST_SUBGROUP: usize = 128;

/// The structure that the epilogue returns them in.
pub(super) fn sums_type(summed: &[NodeId], v: &str) -> String {
    if summed.is_empty() {
        return String::new();
    }
    let fields: String = (0..summed.len()).map(|i| format!("    v{i}: {v},\n")).collect();
    format!("struct Sums {{\n{fields}}}\n\n")
}

/// The memory that the sums go through.
pub(super) fn workgroup_memory(writer: &Writer) -> String {
    if writer.kernel.columns.is_empty() {
        return String::new();
    }
    let (v, lanes) = (type_name(writer.cut.width), writer.cut.lanes);
    let threads = writer.cut.threads();
    format!(
        "var<workgroup> lane_sums: array<{v}, {threads}>;\nvar<workgroup> lane_means: array<{v}, {lanes}>;\n"
    )
}

/// Where partial sum `column` of row tile `tile` starts: `[tile][column][channel]`.
pub(super) fn partial_at(cut: &TileCut, kernel: &Kernel, column: usize) -> String {
    let (columns, cols) = (kernel.columns.len(), cut.cols);
    format!("(tile * {columns}u + {column}u) * {cols}u")
}

/// The statements after the elements: for each value its sum over the tile's rows, then the sum
/// of squared distances from the tile's mean, in a fixed order.
pub(super) fn columns(writer: &mut Writer) -> String {
    let (kernel, tile) = (writer.kernel, writer.cut);
    let Some(partials) = writer.partials.filter(|_| !kernel.columns.is_empty()) else {
        return String::new();
    };
    let v = type_name(tile.width);
    let mut out = format!("let count = {};\n", tile.rows_of("tile"));
    if by_subgroups(writer) {
        out += "let joined = max(size / LANES, 1u);\n";
    }
    for (value, node) in kernel.summed().into_iter().enumerate() {
        let squares = kernel.column_index(Column::Squares(node));
        let own: Vec<_> = (0..tile.per_thread).map(|r| format!("s{r}.v{value}")).collect();
        let sum = kernel.column_index(Column::Sum(node)).unwrap_or_default();
        let mean = squares.map(|_| "lane_means[lane] = total / count;");
        out += &over_tile(writer, partials, sum, &own.join(" + "), mean.unwrap_or(""));
        let Some(squares) = squares else { continue };
        out += &format!("var squares{value} = {v}(0.0);\n");
        for r in 0..tile.per_thread {
            out += &format!(
                "if (row{r} < ROWS) {{\n    let d = s{r}.v{value} - lane_means[lane];\n    squares{value} += d * d;\n}}\n"
            );
        }
        out += &over_tile(writer, partials, squares, &format!("squares{value}"), "");
    }
    out
}

/// Sums one number of each thread over the tile's strips and writes it.
fn over_tile(
    writer: &mut Writer,
    partials: BufferPlace,
    column: usize,
    own: &str,
    then: &str,
) -> String {
    let at = format!("{} + col", partial_at(&writer.cut, writer.kernel, column));
    let store = writer.bindings.store(partials, &at, "total", writer.cut.width);
    let (write, sums) = match by_subgroups(writer) {
        false => (format!("lane_sums[thread] = {own};\n"), "STRIPS"),
        true => (joined(own), "STRIPS / joined"),
    };
    let bound = match writer.plan.target.style {
        Style::Staged => sums.to_owned(),
        Style::Sliding => rolled(sums, ["col", "COLS"]),
    };
    format!(
        "{write}workgroupBarrier();
if (strip == 0u && col < COLS) {{
    var total = lane_sums[lane];
    for (var i = 1u; i < {bound}; i++) {{
        total += lane_sums[i * LANES + lane];
    }}
    {store}
    {then}
}}
workgroupBarrier();
"
    )
}

/// Whether threads add up their sums by subgroups: all of these have to be full, of whatever size.
fn by_subgroups(writer: &Writer) -> bool {
    let threads = writer.cut.threads();
    let full = threads.is_power_of_two() || threads.is_multiple_of(LARGEST_SUBGROUP);
    writer.plan.target.capabilities.subgroups && full
}

/// Adds up the strips that a subgroup has before they go through memory.
fn joined(own: &str) -> String {
    format!(
        "{{
    var own = {own};
    for (var distance = LANES; distance < size; distance *= 2u) {{
        own += subgroupShuffleXor(own, distance);
    }}
    if (strip % joined == 0u) {{
        lane_sums[strip / joined * LANES + lane] = own;
    }}
}}
"
    )
}
