//! Operands into workgroup memory. A thread asks for all that it stages before it makes any of it, and
//! for the next channels before these are multiplied. What lies outside is loaded from where
//! something is, and replaced by zero: no load stands behind a branch.

use crate::engine::wgpu::cut::{Contraction, ContractionKind, Sight, Strip, StripBlocking};
use crate::engine::wgpu::kernel::Moment;
use crate::graph::Shape;

use super::super::ahead::Ahead;
use super::super::writer::{At, Writer};
use super::products::{RIGHT_SCALE, products};

/// How a strip's operands are staged.
pub(super) struct Operands {
    strip: Strip,
    threads: usize,
    left: Left,
    right: Right,
}

/// The left operand: units of four or eight neighbouring channels of a pixel.
struct Left {
    ahead: Ahead,
    /// Fours of a unit.
    fours: usize,
    /// Channels of a chunk that there are; the others are zero.
    filled: usize,
    /// Units of a chunk.
    units: usize,
    sights: [Sight; 2],
    /// Whether a value is stored on the way.
    stores: bool,
}

/// The weights: units of neighbouring channels of what they are staged along.
struct Right {
    ahead: Ahead,
    units: usize,
}

impl Operands {
    pub fn new(writer: &Writer, it: &Contraction, strip: &Strip) -> Self {
        let StripBlocking { images, rows, columns, chunk, channels, .. } = strip.blocking;
        let filled = chunk.min(it.inner.next_multiple_of(4));
        let fours = if it.inner.is_multiple_of(8) && filled.is_multiple_of(8) { 2 } else { 1 };
        let sights = [0, 1].map(|axis| Sight::of(it, axis));
        let pixels = sights[0].staged(rows) * sights[1].staged(columns) * images;
        let stores = writer.kernel.stores.iter().any(|store| store.at == Moment::Prologue);
        let indices = left_indices(writer, it, fours);
        let left = Left {
            ahead: Ahead::of(writer, "left", &[it.operands[0]], &indices),
            fours,
            filled,
            units: pixels * filled / (4 * fours),
            sights,
            stores,
        };
        let shape = writer.program.graph.node(it.operands[1]).ty.shape;
        let indices: Vec<_> = right_indices(it, strip).iter().map(|at| at.within(shape)).collect();
        let each = if strip.by_matrices() { 4 } else { strip.width };
        let right = Right {
            ahead: Ahead::of(writer, "right", &[it.operands[1]], &indices),
            units: strip.places * filled * channels / each,
        };
        Self { strip: *strip, threads: writer.cut.threads(), left, right }
    }

    /// The functions that fetch and make a unit of the left operand.
    pub fn left_functions(&self, writer: &mut Writer, it: &Contraction) -> String {
        let Left { ahead, fours, filled, stores, .. } = &self.left;
        let before = left_channels(it, *fours);
        let arguments = "n: u32, y: u32, x: u32, c: u32";
        let mut out = String::new();
        if !ahead.is_empty() {
            out += &ahead.declaration(writer, arguments, &before);
            out.push('\n');
        }
        ahead.know(writer);
        let indices = left_indices(writer, it, *fours);
        let names: Vec<_> = indices.iter().map(|at| writer.value(it.operands[0], at)).collect();
        if *stores {
            store_on_the_way(writer, &indices);
        }
        let ragged = !it.inner.is_multiple_of(*filled);
        let values: Vec<_> = (0..*fours).map(|four| left_four(it, &names, four, ragged)).collect();
        let body = writer.take();
        let fields: String = (0..*fours).map(|four| format!("    v{four}: vec4<f32>,\n")).collect();
        let asked = if ahead.is_empty() {
            String::new()
        } else {
            format!(", ahead: {}", ahead.type_name())
        };
        let own = if *stores { ", own: bool" } else { "" };
        out += &format!(
            "struct Left {{\n{fields}}}\n\nfn left({arguments}{own}{asked}) -> Left {{\n{before}{body}    return Left({});\n}}\n",
            values.join(", ")
        );
        out + &put(&self.strip, "left", "tile_a", self.strip.left().len)
    }

