//! Contractions whose operands go through workgroup memory.

use crate::engine::wgpu::cut::{Contraction, ContractionKind, DEPTH_STEP, Style, THREADS, TileCut};
use crate::engine::wgpu::kernel::Moment;
use crate::graph::ConvGeometry;

use super::columns::{columns, workgroup_memory};
use super::epilogue::{elements, epilogue, raw_arguments, split_row};
use super::groups;
use super::map::constants;
use super::matrices::stage_b;
use super::scalar::{part, type_name};
use super::seen::pixel;
use super::template::{CONTRACT, fill, threads};
use super::writer::{At, Writer};

/// The module.
pub(super) fn staged(writer: &mut Writer, it: &Contraction) -> String {
    let tile = writer.cut;
    let (depth, split_depth) = (it.depth(), tile.split_depth(it));
    let load_a = load_a(writer, it);
    let load_b = load_b(writer, it);
    let (epilogue, split) = match it.kind {
        ContractionKind::WeightGradient => (store_part(writer), "split, "),
        ContractionKind::Forward | ContractionKind::PictureGradient => {
            let raw = raw_arguments(&[it.node], tile.width);
            (epilogue(writer, &raw, &mut |_, _| {}), "")
        }
    };
    let columns = columns(writer);
    let sum = |r: usize| match tile.share() {
        None => format!(", {split}acc{r}"),
        Some(_) => format!(", {split}product(strip + {r}u * STRIPS, lane)"),
    };
    let elements = elements(writer, &sum);
    let more = format!(
        "const DEPTH = {depth}u;\nconst DEPTH_STEP = {DEPTH_STEP}u;\nconst SPLIT_DEPTH = {split_depth}u;\n"
    );
    let mut hooks = vec![
        ("constants", constants(writer) + &more),
        ("functions", workgroup_memory(writer)),
        ("load_a", load_a),
        ("load_b", load_b),
        ("epilogue", epilogue),
        ("stage_a", stage_a(&tile, it)),
        ("elements", elements),
        ("columns", columns),
    ];
    hooks.extend(groups::channels(&tile));
    hooks.extend(threads(writer));
    match tile.share() {
        None => hooks.extend([
            ("accumulators", accumulators(&tile)),
            ("products", products(&tile, writer.plan.target.style)),
        ]),
        Some(share) => hooks.extend([
            ("memory", share.memory(tile.width)),
            ("accumulators", share.accumulators()),
            ("stage_b", stage_b(&tile)),
            ("products", share.products()),
            ("gather", share.store()),
        ]),
    }
    fill(CONTRACT, &hooks)
}

fn accumulators(tile: &TileCut) -> String {
    (0..tile.per_thread).map(|r| format!("var acc{r} = V(0.0);\n")).collect()
}

/// The left operand into workgroup memory, rows side by side.
fn stage_a(tile: &TileCut, it: &Contraction) -> String {
    let width = it.a_width;
    let total = DEPTH_STEP * tile.tile_rows() / width;
    let (row, k, step) = if it.kind == ContractionKind::WeightGradient {
        let across = tile.tile_rows() / width;
        (format!("e % {across}u * {width}u"), format!("e / {across}u"), "1u".to_owned())
    } else {
        let across = DEPTH_STEP / width;
        (format!("e / {across}u"), format!("e % {across}u * {width}u"), "TILE_ROWS".to_owned())
    };
    let write = |j| {
        let v = format!("v{}", part(width, j));
        let v = if tile.share().is_some() { format!("narrow1({v})") } else { v };
        format!("    tile_a[i * TILE_ROWS + r + {j}u * {step}] = {v};\n")
    };
    let writes: String = (0..width).map(write).collect();
    format!(
        "for (var e = thread; e < {total}u; e += {THREADS}u) {{
    let r = {row};
    let i = {k};
    let v = load_a(first_row + r, k + i, end, first_col);
{writes}}}
"
    )
}

