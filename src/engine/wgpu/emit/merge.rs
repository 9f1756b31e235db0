//! Merging per-tile sums into reductions.

use crate::graph::{NodeId, Op, ReduceKind};
use crate::schedule::kernel::{Column, Kernel, Location};

use super::epilogue::{epilogue, raw_arguments};
use super::template::{MERGE, fill};
use super::tile::{THREADS, Tile, column_index};
use super::writer::Writer;

/// Text and number of workgroups.
pub(super) fn merge(writer: &mut Writer) -> (String, usize) {
    let kernel = writer.kernel;
    let results = kernel.raw_values(&writer.kernels.list);
    let own = writer.tile;
    let text = epilogue(writer, &own, &raw_arguments(&results, own.width), &mut |_, _| {});
    let Some(of) = kernel.source() else { return (String::new(), 0) };
    let source = &writer.kernels.list[of.index()];
    let tile = writer.tile_of(of);
    // A reduction that also takes in the channels has an entry for each tile and channel.
    let channels = tile.cols / own.cols;
    let entries = tile.row_tiles() * channels;
    let (mut functions, mut merges) = (String::new(), String::new());
    for (index, &result) in results.iter().enumerate() {
        let (function, statements) = one(writer, source, &tile, channels, index, result);
        functions += &function;
        merges += &statements;
    }
    let arguments: String = (0..results.len()).map(|i| format!(", raw{i}")).collect();
    let groups = own.cols;
    let text = fill(
        MERGE,
        &[
            (
                "constants",
                format!(
                    "const ROWS = {}u;\nconst COLS = {}u;\nconst GROUPS = {groups}u;\nconst ENTRIES = {entries}u;\n",
                    own.rows, own.cols
                ),
            ),
            ("functions", functions),
            ("epilogue", text),
            ("merges", merges),
            ("element", format!("epilogue(0u, col{arguments});\n")),
        ],
    );
    (text, groups)
}

fn one(
    writer: &mut Writer,
    source: &Kernel,
    tile: &Tile,
    channels: usize,
    index: usize,
    result: NodeId,
) -> (String, String) {
    let node = writer.program.graph.node(result);
    let value = node.args[0];
    let squares = matches!(node.op, Op::Reduce(ReduceKind::M2, _));
    let slot = match writer.kernel.source() {
        Some(of) => writer.memory.partials[of.index()],
        None => None,
    };
    let mut load = |column: Column| {
        let Some((slot, column)) = slot.zip(column_index(source, column)) else {
            return "0.0".to_owned();
        };
        let at = format!("{} + channel", tile.partial_at(source, "tile", column));
        writer.bindings.load(Location::Slot(slot), &at, 1)
    };
    let sum = load(Column::Sum(value));
    let place = if channels > 1 {
        format!("    let tile = entry / {channels}u;\n    let channel = entry % {channels}u;\n")
    } else {
        "    let tile = entry;\n    let channel = col;\n".to_owned()
    };
    if !squares {
        let function = format!(
            "fn sum{index}(entry: u32, col: u32) -> f32 {{\n{place}    return {sum};\n}}\n"
        );
        return (function, tree(index, "0.0", "sum", "sums", |a, b| format!("{a} + {b}"), ""));
    }
    let second = load(Column::Squares(value));
    let count =
        format!("f32(min({}u, {}u - tile * {}u))", tile.tile_rows(), tile.rows, tile.tile_rows());
    let function = format!(
        "fn moments{index}(entry: u32, col: u32) -> Moments {{\n{place}    return Moments({count}, {sum}, {second});\n}}\n"
    );
    let start = "Moments(0.0, 0.0, 0.0)";
    let join = |a: &str, b: &str| format!("join({a}, {b})");
    (function, tree(index, start, "moments", "moments", join, ".squares"))
}

/// Each thread's share, then a tree over the threads.
fn tree(
    index: usize,
    start: &str,
    function: &str,
    memory: &str,
    join: impl Fn(&str, &str) -> String,
    field: &str,
) -> String {
    let part = format!("part{index}");
    let next = join(&part, &format!("{function}{index}(e, col)"));
    let pair = join(&format!("{memory}[thread]"), &format!("{memory}[thread + half]"));
    format!(
        "var {part} = {start};
for (var e = thread; e < ENTRIES; e += {THREADS}u) {{
    {part} = {next};
}}
{memory}[thread] = {part};
workgroupBarrier();
for (var half = {}u; half > 0u; half /= 2u) {{
    if (thread < half) {{
        {memory}[thread] = {pair};
    }}
    workgroupBarrier();
}}
let raw{index} = {memory}[0]{field};
workgroupBarrier();
",
        THREADS / 2
    )
}