    /// The functions that fetch and make a unit of the weights.
    pub fn right_functions(&self, writer: &mut Writer, it: &Contraction) -> String {
        let ahead = &self.right.ahead;
        let shape = writer.program.graph.node(it.operands[1]).ty.shape;
        let indices = right_indices(it, &self.strip);
        let before = right_channels(it, &self.strip);
        let arguments = "i: u32, j: u32, k: u32, col: u32";
        let mut out = String::new();
        if !ahead.is_empty() {
            out += &ahead.declaration(writer, arguments, &before);
            out.push('\n');
        }
        ahead.know(writer);
        let names: Vec<_> =
            indices.iter().map(|at| writer.value(it.operands[1], &at.within(shape))).collect();
        let body = writer.take();
        let four = self.strip.by_matrices() || self.strip.width == 4;
        let ty = if four { "vec4<f32>" } else { "f32" };
        let value = match (&names[..], four) {
            ([one], _) => one.clone(),
            (parts, _) => {
                let along = if self.strip.turned() { "k" } else { "col" };
                let end = if self.strip.turned() { "INNER" } else { "COLS" };
                let part = |(at, name): (usize, &String)| {
                    format!("select(0.0, {name}, {along} + {at}u < {end})")
                };
                format!(
                    "vec4<f32>({})",
                    parts.iter().enumerate().map(part).collect::<Vec<_>>().join(", ")
                )
            }
        };
        let asked = if ahead.is_empty() {
            String::new()
        } else {
            format!(", ahead: {}", ahead.type_name())
        };
        out += &format!(
            "fn right({arguments}{asked}) -> {ty} {{\n{before}{body}    return select({ty}(0.0), {value}, k < INNER && col < COLS);\n}}\n"
        );
        out + &put(&self.strip, "right", "tile_b", self.strip.right().len)
    }

    /// Statements that find where each unit of a thread comes from, and where it goes.
    pub fn places(&self) -> String {
        (0..self.left_turns()).map(|turn| self.left_place(turn)).collect()
    }

    fn left_turns(&self) -> usize {
        self.left.units.div_ceil(self.threads)
    }

    fn right_turns(&self) -> usize {
        self.right.units.div_ceil(self.threads)
    }

    fn left_place(&self, turn: usize) -> String {
        let StripBlocking { images, columns, rows, .. } = self.strip.blocking;
        let Left { fours, filled, units, sights: [down, across], stores, .. } = &self.left;
        let each = filled / (4 * fours);
        let width = across.staged(columns);
        let [_, planes, plane] = self.strip.staged;
        let first = turn * self.threads;
        let stride = self.strip.left().stride;
        let seen = |sight: &Sight, first: &str, staged: &str| {
            let sign = if sight.origin < 0 { '-' } else { '+' };
            let text = format!("({first} * {}u + {staged}) * {}u", sight.stride, sight.step);
            format!("{text} {sign} {}u", sight.origin.unsigned_abs())
        };
        let y = seen(down, "first_row", &format!("row_a{turn}"));
        let x = seen(across, "first_column", &format!("column_a{turn}"));
        let position = if planes == 1 {
            format!("column_a{turn}")
        } else {
            format!("column_a{turn} % {planes}u * {plane}u + column_a{turn} / {planes}u")
        };
        let row = planes * plane;
        let mut out = format!(
            "let unit_a{turn} = thread + {first}u;
let pixel_a{turn} = unit_a{turn} / {each}u;
let row_a{turn} = pixel_a{turn} / {}u;
let column_a{turn} = pixel_a{turn} / {images}u % {width}u;
let n_a{turn} = first_image + pixel_a{turn} % {images}u;
let y_a{turn} = {y};
let x_a{turn} = {x};
let some_a{turn} = unit_a{turn} < {units}u;
let in_a{turn} = some_a{turn} && n_a{turn} < IMAGES && y_a{turn} < SOURCE_ROWS && x_a{turn} < SOURCE_COLUMNS;
let from_a{turn} = select(vec3<u32>(0u), vec3<u32>(n_a{turn}, y_a{turn}, x_a{turn}), in_a{turn});
let channel_a{turn} = unit_a{turn} % {each}u * {}u;
let at_a{turn} = ((row_a{turn} * {row}u + {position}) * {images}u + pixel_a{turn} % {images}u) * {stride}u + channel_a{turn} / 4u;
",
            images * width,
            4 * fours,
        );
        if *stores {
            out += &format!(
                "let own_a{turn} = in_a{turn} && first_col == 0u && y_a{turn} - first_row < {rows}u && x_a{turn} - first_column < {columns}u;\n"
            );
        }
        out
    }

