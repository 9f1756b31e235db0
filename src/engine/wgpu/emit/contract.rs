//! Convolutions and their gradients as matrix products by tiles.
//!
//! | | rows | channels | depth |
//! |---|---|---|---|
//! | forward | output pixels | outputs | kernel × inputs |
//! | with respect to the pictures | input pixels | inputs | kernel × outputs |
//! | with respect to the weights | kernel × inputs | outputs | output pixels |

use crate::graph::{ConvGeometry, NodeId, Op};
use crate::schedule::kernel::{Body, Location};

use super::Style;
use super::columns::{columns, workgroup_memory};
use super::epilogue::{elements, epilogue, raw_arguments, split_row};
use super::map::constants;
use super::scalar::type_name;
use super::template::{CONTRACT, fill};
use super::tile::{DEPTH_STEP, PER_THREAD, THREADS, Tile, depth, splits};
use super::writer::{At, Writer};

/// A contraction to write.
struct Contraction {
    op: Op,
    geometry: ConvGeometry,
    /// Left and right operand.
    operands: [NodeId; 2],
    tile: Tile,
    /// Elements of the left operand loaded at once: along the depth, or along the rows for a
    /// weight gradient.
    a_width: usize,
    /// Channels of the axis that shares rows or depth with the kernel's window.
    inner: usize,
}

impl Contraction {
    fn of(writer: &Writer, node: NodeId) -> Option<Self> {
        let node = writer.program.graph.node(node);
        let (Op::Conv(geometry) | Op::ConvDx(geometry) | Op::ConvDw(geometry)) = node.op else {
            return None;
        };
        let operands = [node.args[0], node.args[1]];
        // Inputs for forward and weight gradient, outputs for the picture gradient.
        let inner = writer.program.graph.node(operands[0]).ty.shape.0[3];
        let a_width = if inner.is_multiple_of(4) { 4 } else { 1 };
        let tile = Tile::of(writer.kernel);
        Some(Self { op: node.op, geometry, operands, tile, a_width, inner })
    }

    fn for_weights(&self) -> bool {
        matches!(self.op, Op::ConvDw(_))
    }
}

/// Text and number of workgroups.
pub(super) fn contract(
    writer: &mut Writer,
    node: NodeId,
    partial: Option<Location>,
    style: Style,
) -> (String, usize) {
    let Some(it) = Contraction::of(writer, node) else { return (String::new(), 0) };
    let tile = it.tile;
    let (depth, split_depth) = depth(&writer.program.graph, writer.kernel);
    let groups = tile.row_tiles() * tile.col_tiles() * splits(&writer.program.graph, writer.kernel);
    let load_a = load_a(writer, &it);
    let load_b = load_b(writer, &it);
    let (epilogue, argument): (_, &dyn Fn(usize) -> String) = match writer.kernel.body {
        Body::Weights(_) => (store_part(writer, &tile, partial), &|r| format!(", split, acc{r}")),
        _ => {
            let raw = raw_arguments(&[node], tile.width);
            (epilogue(writer, &tile, &raw, &mut |_, _| {}), &|r| format!(", acc{r}"))
        }
    };
    let columns = columns(writer, &tile, partial);
    let accumulators = (0..PER_THREAD).map(|r| format!("var acc{r} = V(0.0);\n")).collect();
    let more = format!(
        "const DEPTH = {depth}u;\nconst DEPTH_STEP = {DEPTH_STEP}u;\nconst SPLIT_DEPTH = {split_depth}u;\n"
    );
    let text = fill(
        CONTRACT,
        &[
            ("constants", constants(&tile, groups) + &more),
            ("functions", workgroup_memory(writer.kernel, &tile)),
            ("load_a", load_a),
            ("load_b", load_b),
            ("epilogue", epilogue),
            ("accumulators", accumulators),
            ("stage_a", stage_a(&it)),
            ("products", products(&tile, style)),
            ("elements", elements(writer, PER_THREAD, argument)),
            ("columns", columns),
        ],
    );
    (text, groups)
}