/// The products of one step.
fn products(tile: &TileCut, style: Style) -> String {
    let [rows, strips, lanes] = [tile.tile_rows(), tile.strips, tile.lanes];
    let one = |a: &dyn Fn(usize) -> String, b: &str| -> String {
        let lines = (0..tile.per_thread).map(|r| format!("acc{r} += tile_a[{}] * {b};\n", a(r)));
        lines.collect()
    };
    match style {
        Style::Staged => (0..DEPTH_STEP)
            .map(|i| {
                let at = |r: usize| format!("{}u + strip", i * rows + r * strips);
                let b = format!("let b{i} = tile_b[{}u + lane];\n", i * lanes);
                b + &one(&at, &format!("b{i}"))
            })
            .collect(),
        Style::Sliding => {
            let at = |r: usize| format!("i * TILE_ROWS + {}u + strip", r * strips);
            let b = "let b = tile_b[i * LANES + lane];\n";
            format!("for (var i = 0u; i < DEPTH_STEP; i++) {{\n{b}{}}}\n", one(&at, "b"))
        }
    }
}

/// Statements that take `k` apart into a place of the window and a channel.
fn split_window(writer: &mut Writer, it: &Contraction, name: &str) -> [String; 3] {
    let [_, kw] = it.geometry.kernel;
    let inner = it.inner;
    let channel = writer.bind(format!("{name} % {inner}u"));
    let place = writer.bind(format!("{name} / {inner}u"));
    let i = writer.bind(format!("{place} / {kw}u"));
    let j = writer.bind(format!("{place} % {kw}u"));
    [i, j, channel]
}

/// Statements that find the pixel that a window at `center` sees at its place `i, j`: of the
/// picture, from an output pixel.
fn seen(
    writer: &mut Writer,
    it: &Contraction,
    center: [&str; 2],
    window: [&str; 2],
) -> [String; 2] {
    let ConvGeometry { stride, padding, input, .. } = it.geometry;
    // Unsigned wrap-around turns what lies before the first pixel into what lies after the last.
    let pixel = [0, 1].map(|a| {
        writer.bind(format!("({}) * {stride}u + {} - {}u", center[a], window[a], padding[a]))
    });
    writer.open(format!("if ({} < {}u && {} < {}u)", pixel[0], input[0], pixel[1], input[1]));
    pixel
}

/// The other way round: the output pixel whose window sees an input pixel at place `i, j`.
fn seeing(
    writer: &mut Writer,
    it: &Contraction,
    pixel: [&str; 2],
    window: [&str; 2],
) -> [String; 2] {
    let ConvGeometry { stride, padding, .. } = it.geometry;
    let [oh, ow] = it.geometry.output();
    let from =
        [0, 1].map(|a| writer.bind(format!("{} + {}u - {}", pixel[a], padding[a], window[a])));
    let center = [0, 1].map(|a| writer.bind(format!("{} / {stride}u", from[a])));
    let exact = if stride == 1 {
        String::new()
    } else {
        format!("{} % {stride}u == 0u && {} % {stride}u == 0u && ", from[0], from[1])
    };
    writer.open(format!("if ({exact}{} < {oh}u && {} < {ow}u)", center[0], center[1]));
    center
}