    /// Asks for the left operand's channels from `k` on.
    fn fetch_left(&self, declare: bool, k: &str) -> String {
        if self.left.ahead.is_empty() {
            return String::new();
        }
        let word = if declare { "var " } else { "" };
        let one = |turn| {
            let from = ["x", "y", "z"].map(|axis| format!("from_a{turn}.{axis}")).join(", ");
            format!("{word}ahead_a{turn} = fetch_left({from}, {k} + channel_a{turn});\n")
        };
        (0..self.left_turns()).map(one).collect()
    }

    /// Makes the left operand's channels from `k` on.
    fn put_left(&self) -> String {
        let Left { ahead, fours, stores, .. } = &self.left;
        let one = |turn: usize| {
            let from = ["x", "y", "z"].map(|axis| format!("from_a{turn}.{axis}")).join(", ");
            let own = if *stores { format!(", own_a{turn}") } else { String::new() };
            let asked = if ahead.is_empty() { String::new() } else { format!(", ahead_a{turn}") };
            let put = |four| {
                format!(
                    "    put_left(at_a{turn} + {four}u, select(vec4<f32>(0.0), made.v{four}, in_a{turn}));\n"
                )
            };
            format!(
                "if (some_a{turn}) {{\n    let made = left({from}, k + channel_a{turn}{own}{asked});\n{}}}\n",
                (0..*fours).map(put).collect::<String>()
            )
        };
        (0..self.left_turns()).map(one).collect()
    }

    /// Where the weights of a unit come from and go, as statements: `i`, `j`, `depth`, `column` and `at`.
    fn right_place(&self, turn: usize, row: Option<usize>, across: usize) -> String {
        let StripBlocking { channels, chunk, .. } = self.strip.blocking;
        let (filled, stride) = (self.left.filled, self.strip.right().stride);
        let first = turn * self.threads;
        let last = self.right.units - 1;
        let place = |name: &str| match row {
            Some(row) => format!("let i = {row}u;\nlet j = {name};\n"),
            None => format!("let i = {name} / {across}u;\nlet j = {name} % {across}u;\n"),
        };
        let unit = format!("let unit = min(thread + {first}u, {last}u);\n");
        let width = self.strip.width;
        if self.strip.turned() {
            let each = filled / 4;
            return format!(
                "{unit}let place = unit / {}u;\n{}let depth = unit % {each}u * 4u;
let column = unit / {each}u % {channels}u;
let at = (place * {channels}u + column) * {stride}u + depth / 4u;
",
                each * channels,
                place("place")
            );
        }
        let each = channels / if self.strip.by_matrices() { 4 } else { width };
        let (of, column) = if self.is_turned_by_threads() {
            // Neighbouring threads read neighbouring channels.
            (format!("unit % {filled}u"), format!("unit / {filled}u % {each}u"))
        } else {
            (format!("unit / {each}u % {filled}u"), format!("unit % {each}u"))
        };
        format!(
            "{unit}let place = unit / {}u;\n{}let depth = {of};
let column = {column} * {}u;
let at = (place * {chunk}u + depth) * {stride}u + column / {}u;
",
            each * filled,
            place("place"),
            channels / each,
            channels / each
        )
    }

    /// Whether threads multiply weights that lie along the other channels.
    fn is_turned_by_threads(&self) -> bool {
        !self.strip.by_matrices() && self.strip.adjoint
    }

    fn fetch_right(&self, it: &Contraction, row: Option<usize>, declare: bool, k: &str) -> String {
        if self.right.ahead.is_empty() {
            return String::new();
        }
        let ty = self.right.ahead.type_name();
        let one = |turn: usize| {
            let place = self.right_place(turn, row, it.geometry.kernel[1]);
            let declared =
                if declare { format!("var ahead_b{turn}: {ty};\n") } else { String::new() };
            format!(
                "{declared}{{\n{place}ahead_b{turn} = fetch_right(i, j, {k} + depth, first_col + column);\n}}\n"
            )
        };
        (0..self.right_turns()).map(one).collect()
    }