/// The left operand into workgroup memory, rows side by side.
fn stage_a(it: &Contraction) -> String {
    let width = it.a_width;
    let total = DEPTH_STEP * it.tile.tile_rows() / width;
    let (row, k, step) = if it.for_weights() {
        let across = it.tile.tile_rows() / width;
        (format!("e % {across}u * {width}u"), format!("e / {across}u"), "1u".to_owned())
    } else {
        let across = DEPTH_STEP / width;
        (format!("e / {across}u"), format!("e % {across}u * {width}u"), "TILE_ROWS".to_owned())
    };
    let writes: String = if width == 1 {
        "    tile_a[i * TILE_ROWS + r] = v;\n".to_owned()
    } else {
        (0..4)
            .map(|j| {
                format!(
                    "    tile_a[i * TILE_ROWS + r + {j}u * {step}] = v.{};\n",
                    ["x", "y", "z", "w"][j]
                )
            })
            .collect()
    };
    format!(
        "for (var e = thread; e < {total}u; e += {THREADS}u) {{
    let r = {row};
    let i = {k};
    let v = load_a(first_row + r, k + i, end);
{writes}}}
"
    )
}

/// The products of one step.
fn products(tile: &Tile, style: Style) -> String {
    let [rows, strips, lanes] = [tile.tile_rows(), tile.strips, tile.lanes];
    let one = |a: &dyn Fn(usize) -> String, b: &str| -> String {
        let lines = (0..PER_THREAD).map(|r| format!("acc{r} += tile_a[{}] * {b};\n", a(r)));
        lines.collect()
    };
    match style {
        Style::Unrolled => (0..DEPTH_STEP)
            .map(|i| {
                let at = |r: usize| format!("{}u + strip", i * rows + r * strips);
                let b = format!("let b{i} = tile_b[{}u + lane];\n", i * lanes);
                b + &one(&at, &format!("b{i}"))
            })
            .collect(),
        Style::Compact => {
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
    let [n, h, w] = first_three(match it.op {
        Op::ConvDx(_) => writer.kernel.domain.shape.0,
        _ => {
            let [n, ..] = writer.program.graph.node(it.operands[0]).ty.shape.0;
            let [h, w] = it.geometry.output();
            [n, h, w, 1]
        }
    });
    writer.line(format!("var result = {v}(0.0);"));
    writer.open("if (row < ROWS && k < end)");
    let (pixel, window, channel) = if it.for_weights() {
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
    let [y, x] = match it.op {
        Op::ConvDx(_) => seeing(writer, it, [y, x], window),
        _ => seen(writer, it, [y, x], window),
    };
    let value = writer.value(it.operands[0], &At::new([image, &y, &x, &channel], it.a_width));
    writer.line(format!("result = {value};"));
    writer.close();
    writer.close();
    writer.line("return result;");
    let body = writer.take();
    format!("fn load_a(row: u32, k: u32, end: u32) -> {v} {{\n{body}}}\n")
}

fn first_three([n, h, w, _]: [usize; 4]) -> [usize; 3] {
    [n, h, w]
}

/// Statements that take a pixel's number apart. All three are variables, even where an extent is
/// one, so that index arithmetic on them is left to run time.
fn pixel(writer: &mut Writer, name: &str, [_, h, w]: [usize; 3]) -> [String; 3] {
    [
        writer.bind(format!("{name} / {}u", h * w)),
        writer.bind(format!("{name} / {w}u % {h}u")),
        writer.bind(format!("{name} % {w}u")),
    ]
}

fn load_b(writer: &mut Writer, it: &Contraction) -> String {
    let width = it.tile.width;
    let v = type_name(width);
    writer.line(format!("var result = {v}(0.0);"));
    writer.open("if (k < end && col < COLS)");
    let value = match it.op {
        Op::ConvDw(_) => {
            let [n, ..] = writer.program.graph.node(it.operands[1]).ty.shape.0;
            let [h, w] = it.geometry.output();
            writer.line("let row = k;");
            let [n, y, x] = split_row(writer, [n, h, w], ["n", "y", "x"]);
            writer.value(it.operands[1], &At::new([&n, &y, &x, "col"], width))
        }
        Op::ConvDx(_) => {
            let [i, j, output] = split_window(writer, it, "k");
            // The weights' channels read lie a row apart.
            let parts: Vec<_> = (0..width)
                .map(|c| {
                    let input = if c == 0 { "col".to_owned() } else { format!("(col + {c}u)") };
                    writer.value(it.operands[1], &At::new([&i, &j, &input, &output], 1))
                })
                .collect();
            format!("{v}({})", parts.join(", "))
        }
        _ => {
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
fn store_part(writer: &mut Writer, tile: &Tile, partial: Option<Location>) -> String {
    let v = type_name(tile.width);
    let at = format!("(split * {}u + row) * {}u + col", tile.rows, tile.cols);
    let store = partial.map(|place| writer.bindings.store(place, &at, "raw0", tile.width));
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
