//! Merging per-tile sums into reductions.

use crate::engine::wgpu::cut::{THREADS, TileCut};
use crate::engine::wgpu::kernel::{Column, Kernel};
use crate::graph::{NodeId, Op, ReduceKind};

use super::columns::partial_at;
use super::epilogue::{epilogue, raw_arguments};
use super::template::{MERGE, fill, threads};
use super::writer::Writer;

/// The module.
pub(super) fn merge(writer: &mut Writer) -> String {
    let kernel = writer.kernel;
    let results = kernel.raw_values(&writer.plan.kernels.list);
    let own = writer.cut;
    let text = epilogue(writer, &raw_arguments(&results, own.width), &mut |_, _| {});
    let Some(of) = kernel.source() else { return String::new() };
    let source = &writer.plan.kernels.list[of.index()];
    let tile = writer.plan.cuts[of.index()];
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
    let groups = own.workgroups(kernel);
    let constants = format!(
        "const ROWS = {}u;\nconst COLS = {}u;\nconst GROUPS = {groups}u;\nconst ENTRIES = {entries}u;\n",
        own.rows, own.cols
    );
    let mut hooks = vec![
        ("constants", constants),
        ("functions", functions),
        ("epilogue", text),
        ("merges", merges),
        ("element", format!("epilogue(0u, col{arguments});\n")),
    ];
    hooks.extend(threads(writer));
    fill(MERGE, &hooks)
}

fn one(
    writer: &mut Writer,
    source: &Kernel,
    tile: &TileCut,
    channels: usize,
    index: usize,
    result: NodeId,
) -> (String, String) {
    let node = writer.program.graph.node(result);
    let value = node.args[0];
    let squares = matches!(node.op, Op::Reduce(ReduceKind::M2, _));
    let partials = match writer.kernel.source() {
        Some(of) => writer.plan.memory.partials[of.index()],
        None => None,
    };
    let mut load = |column: Column| {
        let Some((place, column)) = partials.zip(source.column_index(column)) else {
            return "0.0".to_owned();
        };
        let at = format!("{} + channel", partial_at(tile, source, column));
        writer.bindings.load(place, &at, 1)
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
        return (function, tree(writer, index, &SUM));
    }
    let second = load(Column::Squares(value));
    let count =
        format!("f32(min({}u, {}u - tile * {}u))", tile.tile_rows(), tile.rows, tile.tile_rows());
    let function = format!(
        "fn moments{index}(entry: u32, col: u32) -> Moments {{\n{place}    return Moments({count}, {sum}, {second});\n}}\n"
    );
    (function, tree(writer, index, &MOMENTS))
}

/// What is merged, as text.
struct Merged {
    start: &'static str,
    /// The function of an entry, and the memory of threads.
    entry: &'static str,
    memory: &'static str,
    join: fn(&str, &str) -> String,
    /// The same of the thread of the subgroup at a distance.
    other: fn(&str) -> String,
    result: &'static str,
}

const SUM: Merged = Merged {
    start: "0.0",
    entry: "sum",
    memory: "sums",
    join: |a, b| format!("{a} + {b}"),
    other: |own| format!("subgroupShuffleXor({own}, distance)"),
    result: "",
};

const MOMENTS: Merged = Merged {
    start: "Moments(0.0, 0.0, 0.0)",
    entry: "moments",
    memory: "moments",
    join: |a, b| format!("join({a}, {b})"),
    other: |own| {
        let of = |field| format!("subgroupShuffleXor({own}.{field}, distance)");
        format!("Moments({}, {}, {})", of("count"), of("sum"), of("squares"))
    },
    result: ".squares",
};

/// Each thread's share, then a tree over the threads.
fn tree(writer: &Writer, index: usize, merged: &Merged) -> String {
    let Merged { start, entry, join, result, .. } = merged;
    let part = format!("part{index}");
    let next = join(&part, &format!("{entry}{index}(e, col)"));
    let (steps, whole) = match writer.plan.target.capabilities.subgroups {
        false => in_memory(&part, merged),
        true => in_subgroups(&part, merged),
    };
    format!(
        "var {part} = {start};
for (var e = thread; e < ENTRIES; e += {THREADS}u) {{
    {part} = {next};
}}
{steps}let raw{index} = {whole}{result};
workgroupBarrier();
"
    )
}

/// The statements of a tree through workgroup memory, and where its result is.
fn in_memory(part: &str, Merged { memory, join, .. }: &Merged) -> (String, String) {
    let pair = join(&format!("{memory}[thread]"), &format!("{memory}[thread + half]"));
    let steps = format!(
        "{memory}[thread] = {part};
workgroupBarrier();
for (var half = {}u; half > 0u; half /= 2u) {{
    if (thread < half) {{
        {memory}[thread] = {pair};
    }}
    workgroupBarrier();
}}
",
        THREADS / 2
    );
    (steps, format!("{memory}[0]"))
}

/// The same of a tree in each subgroup, whose results go through memory.
fn in_subgroups(part: &str, Merged { memory, join, other, .. }: &Merged) -> (String, String) {
    let pair = join(part, &other(part));
    let next = join(part, &format!("{memory}[i]"));
    let steps = format!(
        "for (var distance = 1u; distance < size; distance *= 2u) {{
    {part} = {pair};
}}
if (invocation == 0u) {{
    {memory}[subgroup] = {part};
}}
workgroupBarrier();
{part} = {memory}[0];
for (var i = 1u; i < {THREADS}u / size; i++) {{
    {part} = {next};
}}
"
    );
    (steps, part.to_owned())
}