    fn put_right(&self, it: &Contraction, row: Option<usize>) -> String {
        let asked = |turn| {
            if self.right.ahead.is_empty() { String::new() } else { format!(", ahead_b{turn}") }
        };
        let one = |turn: usize| {
            let place = self.right_place(turn, row, it.geometry.kernel[1]);
            let [first, all] = [turn * self.threads, self.right.units];
            let some = if first + self.threads > all {
                format!("if (thread + {first}u < {all}u) ")
            } else {
                String::new()
            };
            let asked = asked(turn);
            let value = format!("right(i, j, k + depth, first_col + column{asked})");
            format!("{some}{{\n{place}put_right(at, {value});\n}}\n")
        };
        (0..self.right_turns()).map(one).collect()
    }

    /// All chunks; `results` asks for what the epilogue reads.
    pub fn body(&self, it: &Contraction, results: &str) -> String {
        let StripBlocking { chunk, whole, ahead, .. } = self.strip.blocking;
        let rows: Vec<Option<usize>> =
            if whole { vec![None] } else { (0..it.geometry.kernel[0]).map(Some).collect() };
        let several = it.inner > chunk;
        let mut out = self.zeros(chunk);
        let early = ahead && several;
        if early {
            out += &self.fetch_left(true, "0u");
            out += &self.fetch_right(it, rows[0], true, "0u");
        }
        if several {
            out += "for (var k = 0u; k < INNER; k += CHUNK) {\n";
        } else {
            out += "let k = 0u;\n";
        }
        if !early {
            out += &self.fetch_left(true, "k");
            out += &self.fetch_right(it, rows[0], true, "k");
        }
        out += &self.put_left();
        for (at, &row) in rows.iter().enumerate() {
            if at > 0 {
                out += "workgroupBarrier();\n";
                out += &self.fetch_right(it, row, false, "k");
            }
            out += &self.put_right(it, row);
            out += "workgroupBarrier();\n";
            let last = at + 1 == rows.len();
            if last && early {
                let next = "min(k + CHUNK, (INNER - 1u) / CHUNK * CHUNK)";
                out += &format!("let next = {next};\n");
                out += &self.fetch_left(false, "next");
                out += &self.fetch_right(it, rows[0], false, "next");
            }
            if last && !several {
                out += results;
            }
            out += &products(it, &self.strip, row);
        }
        if several {
            out += "workgroupBarrier();\n}\n";
            out += results;
        }
        out
    }

    /// Zeros where a chunk has no channels.
    fn zeros(&self, chunk: usize) -> String {
        if self.left.filled == chunk {
            return String::new();
        }
        let threads = self.threads;
        let all = |tile: &str, len: usize, zero: &str| {
            format!(
                "for (var e = thread; e < {len}u; e += {threads}u) {{\n    {tile}[e] = {zero};\n}}\n"
            )
        };
        let parts = self.strip.parts;
        let [a, b] =
            if self.strip.by_matrices() { ["vec4<f16>()"; 2] } else { ["vec4<f32>()", "V()"] };
        all("tile_a", self.strip.left().len * parts, a)
            + &all("tile_b", self.strip.right().len * parts, b)
            + "workgroupBarrier();\n"
    }
}

/// Constants of what a strip sees.
pub(super) fn constants(writer: &Writer, it: &Contraction, strip: &Strip) -> String {
    let Shape([n, h, w, _]) = writer.program.graph.node(it.operands[0]).ty.shape;
    let (inner, chunk) = (it.inner, strip.blocking.chunk);
    format!(
        "const INNER = {inner}u;
const CHUNK = {chunk}u;
const IMAGES = {n}u;
const SOURCE_ROWS = {h}u;
const SOURCE_COLUMNS = {w}u;
"
    )
}

/// The indices of a unit of the left operand: a four each, or a channel each where fours do not divide.
fn left_indices(writer: &Writer, it: &Contraction, fours: usize) -> Vec<At> {
    let shape = writer.program.graph.node(it.operands[0]).ty.shape;
    let (count, width) = if it.a_width == 4 { (fours, 4) } else { (4, 1) };
    let index = |at: usize| At::new(["n", "y", "x", &format!("c{at}")], width).within(shape);
    (0..count).map(index).collect()
}