fn load_a(writer: &mut Writer, it: &Contraction) -> String {
    let v = type_name(it.a_width);
    let [n, h, w] = it.pixels();
    writer.line(format!("var result = {v}(0.0);"));
    writer.open("if (row < ROWS && k < end)");
    let (pixel, window, channel) = if it.kind == ContractionKind::WeightGradient {
        writer.line("let window = row;");
        writer.line("let pixel = k;");
        let [i, j, channel] = split_window(writer, it, "window");
        (pixel(writer, "pixel", [n, h, w]), [i, j], channel)
    } else {
        let [i, j, channel] = split_window(writer, it, "k");
        (pixel(writer, "row", [n, h, w]), [i, j], channel)
    };
    let [image, y, x] = [&pixel[0], &pixel[1], &pixel[2]];
    let window = [window[0].as_str(), window[1].as_str()];
    let [y, x] = match it.kind {
        ContractionKind::PictureGradient => seeing(writer, it, [y, x], window),
        ContractionKind::Forward | ContractionKind::WeightGradient => {
            seen(writer, it, [y, x], window)
        }
    };
    let channel = groups::left_channel(writer, it, &channel, "first_col");
    let at = At::new([image, &y, &x, &channel], it.a_width);
    let value = writer.value(it.operands[0], &at);
    writer.line(format!("result = {value};"));
    store_on_the_way(writer, it, window, &at);
    writer.close();
    writer.close();
    writer.line("return result;");
    let body = writer.take();
    format!("fn load_a(row: u32, k: u32, end: u32, first_col: u32) -> {v} {{\n{body}}}\n")
}

/// Stores what no earlier kernel has stored of what the left operand is made of: the workgroup of
/// the first channels does, where the middle of its window stands on an element.
fn store_on_the_way(writer: &mut Writer, it: &Contraction, [i, j]: [&str; 2], at: &At) {
    let [middle_i, middle_j] = it.geometry.padding;
    let stores = writer.kernel.stores.iter().filter(|s| s.at == Moment::Prologue);
    for value in stores.map(|s| s.value).collect::<Vec<_>>() {
        let Some(place) = writer.plan.memory.nodes[value.index()] else { continue };
        let shape = writer.program.graph.node(value).ty.shape;
        let known = writer.value(value, at);
        let first = groups::is_first(it);
        writer.open(format!("if ({first} && {i} == {middle_i}u && {j} == {middle_j}u)"));
        writer.store(place, shape, at, &known);
        writer.close();
    }
}

fn load_b(writer: &mut Writer, it: &Contraction) -> String {
    let width = writer.cut.width;
    let v = type_name(width);
    writer.line(format!("var result = {v}(0.0);"));
    writer.open("if (k < end && col < COLS)");
    let value = match it.kind {
        ContractionKind::WeightGradient => {
            let pixels = it.pixels();
            writer.line("let row = k;");
            let [n, y, x] = split_row(writer, pixels, ["n", "y", "x"]);
            writer.value(it.operands[1], &At::new([&n, &y, &x, "col"], width))
        }
        ContractionKind::PictureGradient => {
            let [i, j, output] = split_window(writer, it, "k");
            let output = groups::left_channel(writer, it, &output, "col");
            // The weights' channels read lie a row apart.
            let parts: Vec<_> = (0..width)
                .map(|c| {
                    let col = if c == 0 { "col".to_owned() } else { format!("(col + {c}u)") };
                    let input = groups::within(it, &col);
                    writer.value(it.operands[1], &At::new([&i, &j, &input, &output], 1))
                })
                .collect();
            format!("{v}({})", parts.join(", "))
        }
        ContractionKind::Forward => {
            let [i, j, input] = split_window(writer, it, "k");
            writer.value(it.operands[1], &At::new([&i, &j, &input, "col"], width))
        }
    };
    writer.line(format!("result = {value};"));
    writer.close();
    writer.line("return result;");
    let body = writer.take();
    format!("fn load_b(k: u32, col: u32, end: u32) -> {v} {{\n{body}}}\n")
}

/// The epilogue of a split contraction: its part, to be gathered.
fn store_part(writer: &mut Writer) -> String {
    let tile = writer.cut;
    let v = type_name(tile.width);
    let at = format!("(split * {}u + row) * {}u + col", tile.rows, tile.cols);
    let store = writer.partials.map(|place| writer.bindings.store(place, &at, "raw0", tile.width));
    format!(
        "fn epilogue(row: u32, col: u32, split: u32, raw0: {v}) {{
    if (row < ROWS && col < COLS) {{
        {}
    }}
}}
",
        store.unwrap_or_default()
    )
}