/// The names that these indices use: channels that there are.
fn left_channels(it: &Contraction, fours: usize) -> String {
    if it.a_width == 4 {
        let last = it.inner - 4;
        return (0..fours)
            .map(|four| format!("    let c{four} = min(c + {}u, {last}u);\n", 4 * four))
            .collect();
    }
    let last = it.inner - 1;
    (0..4).map(|at| format!("    let c{at} = min(c + {at}u, {last}u);\n")).collect()
}

/// A four of the left operand, zero where there are no channels.
fn left_four(it: &Contraction, names: &[String], four: usize, ragged: bool) -> String {
    if it.a_width != 4 {
        let part = |(at, name): (usize, &String)| format!("select(0.0, {name}, c + {at}u < INNER)");
        let parts: Vec<_> = names.iter().enumerate().map(part).collect();
        return format!("vec4<f32>({})", parts.join(", "));
    }
    if ragged {
        format!("select(vec4<f32>(0.0), {}, c + {}u < INNER)", names[four], 4 * four)
    } else {
        names[four].clone()
    }
}

/// Stores what no earlier kernel has stored of what the left operand is made of: the workgroup of the
/// first channels does, where a pixel of its own strip is staged.
fn store_on_the_way(writer: &mut Writer, indices: &[At]) {
    let kernel = writer.kernel;
    let stores = kernel.stores.iter().filter(|s| s.at == Moment::Prologue).map(|s| s.value);
    for value in stores.collect::<Vec<_>>() {
        let Some(place) = writer.place(value) else { continue };
        let shape = writer.program.graph.node(value).ty.shape;
        for (number, at) in indices.iter().enumerate() {
            let known = writer.value(value, at);
            writer.open(format!("if (own && c + {}u < INNER)", number * at.width));
            writer.store(place, shape, at, &known);
            writer.close();
        }
    }
}

/// The indices of a unit of the weights.
fn right_indices(it: &Contraction, strip: &Strip) -> Vec<At> {
    let one = |at: usize, width| match it.kind {
        ContractionKind::PictureGradient if strip.turned() => {
            At::new(["i", "j", "col0", &format!("k{at}")], width)
        }
        ContractionKind::PictureGradient => At::new(["i", "j", &format!("col{at}"), "k0"], 1),
        ContractionKind::Forward | ContractionKind::WeightGradient => {
            At::new(["i", "j", "k0", &format!("col{at}")], width)
        }
    };
    let along = if strip.turned() { it.inner } else { it.channels };
    let adjoint = it.kind == ContractionKind::PictureGradient;
    let (count, width) = match (strip.by_matrices(), adjoint) {
        (true, _) if along.is_multiple_of(4) => (1, 4),
        (true, _) => (4, 1),
        (false, true) => (strip.width, 1),
        (false, false) => (1, strip.width),
    };
    (0..count).map(|at| one(at, width)).collect()
}

/// The names that these indices use: rows and channels that there are.
fn right_channels(it: &Contraction, strip: &Strip) -> String {
    let several = right_indices(it, strip);
    let (count, width) = (several.len(), several[0].width);
    let names = |name: &str, extent: usize, count: usize, width: usize| -> String {
        let one =
            |at: usize| format!("    let {name}{at} = min({name} + {at}u, {}u);\n", extent - width);
        (0..count).map(one).collect()
    };
    if strip.turned() {
        names("col", it.channels, 1, 1) + &names("k", it.inner, count, width)
    } else {
        names("k", it.inner, 1, 1) + &names("col", it.channels, count, width)
    }
}

/// The function that writes a four, or a number, of an operand.
fn put(strip: &Strip, name: &str, tile: &str, len: usize) -> String {
    if !strip.by_matrices() {
        let ty = if name == "left" { "vec4<f32>" } else { "V" };
        return format!("\nfn put_{name}(at: u32, v: {ty}) {{\n    {tile}[at] = v;\n}}\n");
    }
    let second = if strip.parts == 2 {
        format!("    {tile}[{len}u + at] = vec4<f16>(v - vec4<f32>(high));\n")
    } else {
        String::new()
    };
    let (argument, scaled) = match (name, strip.parts) {
        ("right", 2) => ("plain", format!("    let v = plain * {RIGHT_SCALE}.0;\n")),
        _ => ("v", String::new()),
    };
    format!(
        "\nfn put_{name}(at: u32, {argument}: vec4<f32>) {{\n{scaled}    let high = narrow4(v);\n    {tile}[at] = high;\n{second}}}\n"
    )
}
